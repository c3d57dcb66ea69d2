"""A stand-in for a server that speaks like OpenAI's: chat completions with scripted answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from tests.servers.groq_server import GroqAnswer, Reply, completion
from tests.servers.loopback import LoopbackServer, Received, ServerFault, Wire

CHAT, MODELS = "/v1/chat/completions", "/v1/models"


class OpenAIServer(LoopbackServer):
    """Speaks like OpenAI's API at `url`/v1, and takes any key and model; `reply` is as that of `GroqServer`.

    `models` are those that it lists, with the owner of each; it has no list if it is empty.
    """

    def __init__(self, reply: Reply | str = "1. Name three rivers.", models: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.models = models or {}
        self.reply: Reply = (lambda _json, _n: reply) if isinstance(reply, str) else reply

    @property
    def chats(self) -> list[dict[str, Any]]:
        """The bodies of all chat requests."""
        return [request.json for request in self.sent_to(CHAT)]

    def answer(self, wire: Wire, request: Received, n: int) -> None:
        if request.path == MODELS and self.models:
            rows = [{"id": name, "object": "model", "owned_by": owner} for name, owner in self.models.items()]
            return wire.json({"object": "list", "data": rows})
        if request.path != CHAT:
            return wire.json({"error": {"message": f"no {request.path} here"}}, 404)
        said = self.reply(request.json, n)
        if isinstance(said, ServerFault):
            return wire.fault(said)
        if isinstance(said, dict):
            return wire.json(said)
        answer = GroqAnswer(said) if isinstance(said, str) else said
        time.sleep(answer.delay)
        return wire.json(completion(answer, request.json["model"]), headers=answer.headers)
