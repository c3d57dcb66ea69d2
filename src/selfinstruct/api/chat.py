"""How any LangChain chat model's messages and exceptions are read, where a backend knows no better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from selfinstruct.api.client_errors import code_of, error_summary, error_words, retry_after, status_of
from selfinstruct.api.faults import read_exception
from selfinstruct.types import Completion, Finish, Usage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = [
    "code_of",
    "error_summary",
    "error_words",
    "message_text",
    "read_exception",
    "read_message",
    "retry_after",
    "status_of",
]

FINISHES: Mapping[str, Finish] = {
    "stop": "stop",
    "end_turn": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "filtered",
    "content_filtered": "filtered",
    "guardrail_intervened": "filtered",
    "prohibited_content": "filtered",
    "recitation": "filtered",
    "refusal": "filtered",
    "safety": "filtered",
}
"""What providers call the end of a reply (as documented by OpenAI, Anthropic, AWS, Google, Groq and Ollama)."""

FINISH_KEYS = ("finish_reason", "done_reason", "stop_reason", "stopReason")
THOUGHTS = ("thinking", "reasoning", "reasoning_content")
"""Types of content blocks that hold what a model thought before it answered."""

# --- messages ---------------------------------------------------------------------------------------------------------


def message_text(content: Any) -> str:
    """The text of a message whose content is a string or a list of blocks; thoughts and pictures are left out.

    Half a surrogate pair, which models write when they are cut inside an emoji and no file can hold, becomes U+FFFD.
    """
    text = content if isinstance(content, str) else "".join(_block_text(block) for block in content or [])
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _block_text(block: Any) -> str:
    if isinstance(block, str):
        return block
    if not isinstance(block, Mapping) or block.get("type") in THOUGHTS:
        return ""
    text = block.get("text")
    return text if isinstance(text, str) else ""


def read_message(message: BaseMessage) -> Completion:
    """Read text, finish reason, model and usage from a LangChain message of any provider."""
    facts: Mapping[str, Any] = getattr(message, "response_metadata", None) or {}
    used: Mapping[str, Any] = getattr(message, "usage_metadata", None) or {}
    said = next((facts[key] for key in FINISH_KEYS if facts.get(key)), "")
    return Completion(
        text=message_text(message.content),
        finish=FINISHES.get(str(said).lower(), "unknown"),
        usage=Usage(used.get("input_tokens"), used.get("output_tokens")),
        model=str(facts.get("model_name") or facts.get("model") or ""),
    )
