"""One stand-in server that speaks the protocols of many providers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.servers.loopback import LoopbackServer, Received, ServerFault, Wire


@dataclass(frozen=True)
class Said:
    """A good answer: its text, its end (`stop`, `length` or `filtered`), its tokens of every kind, and its delay."""

    text: str = "1. Name three rivers."
    end: str = "stop"
    prompt: int = 20
    completion: int = 10
    cached: int = 5
    reasoning: int = 3
    delay: float = 0.0


class ClientServer(LoopbackServer):
    """Answers every chat request with `says`, in the protocol that the request's path belongs to.

    Every answer ends its connection, so that a client that cannot be closed leaves no open socket behind.
    """

    def __init__(self) -> None:
        super().__init__()
        self.says: Said | ServerFault = Said()

    @property
    def chats(self) -> list[Received]:
        """The chat requests, in order."""
        return [one for one in self.requests if one.method == "POST"]

    def answer(self, wire: Wire, request: Received, n: int) -> None:
        said, close = self.says, {"Connection": "close"}
        if request.method == "GET":
            wire.json({"object": "list", "data": [{"id": "m", "object": "model"}]}, headers=close)
        elif isinstance(said, ServerFault):
            wire.fault(replace(said, headers={**close, **said.headers}))
        else:
            time.sleep(said.delay)
            wire.json(_body(request.path, said), headers=close)


def _body(path: str, said: Said) -> Mapping[str, Any]:
    for part, build in PROTOCOLS.items():
        if part in path:
            return build(said)
    raise AssertionError(f"no protocol for {path}")


def chat_completions(said: Said) -> dict[str, Any]:
    """As OpenAI's Chat API, and those who speak like it."""
    usage = {
        "prompt_tokens": said.prompt,
        "completion_tokens": said.completion,
        "total_tokens": said.prompt + said.completion,
        "prompt_tokens_details": {"cached_tokens": said.cached},
        "completion_tokens_details": {"reasoning_tokens": said.reasoning},
    }
    finish = {"filtered": "content_filter"}.get(said.end, said.end)
    message = {"role": "assistant", "content": said.text}
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    head = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "system_fingerprint": None}
    return {**head, "choices": [choice], "usage": usage}


def responses(said: Said) -> dict[str, Any]:
    """As OpenAI's Responses API."""
    reason = {"length": "max_output_tokens", "filtered": "content_filter"}.get(said.end)
    content = [{"type": "output_text", "text": said.text, "annotations": []}]
    status = "incomplete" if reason else "completed"
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
        "output": [{"type": "message", "id": "m1", "role": "assistant", "status": status, "content": content}],
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
    stop = {"stop": "end_turn", "length": "max_tokens", "filtered": "refusal"}[said.end]
    usage = {
        "input_tokens": said.prompt - said.cached,
        "output_tokens": said.completion,
        "cache_read_input_tokens": said.cached,
        "cache_creation_input_tokens": 0,
    }
    content = [{"type": "text", "text": said.text}]
    return {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": usage,
    }


def google(said: Said) -> dict[str, Any]:
    """As Google's Gemini API, which counts thoughts beside the answer's tokens."""
    finish = {"stop": "STOP", "length": "MAX_TOKENS", "filtered": "SPII"}[said.end]
    candidate = {"content": {"role": "model", "parts": [{"text": said.text}]}, "finishReason": finish, "index": 0}
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
    finish = {"stop": "COMPLETE", "length": "MAX_TOKENS", "filtered": "ERROR"}[said.end]
    tokens = {"input_tokens": said.prompt, "output_tokens": said.completion}
    message = {"role": "assistant", "content": [{"type": "text", "text": said.text}]}
    usage = {"billed_units": tokens, "tokens": tokens}
    return {"id": "c1", "finish_reason": finish, "message": message, "usage": usage}


def bedrock(said: Said) -> dict[str, Any]:
    """As the Converse API of AWS Bedrock."""
    stop = {"stop": "end_turn", "length": "max_tokens", "filtered": "guardrail_intervened"}[said.end]
    usage = {
        "inputTokens": said.prompt - said.cached,
        "outputTokens": said.completion,
        "totalTokens": said.prompt + said.completion,
        "cacheReadInputTokens": said.cached,
    }
    message = {"message": {"role": "assistant", "content": [{"text": said.text}]}}
    return {"output": message, "stopReason": stop, "usage": usage, "metrics": {"latencyMs": 1}}


PROTOCOLS: Mapping[str, Callable[[Said], Mapping[str, Any]]] = {
    "chat/completions": chat_completions,
    "/responses": responses,
    "/messages": anthropic,
    ":generateContent": google,
    "/v2/chat": cohere,
    "/converse": bedrock,
}


def failure(
    status: int, message: str, *, code: str = "", headers: Mapping[str, str] | None = None, wait: str = ""
) -> ServerFault:
    """An error in a form that every client hands on; `wait` is the time that its body names."""
    inner: dict[str, Any] = {"message": message, "code": code or status, "type": "error", "status": "ERROR"}
    if wait:
        inner["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": wait}]
    return ServerFault(status, json.dumps({"message": message, "error": inner}), headers or {})
