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
SETTINGS = ("temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty", "stop")
TEMPERATURE = "Unsupported parameter: 'temperature' is not supported with this model."
WAIT = {"retry-after": "7"}
CASES: Mapping[str, tuple[Said | ServerFault, str]] = {
    "a whole reply": (Said(), "stop"),
    "a slow reply": (Said(delay=0.3), "stop"),
    "a cut reply": (Said(end="length"), "length"),
    "a withheld reply": (Said(end="filtered"), "filtered"),
    "an empty reply": (Said(text=""), "stop"),
    "429, the wait in a header": (failure(429, "Slow down", headers=WAIT), "after 7 s"),
    "429, the wait in another header": (failure(429, "Slow down", headers={"retry-after-ms": "7000"}), "after 7 s"),
    "429, the wait in the body": (failure(429, "Slow down", wait="7s"), "after 7 s"),
    "429, the wait in words": (failure(429, "Please try again in 7s"), "after 7 s"),
    "429, a daily quota": (failure(429, "Limit of requests per day reached", headers=WAIT), "after 3600 s"),
    "429, no credit": (failure(429, "You exceeded your quota", code="insufficient_quota"), "the run ends"),
    "402, payment": (failure(402, "Payment is due"), "the run ends"),
    "401, a bad key": (failure(401, f"Wrong key {KEY}"), "the run ends"),
    "403, no right": (failure(403, "Not for this project"), "the run ends"),
    "404, no such model": (failure(404, "model not found"), "the run ends"),
    "400, an option": (failure(400, TEMPERATURE), "the run ends: temperature"),
    "400, too long": (failure(400, "maximum context length is 8192 tokens"), "this request fails"),
    "400, a filter": (failure(400, "Rejected by our content policy"), "this request fails"),
    "500": (failure(500, "Oops"), "again"),
    "503": (failure(503, "Full", headers=WAIT), "after 7 s"),
    "529": (failure(529, "Overloaded", headers=WAIT), "after 7 s"),
    "a page of HTML": (HTML, "again"),
    "half a body": (ServerFault(200, '{"id": "c', hang_up="half"), "again"),
    "a broken connection": (ServerFault(hang_up="reset"), "again"),
}
"""By name: what the server says, and the outcome that it has with every client whose catalogue says nothing else."""


def outcome(found: Completion | Fault) -> str:
    """A reply's finish, or what a run does about a fault."""
    if isinstance(found, Completion):
        return found.finish
    if isinstance(found, Busy):
        return "again" if found.retry_after is None else f"after {found.retry_after:g} s"
    if isinstance(found, Rejected):
        return "this request fails"
    setting = getattr(found, "setting", "")
    return f"the run ends: {setting}" if setting else "the run ends"


async def ask(backend: Backend, model: Any) -> Completion | Fault:
    """One request, read as the engine reads it."""
    try:
        async with asyncio.timeout(backend.timeout):
            return backend.read_reply(await model.ainvoke([("user", "Write tasks.")]))
    except Exception as error:
        return backend.read_error(error)


async def ask_all(client: Client, server: ClientServer) -> dict[str, tuple[Completion | Fault, int]]:
    """Take one model of a client through all cases: for each, what came of it, and how many requests were sent."""
    backend = client.backend(server.url)
    model = backend.chat_model(SAMPLING)
    found = {}
    for name, (server.says, _) in CASES.items():
        before = len(server.chats)
        read = await ask(backend, model)
        found[name] = read, len(server.chats) - before
    return found
