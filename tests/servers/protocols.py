"""One good answer in the protocols of many providers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Said:
    """A good answer.

    end       `stop`, `length`, `filtered` or `tool`, in the words of each protocol; any other word is sent as it is
    more      a second block of text, in protocols whose answers have blocks; the others join both
    thoughts  what the model thought before
    tool      whether the model calls a tool in place of answering
    """

    text: str = "1. Name three rivers."
    end: str = "stop"
    more: str = ""
    thoughts: str = ""
    tool: bool = False
    prompt: int = 20
    completion: int = 10
    cached: int = 5
    reasoning: int = 3
    delay: float = 0.0

    def word(self, words: Mapping[str, str]) -> str:
        """The end in a protocol's words."""
        return words.get(self.end, self.end)

    def blocks(self) -> list[str]:
        """The blocks of text; none of a tool call."""
        return [] if self.tool else [self.text, self.more] if self.more else [self.text]


TOOL = "look_up"
CALL = {"id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": "{}"}}


def chat_completions(said: Said) -> dict[str, Any]:
    """As OpenAI's Chat API, and those who speak like it."""
    usage = {
        "prompt_tokens": said.prompt,
        "completion_tokens": said.completion,
        "total_tokens": said.prompt + said.completion,
        "prompt_tokens_details": {"cached_tokens": said.cached},
        "completion_tokens_details": {"reasoning_tokens": said.reasoning},
    }
    message: dict[str, Any] = {"role": "assistant", "content": "".join(said.blocks())}
    if said.thoughts:
        message |= {"reasoning_content": said.thoughts, "reasoning": said.thoughts}
    if said.tool:
        message["tool_calls"] = [CALL]
    finish = said.word({"filtered": "content_filter", "tool": "tool_calls"})
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    head = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "system_fingerprint": None}
    return {**head, "choices": [choice], "usage": usage}


def responses(said: Said) -> dict[str, Any]:
    """As OpenAI's Responses API, which says a status, and for one that is `incomplete` a reason."""
    end = said.word({"stop": "completed", "tool": "completed", "length": "max_output_tokens"})
    end = {"filtered": "content_filter"}.get(end, end)
    reason = end if end in ("max_output_tokens", "content_filter") else None
    status = "incomplete" if reason else end
    text = [{"type": "output_text", "text": block, "annotations": []} for block in said.blocks()]
    output: list[dict[str, Any]] = []
    if said.thoughts:
        output.append({"type": "reasoning", "id": "rs1", "summary": [{"type": "summary_text", "text": said.thoughts}]})
    if said.tool:
        call = {"type": "function_call", "id": "fc1", "call_id": "call_1", "name": TOOL, "arguments": "{}"}
        output.append({**call, "status": status})
    else:
        output.append({"type": "message", "id": "m1", "role": "assistant", "status": status, "content": text})
    return {
        "id": "r1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": None,
        "metadata": {},
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": {
            "input_tokens": said.prompt,
            "output_tokens": said.completion,
            "total_tokens": said.prompt + said.completion,
            "input_tokens_details": {"cached_tokens": said.cached, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": said.reasoning},
        },
    }


def anthropic(said: Said) -> dict[str, Any]:
    """As Anthropic's Messages API; it does not tell reasoning tokens."""
    usage = {
        "input_tokens": said.prompt - said.cached,
        "output_tokens": said.completion,
        "cache_read_input_tokens": said.cached,
        "cache_creation_input_tokens": 0,
    }
    content: list[dict[str, Any]] = [{"type": "text", "text": block} for block in said.blocks()]
    if said.thoughts:
        content.insert(0, {"type": "thinking", "thinking": said.thoughts, "signature": "s"})
    if said.tool:
        content.append({"type": "tool_use", "id": "call_1", "name": TOOL, "input": {}})
    return {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": content,
        "stop_reason": said.word(
            {"stop": "end_turn", "length": "max_tokens", "filtered": "refusal", "tool": "tool_use"}
        ),
        "stop_sequence": None,
        "usage": usage,
    }


def google(said: Said) -> dict[str, Any]:
    """As Google's Gemini API, which counts thoughts beside the answer's tokens."""
    parts: list[dict[str, Any]] = [{"text": block} for block in said.blocks()]
    if said.thoughts:
        parts.insert(0, {"text": said.thoughts, "thought": True})
    if said.tool:
        parts.append({"functionCall": {"name": TOOL, "args": {}}})
    finish = said.word({"stop": "STOP", "length": "MAX_TOKENS", "filtered": "SPII", "tool": "STOP"})
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": finish, "index": 0}
    usage = {
        "promptTokenCount": said.prompt,
        "candidatesTokenCount": said.completion - said.reasoning,
        "thoughtsTokenCount": said.reasoning,
        "cachedContentTokenCount": said.cached,
        "totalTokenCount": said.prompt + said.completion,
    }
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m"}


def cohere(said: Said) -> dict[str, Any]:
    """As Cohere's second chat API."""
    tokens = {"input_tokens": said.prompt, "output_tokens": said.completion}
    content: list[dict[str, Any]] = [{"type": "text", "text": block} for block in said.blocks()]
    if said.thoughts:
        content.insert(0, {"type": "thinking", "thinking": said.thoughts})
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if said.tool:
        message["tool_calls"] = [CALL]
    finish = said.word({"stop": "COMPLETE", "length": "MAX_TOKENS", "filtered": "ERROR", "tool": "TOOL_CALL"})
    usage = {"billed_units": tokens, "tokens": tokens}
    return {"id": "c1", "finish_reason": finish, "message": message, "usage": usage}


def bedrock(said: Said) -> dict[str, Any]:
    """As the Converse API of AWS Bedrock."""
    words = {"stop": "end_turn", "length": "max_tokens", "filtered": "guardrail_intervened", "tool": "tool_use"}
    usage = {
        "inputTokens": said.prompt - said.cached,
        "outputTokens": said.completion,
        "totalTokens": said.prompt + said.completion,
        "cacheReadInputTokens": said.cached,
    }
    content: list[dict[str, Any]] = [{"text": block} for block in said.blocks()]
    if said.thoughts:
        thoughts = {"text": said.thoughts, "signature": "s"}
        content.insert(0, {"reasoningContent": {"reasoningText": thoughts}})
    if said.tool:
        content.append({"toolUse": {"toolUseId": "call_1", "name": TOOL, "input": {}}})
    message = {"message": {"role": "assistant", "content": content}}
    return {"output": message, "stopReason": said.word(words), "usage": usage, "metrics": {"latencyMs": 1}}


PROTOCOLS: Mapping[str, Callable[[Said], Mapping[str, Any]]] = {
    "chat/completions": chat_completions,
    "/responses": responses,
    "/messages": anthropic,
    ":generateContent": google,
    "/v2/chat": cohere,
    "/converse": bedrock,
}
"""By a part of the path that the requests of a protocol have."""


def body_of(path: str, said: Said) -> Mapping[str, Any]:
    """The body of an answer, in the protocol that the path belongs to."""
    return next(build for part, build in PROTOCOLS.items() if part in path)(said)
