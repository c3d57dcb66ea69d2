"""The clients that people use, over real sockets: replies, faults, waits, requests spent and keys, case by case."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest

from selfinstruct.api import Busy, Completion, Sampling
from selfinstruct_langchain.providers import PROVIDERS
from tests.clients.cases import CASES, SAMPLING, SETTINGS, ask, ask_all, outcome
from tests.clients.catalog import CLIENTS, KEY, Client
from tests.servers.client_server import ClientServer, Said

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("_nothing_left_open")]
"""The clients warn of what they do among themselves, and LangChain has no common way to close their connections."""

every_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)


@pytest.fixture(scope="module")
def _nothing_left_open() -> Iterator[None]:
    """Collect what the clients left open here, so that no other test is blamed for it."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClientServer]:
    """The server, and an environment in which no key but OpenAI's is set."""
    for name in {name for provider in PROVIDERS.values() for name in provider.keys}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-provider")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with ClientServer() as server:
        yield server


@every_client
async def test_a_client_is_understood(server: ClientServer, client: Client) -> None:
    found = await ask_all(client, server)
    expected = {name: expected for name, (_, expected) in CASES.items()} | dict(client.differs)
    assert {name: outcome(read) for name, (read, _) in found.items()} == expected
    assert {name: sent for name, (_, sent) in found.items()} == dict.fromkeys(CASES, 1), "no client asks by itself"
    assert KEY not in str(found)
    assert {key for request in server.chats for key in request.headers.values() if "another" in key} == set()
    reply = found["a whole reply"][0]
    assert isinstance(reply, Completion)
    assert (reply.text, reply.usage.prompt_tokens) == (Said().text, 20)
    kinds = {"cached": 5, "reasoning": 3}
    assert {kind: reply.details.get(f"{kind}_tokens") for kind in kinds} == {
        kind: None if kind in client.lost else count for kind, count in kinds.items()
    }


@every_client
async def test_only_settings_that_are_set_and_taken_are_sent(server: ClientServer, client: Client) -> None:
    backend = client.backend(server.url)
    await ask(backend, backend.chat_model(SAMPLING))
    note = str(backend.describe().get("note", ""))
    assert [name for name in SETTINGS if name in note] == [name for name in SETTINGS if name in client.unsent]
    impatient = client.backend(server.url, timeout=1)
    model = impatient.chat_model(Sampling())
    await ask(impatient, model)
    given, unset = (str(request.json).lower().replace("_", "") for request in server.chats)
    for name in ("temperature", "penalty", "maxtokens"):
        assert name not in unset or name in client.defaults
    assert ("temperature" in given) == ("temperature" not in client.unsent)
    assert ("penalty" in given) == ("presence_penalty" not in client.unsent)
    assert ("###" in given) == ("stop" not in client.unsent)
    server.says = Said(delay=1.3)
    assert isinstance(await ask(impatient, model), Busy), "a slow server ends the call, and it may be asked again"


@every_client
def test_a_missing_key_is_found_before_any_request_and_no_other_key_is_sent(
    server: ClientServer, client: Client
) -> None:
    if client.model.startswith(("openai:", "azure_openai:", "bedrock")):
        return  # OpenAI's key is theirs, and AWS has no key of this kind
    checks = client.backend(server.url, api_key=None).check().checks
    assert [check.ok for check in checks] == [False]
    assert any(name in checks[0].fix for name in PROVIDERS[client.model.partition(":")[0]].keys)
    assert server.requests == []
