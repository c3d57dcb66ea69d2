"""What a server may say, what a run then does, and how one client is taken through all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from selfinstruct.api import Backend, Busy, Completion, Rejected, Sampling
from selfinstruct.types import Fault
from tests.clients.catalog import KEY, Client
from tests.servers.client_server import ClientServer, Said, failure
from tests.servers.loopback import HTML, ServerFault

SAMPLING = Sampling(0.3, 0.9, 123, 0.1, 0.2, ("###",))
WAIT = {"retry-after": "7"}


def _error_in_200(code: int, message: str) -> ServerFault:
    """As gateways answer that have sent their headers before they know."""
    return ServerFault(200, {"error": {"message": message, "code": code}})


CASES: Mapping[str, tuple[Said | ServerFault, str]] = {
    "a whole reply": (Said(), "stop"),
    "a slow reply": (Said(delay=0.3), "stop"),
    "a cut reply": (Said(end="length"), "length"),
    "a withheld reply": (Said(end="filtered"), "filtered"),
    "an empty reply": (Said(text=""), "stop"),
    "a reply in blocks": (Said(text="1. Name three", more=" rivers."), "stop"),
    "a reply after thoughts": (Said(thoughts="Rivers are long."), "stop"),
    "a call of a tool": (Said(end="tool", tool=True), "a call of a tool"),
    "200, an error of the server": (_error_in_200(502, "Upstream is down"), "again"),
    "200, an error about a limit": (_error_in_200(429, "Slow down. Try again in 7s"), "after 7 s"),
    "200, an error about payment": (_error_in_200(402, "Insufficient credits"), "the run ends: payment"),
    "429, the wait in a header": (failure(429, "Slow down", headers=WAIT), "after 7 s"),
    "429, the wait in another header": (failure(429, "Slow down", headers={"retry-after-ms": "7000"}), "after 7 s"),
    "429, the wait in the body": (failure(429, "Slow down", wait="7s"), "after 7 s"),
    "429, the wait in words": (failure(429, "Please try again in 7s"), "after 7 s"),
    "401, the key in its words": (failure(401, f"Wrong key {KEY}"), "the run ends: key"),
    "500": (failure(500, "Oops"), "again"),
    "503": (failure(503, "Full", headers=WAIT), "after 7 s"),
    "529": (failure(529, "Overloaded", headers=WAIT), "after 7 s"),
    "a page of HTML": (HTML, "again"),
    "half a body": (ServerFault(200, '{"id": "c', hang_up="half"), "again"),
    "a broken connection": (ServerFault(hang_up="reset"), "again"),
}
"""By name: what the server says, and the outcome that it has with every client whose catalogue says nothing else."""


CAUSES = {
    "wants payment": "payment",
    "refused the key": "key",
    "does not know this model": "model",
    "refused access": "access",
    "too long": "too long",
    "provider's filter": "filter",
}
"""What a fault is about, by words of its message."""


def outcome(found: Completion | Fault, said: Said | ServerFault) -> str:
    """A reply's finish, and whether its text is what the server said; or what a run does about a fault."""
    if isinstance(found, Completion):
        if found.details.get("tool_calls"):
            return "a call of a tool"
        is_whole = isinstance(said, Said) and found.text == "".join(said.blocks())
        return found.finish if is_whole else f"{found.finish}, with other text"
    if isinstance(found, Busy):
        return "again" if found.retry_after is None else f"after {found.retry_after:g} s"
    ending = "this request fails" if isinstance(found, Rejected) else "the run ends"
    causes = (cause for words, cause in CAUSES.items() if words in getattr(found, "message", ""))
    cause = getattr(found, "setting", "") or next(causes, "")
    return f"{ending}: {cause}" if cause else ending


async def ask(backend: Backend, model: Any, **arguments: Any) -> Completion | Fault:
    """One request, read as the engine reads it."""
    try:
        async with asyncio.timeout(backend.timeout):
            return backend.read_reply(await model.ainvoke([("user", "Write tasks.")], **arguments))
    except Exception as error:
        return backend.read_error(error)


async def ask_all(backend: Backend, model: Any, server: ClientServer) -> dict[str, tuple[Completion | Fault, int]]:
    """Take one model of a client through all cases: for each, what came of it, and how many requests were sent."""
    found = {}
    for name, (said, _) in CASES.items():
        server.says = said
        before = len(server.chats)
        read = await ask(backend, model)
        found[name] = read, len(server.chats) - before
    return found


async def ends_of(client: Client, backend: Backend, model: Any, server: ClientServer) -> dict[str, str]:
    """How each word for the end of a reply is read."""
    found = {}
    for word in client.all_ends:
        server.says = said = Said(end=word)
        found[word] = outcome(await ask(backend, model), said)
    return found


def places_of(value: object, body: object, path: str = "") -> list[str]:
    """Where a value stands in the body of a request, each as the names on the way to it."""
    if type(body) is type(value) and body == value:
        return [path]
    inner = body.items() if isinstance(body, Mapping) else ()
    return [place for name, part in inner for place in places_of(value, part, f"{path}.{name}".lstrip("."))]
