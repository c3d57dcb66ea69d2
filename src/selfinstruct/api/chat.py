"""Reads messages and exceptions of any LangChain chat model, as the default for backends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from selfinstruct.api.client_errors import code_of, error_summary, error_words, status_of
from selfinstruct.api.faults import read_exception
from selfinstruct.api.requested_wait import retry_after
from selfinstruct.types import Completion, Finish, Json, Usage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = [
    "code_of",
    "continues_text",
    "error_summary",
    "error_words",
    "message_text",
    "read_exception",
    "read_message",
    "refuses_schema",
    "response_format",
    "retry_after",
    "schema_arguments",
    "status_of",
    "takes_schema",
]

_FINISH_WORDS: Mapping[Finish, str] = {
    "stop": "stop end_turn eos eos_token stop_sequence complete completed done",
    "length": "length max_tokens max_output_tokens max_length model_length model_context_window_exceeded error_limit"
    " insufficient_system_resource pause_turn incomplete max_time",
    "filtered": "content_filter content_filtered guardrail_intervened prohibited_content recitation refusal safety spii"
    " language blocklist image_safety image_prohibited_content image_recitation model_armor error_toxic toxicity",
    "unknown": "tool_calls tool_use tool_call function_call",
}
FINISHES: Mapping[str, Finish] = {word: finish for finish, words in _FINISH_WORDS.items() for word in words.split()}
"""What providers call the end of a reply, as documented by OpenAI, Anthropic, AWS, Cohere, DeepSeek, Google, Groq,
Hugging Face, Mistral and Ollama. Replies that a full context or an overloaded server cut end by `length`, too, and so
do those that end in a word that stands here under nothing: they did not end by themselves."""

FINISH_KEYS = ("finish_reason", "done_reason", "stop_reason", "stopReason")
THOUGHTS = ("thinking", "reasoning", "reasoning_content")
"""Types of content blocks that hold a model's reasoning."""

MOST_TOKENS = 10**9
"""A number of tokens from which it is no count, but a mistake of the server."""

# --- messages ---------------------------------------------------------------------------------------------------------


ADDRESSES = (
    *("base_url", "openai_api_base", "groq_api_base", "anthropic_api_url", "azure_endpoint", "endpoint_url"),
    *("endpoint", "mistral_api_url", "xai_api_base", "together_api_base", "fireworks_api_base", "api_base"),
)
"""What LangChain's classes call the address of the API."""


def message_text(content: Any) -> str:
    """The text of a message whose content is a string or a list of blocks, without reasoning and images.

    Half a surrogate pair, as in a reply cut inside an emoji, becomes U+FFFD, because it cannot be stored.
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


def _finish_of(facts: Mapping[str, Any], more: Mapping[str, Any]) -> str:
    """What a client calls the end of a reply, in lower case; the Responses API names a status and a reason."""
    feedback = facts.get("prompt_feedback")  # of Gemini, which answers a prompt that it blocks with nothing else
    if more.get("refusal") or (isinstance(feedback, Mapping) and feedback.get("block_reason")):
        return "refusal"
    said = next((facts[key] for key in FINISH_KEYS if facts.get(key)), "")
    if not said and facts.get("status"):
        reason = facts.get("incomplete_details")
        said = (
            (reason or {}).get("reason") or facts["status"] if isinstance(reason, Mapping | None) else facts["status"]
        )
    return str(getattr(said, "value", said)).rpartition(".")[2].lower()


def _count(said: object) -> int | None:
    """A number of tokens as a whole number, also where a server writes it as a text or a fraction; else `None`."""
    try:
        count = round(float(str(said)))
    except (ValueError, OverflowError):
        return None
    return count if 0 <= count < MOST_TOKENS else None


def read_message(message: BaseMessage) -> Completion:
    """Read text, finish reason, model and usage from a LangChain message of any provider."""
    facts: Mapping[str, Any] = getattr(message, "response_metadata", None) or {}
    used: Mapping[str, Any] = getattr(message, "usage_metadata", None) or {}
    said = _finish_of(facts, getattr(message, "additional_kwargs", None) or {})
    prompt = _count(used.get("input_tokens")) or None  # LangChain reads "not reported" as 0
    reply = _count(used.get("output_tokens"))
    cached = _count((used.get("input_token_details") or {}).get("cache_read"))
    reasoning = _count((used.get("output_token_details") or {}).get("reasoning"))
    tool_calls = len(getattr(message, "tool_calls", None) or ())
    return Completion(
        text=message_text(message.content),
        finish=FINISHES.get(said, "length" if said else "unknown"),
        usage=Usage(prompt, reply if prompt or reply else None, cached or None, reasoning or None),
        model=str(facts.get("model_name") or facts.get("model") or ""),
        details={"tool_calls": tool_calls} if tool_calls else {},
    )


# --- schemas ----------------------------------------------------------------------------------------------------------

SCHEMA_NAME = "reply"
"""OpenAI's API wants a name for every schema."""

