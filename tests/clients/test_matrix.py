"""The clients that people use, over real sockets: replies, faults, waits, requests spent and keys, case by case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from selfinstruct.api import Busy, Completion, Rejected, Sampling, Unusable
from selfinstruct.types import Fault
from tests.clients.catalog import CLIENTS, KEY, Client
from tests.servers.client_server import ClientServer, Said, failure
from tests.servers.loopback import ServerFault

pytest.importorskip("langchain_anthropic")
SAMPLING = Sampling(0.3, 0.9, 123, 0.1, 0.2, ("###",))
TEMPERATURE = "Unsupported parameter: 'temperature' is not supported with this model."
FAULTS: dict[str, tuple[ServerFault, type, float | None]] = {
    "429, wait in a header": (failure(429, "Slow down", headers={"retry-after": "7"}), Busy, 7.0),
    "429, wait in words": (failure(429, "Please try again in 7s"), Busy, 7.0),
    "bad key": (failure(401, f"bad key {KEY}"), Unusable, None),
    "payment": (failure(402, "pay"), Unusable, None),
    "no model": (failure(404, "model not found"), Unusable, None),
    "refused option": (failure(400, TEMPERATURE), Unusable, None),
    "too long": (failure(400, "maximum context length is 8"), Rejected, None),
    "500": (failure(500, "oops"), Busy, None),
    "503": (failure(503, "full"), Busy, None),
    "529": (failure(529, "full"), Busy, None),
    "half a body": (ServerFault(200, '{"id": "c', hang_up="half"), Busy, None),
    "reset": (ServerFault(hang_up="reset"), Busy, None),
}


@pytest.fixture(scope="module")
def server() -> Iterator[ClientServer]:
    with ClientServer() as server:
        yield server


@pytest.fixture(params=CLIENTS, ids=lambda client: client.name)
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return request.param  # type: ignore[no-any-return]


async def ask(backend: Any, sampling: Sampling = SAMPLING) -> Completion | Fault:
    model = backend.chat_model(sampling)
    try:
        message = await model.ainvoke([("user", "Write tasks.")])
    except Exception as error:
        fault: Fault = backend.read_error(error)
        return fault
    read: Completion = backend.read_reply(message)
    return read


@pytest.mark.parametrize("end", ["stop", "length"])
async def test_a_reply(server: ClientServer, client: Client, end: str) -> None:
    case = f"{client.name}-{end}".replace(" ", "").replace(",", "")
    backend = client.backend(server.open(case, lambda *_: Said(end=end)))
    reply = await ask(backend)
    assert isinstance(reply, Completion), reply
    assert (reply.text, reply.finish, reply.usage.prompt_tokens) == (Said().text, end, 20)
    for kind, count in (("cached", 5), ("reasoning", 3)):
        assert reply.details.get(f"{kind}_tokens") == (None if kind in client.lost else count)
    assert len(server.asked(case)) == 1
    note = str(backend.describe().get("note", ""))
    assert [
        name
        for name in ("temperature", "top_p", "max_tokens", *("frequency_penalty", "presence_penalty"), "stop")
        if name in note
    ] == list(client.unsent)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault(server: ClientServer, client: Client, fault: str) -> None:
    said, kind, wait = FAULTS[fault]
    case = f"{client.name}-{fault}".replace(" ", "").replace(",", "")
    backend = client.backend(server.open(case, lambda *_: said))
    found = await ask(backend)
    assert isinstance(found, kind), found
    assert KEY not in str(found)
    assert len(server.asked(case)) == 1, "the client's own retries are off"
    if isinstance(found, Busy) and client.name != "nvidia":
        assert found.retry_after == wait
    if fault == "refused option":
        assert isinstance(found, Unusable)
        assert found.setting == "temperature"


async def test_nothing_is_sent_that_is_unset(server: ClientServer, client: Client) -> None:
    case = f"{client.name}-unset".replace(" ", "").replace(",", "")
    await ask(client.backend(server.open(case, lambda *_: Said())), Sampling())
    sent = str(server.asked(case)[0].json)
    assert "temperature" not in sent
    assert "enalty" not in sent


@pytest.mark.parametrize("name", ["deepseek", "together", "anthropic", "openrouter", "nvidia", "google-genai"])
def test_a_missing_key_is_told_before_any_request_and_no_other_key_is_sent(
    server: ClientServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in (
        "DEEPSEEK_API_KEY",
        "TOGETHER_API_KEY",
        "ANTHROPIC_API_KEY",
        "OPENROUTER_API_KEY",
        "NVIDIA_API_KEY",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-provider")
    client = next(one for one in CLIENTS if one.name == name)
    case = f"{name}-keyless"
    checks = client.backend(server.open(case, lambda *_: Said()), api_key=None).check().checks
    assert [check.ok for check in checks] == [False]
    assert "_API_KEY" in checks[0].fix
    assert server.asked(case) == []
