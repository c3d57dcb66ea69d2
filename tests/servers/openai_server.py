"""A stand-in for a server that speaks like OpenAI's: chat completions with scripted answers."""

from __future__ import annotations

import time
from typing import Any

from tests.servers.groq_server import GroqAnswer, Reply, completion
from tests.servers.loopback import LoopbackServer, Received, ServerFault, Wire

CHAT = "/v1/chat/completions"


class OpenAIServer(LoopbackServer):
    """Speaks like OpenAI's API at `url`/v1, and takes any key and model; `reply` is as that of `GroqServer`."""

    def __init__(self, reply: Reply | str = "1. Name three rivers.") -> None:
        super().__init__()
        self.reply: Reply = (lambda _json, _n: reply) if isinstance(reply, str) else reply

    @property
    def chats(self) -> list[dict[str, Any]]:
        """The bodies of all chat requests."""
        return [request.json for request in self.sent_to(CHAT)]

    def answer(self, wire: Wire, request: Received, n: int) -> None:
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
