"""The clients that people use, over real sockets: replies, faults, waits, requests spent and keys, case by case."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from selfinstruct.api import Busy, Completion, Json, Sampling, Unusable
from selfinstruct_langchain.providers import PENALTIES, PROVIDERS
from tests.clients.cases import CASES, SAMPLING, ask, ask_all, ends_of, outcome, places_of
from tests.clients.catalog import CLIENTS, CLIENTS_WARN, KEY, Client, every_client
from tests.clients.refusals import REFUSALS
from tests.servers.client_server import ClientServer, Said
from tests.servers.loopback import ServerFault

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {"tasks": {"type": "string"}},
    "required": ["tasks"],
    "additionalProperties": False,
}
pytestmark = CLIENTS_WARN


@every_client
async def test_a_client_is_understood(server: ClientServer, client: Client) -> None:
    backend = client.backend(server.url)
    model = backend.chat_model(SAMPLING)
    found = await ask_all(backend, model, server)
    expected = {name: expected for name, (_, expected) in CASES.items()} | dict(client.differs)
    assert {name: outcome(read, CASES[name][0]) for name, (read, _) in found.items()} == expected
    assert {name: sent for name, (_, sent) in found.items()} == dict.fromkeys(CASES, 1), "no client asks by itself"
    assert KEY not in str(found)
    assert {key for request in server.chats for key in request.headers.values() if "another" in key} == set()
    reply = found["a whole reply"][0]
    assert isinstance(reply, Completion)
    assert reply.usage.prompt_tokens == 20
    kinds = {"cached": 5, "reasoning": 3}
    assert {kind: getattr(reply.usage, f"{kind}_tokens") for kind in kinds} == {
        kind: None if kind in client.lost else count for kind, count in kinds.items()
    }
    wished = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(SAMPLING).items()}
    places = {name: places_of(value, server.chats[0].json) for name, value in wished.items()}
    assert places == {name: [client.settings[name]] if name in client.settings else [] for name in wished}
    note = str(backend.describe().get("note", ""))
    assert [name for name in wished if name in note] == [name for name in wished if name in client.unsent]
    assert client.protocol.known() <= set(client.protocol.ends)
    assert await ends_of(client, backend, model, server) == client.all_ends


@every_client
async def test_nothing_is_sent_that_nobody_set(server: ClientServer, client: Client) -> None:
    backend = client.backend(server.url, timeout=1)
    model = backend.chat_model(Sampling())
    assert backend.accepts_schema() == client.takes_schema
    schema = backend.schema_arguments(SCHEMA) if client.takes_schema else {}
    await ask(backend, model, **schema)
    body = server.chats[0].json
    assert {name: value for name, place in client.settings.items() if (value := at(place, body)) is not None} == dict(
        client.defaults
    )
    if client.takes_schema:
        sent = at(client.protocol.schema, body)
        assert (json.loads(sent) if isinstance(sent, str) else sent) == SCHEMA
    server.says = Said(delay=1.3)
    assert isinstance(await ask(backend, model), Busy), "a slow server ends the call, and it may be asked again"


@every_client
async def test_refusals_are_understood_in_the_providers_own_words(server: ClientServer, client: Client) -> None:
    backend = client.backend(server.url)
    model = backend.chat_model(SAMPLING)
    refusals = [refusal for refusal in REFUSALS if refusal.client == client.name]
    assert len({refusal.about for refusal in refusals}) >= 4
    for refusal in refusals:
        server.says = refusal.answer
        assert outcome(await ask(backend, model), refusal.answer) == refusal.means, refusal
    assert len(server.chats) == len(refusals), "no client asks by itself"


async def test_a_refused_api_version_of_azure_is_answered_with_where_it_stands(server: ClientServer) -> None:
    azure = next(client for client in CLIENTS if client.name == "azure")
    backend = azure.backend(server.url)
    server.says = next(refusal.answer for refusal in REFUSALS if refusal.about == "api_version")
    found = await ask(backend, backend.chat_model(SAMPLING))
    assert isinstance(found, Unusable)
    assert "api_version and the deployment's name in kwargs" in found.hint


FIXED = ("temperature", "top_p")


@pytest.mark.parametrize(
    ("name", "model", "unsent"),
    [
        ("openai", "openai:o3", (*FIXED, *PENALTIES, "stop")),
        ("openai", "openai:gpt-5.5", (*FIXED, *PENALTIES, "stop")),
        ("azure", "azure_openai:o3", (*FIXED, *PENALTIES, "stop")),
        ("anthropic", "anthropic:claude-opus-4-8", (*FIXED, *PENALTIES)),
        ("bedrock", "bedrock_converse:us.anthropic.claude-opus-4-8", (*FIXED, *PENALTIES)),
        ("openrouter", "openrouter:openai/o3", FIXED),
        ("xai", "xai:grok-4.3", (*PENALTIES, "stop")),
    ],
)
async def test_a_model_is_asked_without_what_its_profile_refuses(
    server: ClientServer, name: str, model: str, unsent: tuple[str, ...]
) -> None:
    client = replace(next(client for client in CLIENTS if client.name == name), model=model)
    backend = client.backend(server.url)
    await ask(backend, backend.chat_model(SAMPLING))
    body = server.chats[0].json
    places = {**client.protocol.settings, **client.places}
    assert {setting for setting in places if at(places[setting], body) is None} == {*unsent} & places.keys()
    assert all(setting in str(backend.describe()["note"]) for setting in unsent)


@pytest.mark.parametrize(
    ("sampling", "sent"),
    [(Sampling(0.3, 0.9), {"temperature": 0.3}), (Sampling(top_p=0.9), {"top_p": 0.9})],
)
async def test_claude_is_asked_with_one_of_temperature_and_top_p(
    server: ClientServer, sampling: Sampling, sent: dict[str, float]
) -> None:
    """Its newer models refuse a request that has both."""
    backend = next(client for client in CLIENTS if client.name == "anthropic").backend(server.url)
    await ask(backend, backend.chat_model(sampling))
    assert {name: value for name in ("temperature", "top_p") if (value := server.chats[0].json.get(name))} == sent


def at(place: str, body: object) -> object:
    """What stands at a place of a body, if anything."""
    for name in place.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


@every_client
def test_a_missing_or_broken_key_is_found_before_any_request_and_no_other_key_is_sent(
    server: ClientServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = PROVIDERS[client.model.partition(":")[0]].keys or ("AWS_ACCESS_KEY_ID",)
    if "OPENAI_API_KEY" in keys:
        monkeypatch.delenv("OPENAI_API_KEY")
    kwargs = {name: value for name, value in client.options(server.url)["kwargs"].items() if "aws" not in name}
    checks = client.backend(server.url, api_key=None, kwargs=kwargs).check().checks
    assert [check.ok for check in checks] == [False]
    assert any(name in checks[0].fix for name in keys)
    broken = client.backend(server.url, api_key="sk-01234\n56789").check().checks
    assert [check.ok for check in broken] == [False]
    assert "characters that a key cannot have" in broken[0].detail
    assert broken[0].fix == "Replace the key in the backend's api_key."
    assert server.requests == []


@every_client
async def test_a_redirect_to_another_host_does_not_take_the_key_along(server: ClientServer, client: Client) -> None:
    with ClientServer() as stranger:
        where = stranger.url.replace("127.0.0.1", "localhost")
        server.says = ServerFault(307, "", {"Location": f"{where}/elsewhere"})
        backend = client.backend(server.url)
        await ask(backend, backend.chat_model(SAMPLING))
        assert server.chats
        assert KEY not in str([(request.path, dict(request.headers)) for request in stranger.requests])


async def test_a_prompt_that_gemini_blocks_is_withheld(server: ClientServer) -> None:
    client = next(client for client in CLIENTS if client.name == "google-genai")
    backend = client.backend(server.url)
    server.says = ServerFault(200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": "m"})
    found = await ask(backend, backend.chat_model(Sampling()))
    assert isinstance(found, Completion)
    assert (found.finish, found.text) == ("filtered", "")