OPENAI = "BaseChatOpenAI"
"""The base of LangChain's classes for OpenAI, Azure, xAI, Together, DeepSeek and servers that speak like OpenAI's."""

TAKE_RESPONSE_FORMAT = (OPENAI, "ChatFireworks", "ChatMistralAI", "ChatNVIDIA", "ChatOllama", "ChatOpenRouter")
"""LangChain's classes, and the base of others, that pass on the argument `response_format` of a call."""

SCHEMA_WORDS = (
    *("response_format", "response format", "response_schema", "json_schema", "json schema", "json mode", "grammar"),
    *("structured output", "structured_output", "guided_json", "guided decoding", "vocabulary required for format"),
    "handle the requested parameters",
)
"""One of these stands in every refusal of a schema that we have seen."""


def response_format(schema: Mapping[str, Json], strict: bool = True) -> dict[str, Any]:
    """The arguments of a call that pass a schema in the form of OpenAI's API."""
    form = {"name": SCHEMA_NAME, "schema": dict(schema), "strict": strict}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def untaken_settings(model: object) -> set[str]:
    """The settings of the sampling that a LangChain model's profile says it refuses. No model refuses one alone."""
    profile = getattr(model, "profile", None)
    is_fixed = isinstance(profile, Mapping) and profile.get("temperature") is False
    return {"temperature", "top_p"} if is_fixed else set()


def continues_text(model: object) -> bool:
    """Whether a LangChain model is a completion model, which is known by its class's name."""
    return "BaseLLM" in _class_names(model)


def takes_schema(model: object) -> bool:
    """Whether a LangChain model takes a schema: as its profile says, else whether its class sends `response_format`."""
    profile = getattr(model, "profile", None)
    says = profile.get("structured_output") if isinstance(profile, Mapping) else None
    if says is not None:
        return bool(says)
    return any(name in TAKE_RESPONSE_FORMAT for name in _class_names(model))


def schema_arguments(model: object, schema: Mapping[str, Json]) -> dict[str, Any]:
    """The arguments of a call to a LangChain model that pass a schema.

    OpenAI's client raises, and so loses the reply, where one with `response_format` was cut by its length. As a field
    of `extra_body` the schema reaches the server as well, and the cut reply is returned.
    """
    arguments = response_format(schema)
    uses_responses = getattr(model, "_use_responses_api", None)  # another API, whose client does not raise
    if OPENAI not in _class_names(model) or (callable(uses_responses) and uses_responses({})):
        return arguments
    return {"extra_body": {**(getattr(model, "extra_body", None) or {}), **arguments}}


def _class_names(model: object) -> list[str]:
    return [kind.__name__ for kind in type(model).__mro__]


def refuses_schema(words: str) -> bool:
    """Whether the words of a refused request are about its schema."""
    return any(word in words.lower() for word in SCHEMA_WORDS)
