"""One stand-in server that speaks the protocols of many providers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from tests.servers.loopback import LoopbackServer, Received, ServerFault, Wire
from tests.servers.protocols import Said, body_of

__all__ = ["ClientServer", "Said", "failure"]

Answer: TypeAlias = Said | ServerFault


class ClientServer(LoopbackServer):
    """Answers every chat request with `says`, in the protocol that the request's path belongs to.

    `says` may be a function of the request. Every answer ends its connection, so that a client that cannot be closed
    leaves no open socket behind.
    """

    def __init__(self) -> None:
        super().__init__()
        self.says: Answer | Callable[[Received], Answer] = Said()

    @property
    def chats(self) -> list[Received]:
        """The chat requests, in order."""
        return [one for one in self.requests if one.method == "POST"]

    def answer(self, wire: Wire, request: Received, n: int) -> None:
        close = {"Connection": "close"}
        if request.method == "GET":
            wire.json({"object": "list", "data": [{"id": "m", "object": "model"}]}, headers=close)
            return
        said = self.says(request) if callable(self.says) else self.says
        if isinstance(said, ServerFault):
            wire.fault(replace(said, headers={**close, **said.headers}))
        else:
            time.sleep(said.delay)
            wire.json(body_of(request.path, said), headers=close)


def failure(
    status: int, message: str, *, code: str = "", headers: Mapping[str, str] | None = None, wait: str = ""
) -> ServerFault:
    """An error in a form that every client hands on; `wait` is the time that its body names."""
    inner: dict[str, Any] = {"message": message, "code": code or status, "type": "error", "status": "ERROR"}
    if wait:
        inner["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": wait}]
    return ServerFault(status, json.dumps({"message": message, "error": inner}), headers or {})
