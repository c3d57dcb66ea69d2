"""A stand-in for the Groq API: chat completions and the list of models, with scripted answers and faults."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.servers.loopback import LoopbackServer, Received, ServerFault, Wire

CHAT, MODELS = "/openai/v1/chat/completions", "/openai/v1/models"
MOST_STOPS = 4


@dataclass(frozen=True)
class GroqAnswer:
    """A good answer. `usage` is (prompt tokens, completion tokens); `delay` is in seconds."""

    text: str | None
    finish: str = "stop"
    usage: tuple[int, int] = (20, 10)
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


def error(
    status: int, message: str, code: str = "", headers: Mapping[str, str] | None = None, kind: str = "invalid_request"
) -> ServerFault:
    """An error in the form that Groq gives it."""
    body = {"error": {"message": message, "type": kind, "code": code or None}}
    return ServerFault(status, body, headers or {})


def rate_limited(
    wait: str = "7.66s", scope: str = "tokens per minute (TPM)", retry_after: str | None = "8"
) -> ServerFault:
    """A 429 as Groq words it."""
    message = (
        f"Rate limit reached for model `m` in organization `org_01abc` service tier `on_demand` on {scope}: "
        f"Limit 6000, Used 5800, Requested 900. Please try again in {wait}. Visit https://console.groq.com"
    )
    headers = {"retry-after": retry_after} if retry_after else {}
    return error(429, message, "rate_limit_exceeded", headers, "tokens")


Reply = Callable[[dict[str, Any], int], "str | GroqAnswer | ServerFault | dict[str, Any]"]


class GroqServer(LoopbackServer):
    """Speaks like Groq at `url`.

    `reply(request_json, n)` gives the text, a `GroqAnswer`, a whole response body, or a `ServerFault` for the n-th chat
    request (from 0). Before it is asked, the server refuses what Groq refuses: a wrong key, an unknown model, n != 1,
    five stops. `list_fault` is what the list of models answers in place of itself.
    """

    def __init__(
        self,
        reply: Reply | str = "1. Name three rivers.",
        models: Sequence[str] = ("llama-3.1-8b-instant",),
        key: str | None = "gsk_test_key",
        list_fault: ServerFault | None = None,
    ) -> None:
        super().__init__()
        self.reply: Reply = (lambda _json, _n: reply) if isinstance(reply, str) else reply
        self.models, self.key, self.list_fault = tuple(models), key, list_fault

    @property
    def chats(self) -> list[dict[str, Any]]:
        """The bodies of all chat requests."""
        return [request.json for request in self.sent_to(CHAT)]

    def answer(self, wire: Wire, request: Received, n: int) -> None:
        refused = self._refuse(request)
        if refused:
            return wire.fault(refused)
        if request.path == MODELS:
            rows = [{"id": name, "object": "model", "active": True, "context_window": 131072} for name in self.models]
            return wire.json({"object": "list", "data": rows})
        return self._send(wire, request.json, self.reply(request.json, n))

    def _refuse(self, request: Received) -> ServerFault | None:
        if request.path not in (CHAT, MODELS):
            return error(404, f"Unknown request URL: {request.method} {request.path}", "unknown_url")
        if self.key is not None and request.headers.get("authorization") != f"Bearer {self.key}":
            return error(401, "Invalid API Key", "invalid_api_key")
        if request.path == MODELS:
            return self.list_fault
        asked = request.json
        if asked["model"] not in self.models:
            return error(404, f"The model `{asked['model']}` does not exist or you lack access.", "model_not_found")
        if asked.get("n") not in (None, 1):
            return error(400, "'n' : number must be at most 1")
        if len(asked.get("stop") or []) > MOST_STOPS:
            return error(400, "'stop' : maximum number of items is 4")
        return None

    def _send(self, wire: Wire, asked: dict[str, Any], said: str | GroqAnswer | ServerFault | dict[str, Any]) -> None:
        if isinstance(said, ServerFault):
            return wire.fault(said)
        if isinstance(said, dict):
            return wire.json(said)
        answer = GroqAnswer(said) if isinstance(said, str) else said
        time.sleep(answer.delay)
        return wire.json(completion(answer, asked["model"]), headers=answer.headers)


def completion(answer: GroqAnswer, model: str) -> dict[str, Any]:
    """The body of a good answer."""
    prompt, spent = answer.usage
    usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": spent, "total_tokens": prompt + spent}
    if answer.cached_tokens:
        usage["prompt_tokens_details"] = {"cached_tokens": answer.cached_tokens}
    if answer.reasoning_tokens:
        usage["completion_tokens_details"] = {"reasoning_tokens": answer.reasoning_tokens}
    message = {"role": "assistant", "content": answer.text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": answer.finish, "logprobs": None}],
        "usage": usage,
        "system_fingerprint": "fp_test",
        "x_groq": {"id": "req_1"},
    }
