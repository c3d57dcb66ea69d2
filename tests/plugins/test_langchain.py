"""The LangChain backend: providers by name, with the two clients that are installed, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from selfinstruct.api import Backend, Busy, ModelError, Sampling, Unusable, Usage
from selfinstruct_langchain import LangChainOptions, build, selfinstruct_backends
from selfinstruct_langchain.providers import ALIASES
from tests.servers.groq_server import GroqAnswer, GroqServer, error
from tests.servers.loopback import ServerFault
from tests.servers.ollama_server import OllamaServer
from tests.servers.openai_server import OpenAIServer

KEY = "gsk_test_key"
LLAMA = "groq:llama-3.1-8b-instant"
SAMPLING = Sampling(0.3, 0.9, 123, 0.1, 0.2, ("\n\n",))


async def ask(model: Any) -> Any:
    """Ask the model, and then close its client, as the provider's class has no common way to do."""
    try:
        return await model.ainvoke("Write tasks.")
    finally:
        client = getattr(model, "_async_client", None) or model.async_client._client
        await client.close()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GROQ_API_KEY", "GROQ_API_BASE", "GROQ_BASE_URL", "OLLAMA_HOST", "OLLAMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def backend_for(server: GroqServer | OllamaServer, model: str = LLAMA, **options: Any) -> Backend:
    given = {"base_url": server.url} | ({"api_key": KEY} if isinstance(server, GroqServer) else {})
    return build(LangChainOptions(model=model, **given | options))


async def test_groq_by_name() -> None:
    with GroqServer(lambda _json, _n: GroqAnswer("1. Sing.", "length", (31, 7))) as server:
        backend = backend_for(server, kwargs={"model_kwargs": {"seed": 7}})
        reply = backend.read_reply(await ask(backend.chat_model(SAMPLING)))
    assert (reply.text, reply.finish, reply.usage) == ("1. Sing.", "length", Usage(31, 7))
    expected = {
        "temperature": 0.3,
        "top_p": 0.9,
        "max_tokens": 123,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "stop": ["\n\n"],
        "seed": 7,
    }
    assert {name: server.chats[0].get(name) for name in expected} == expected
    assert backend.describe() == {"provider": "groq", "model": "llama-3.1-8b-instant"}


async def test_ollama_by_name() -> None:
    with OllamaServer() as server:
        backend = backend_for(server, "ollama:llama3.1:latest", kwargs={"num_ctx": 2048})
        reply = backend.read_reply(await ask(backend.chat_model(SAMPLING)))
    assert reply.text == "1. Name three rivers."
    sent = server.chats[0]
    assert sent["model"] == "llama3.1:latest"
    options = {"num_ctx": 2048, "num_predict": 123, "temperature": 0.3, "top_p": 0.9, "stop": ["\n\n"]}
    assert sent["options"] == options
    assert "frequency_penalty, presence_penalty" in str(backend.describe()["note"])


@pytest.mark.parametrize("status", [429, 500])
async def test_the_client_does_not_try_again_by_itself(status: int) -> None:
    with GroqServer(lambda _json, _n: error(status, "no", headers={"retry-after": "1"})) as server:
        backend = backend_for(server)
        with pytest.raises(Exception) as caught:  # noqa: PT011
            await ask(backend.chat_model(Sampling()))
    fault = backend.read_error(caught.value)
    assert isinstance(fault, Busy)
    assert fault.retry_after == 1.0
    assert len(server.chats) == 1


async def test_a_refused_key() -> None:
    with GroqServer(key="another") as server:
        backend = backend_for(server)
        with pytest.raises(Exception) as caught:  # noqa: PT011
            await ask(backend.chat_model(Sampling()))
    assert isinstance(backend.read_error(caught.value), Unusable)


def test_the_users_arguments_go_first() -> None:
    with GroqServer() as server:
        model: Any = backend_for(server, kwargs={"max_retries": 1, "temperature": 0.9}).chat_model(SAMPLING)
    assert (model.max_retries, model.temperature, model.max_tokens) == (1, 0.9, 123)


def test_a_provider_that_is_not_installed() -> None:
    backend = build(LangChainOptions(model="perplexity:sonar"))
    with pytest.raises(ModelError, match="provider 'perplexity' is not installed") as caught:
        backend.chat_model(Sampling())
    assert caught.value.hint == "pip install langchain-perplexity"
    assert [check.fix for check in backend.check().checks] == ["pip install langchain-perplexity"]


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        ("opnai:gpt-4o-mini", "Did you mean openai:MODEL?"),
        ("google:gemini-2.5-flash", "Did you mean google_genai:MODEL?"),
        ("Mistral:small", "Did you mean mistralai:MODEL?"),
        ("aws:claude", "Did you mean bedrock_converse:MODEL?"),
        ("claude:opus", "Did you mean anthropic:MODEL?"),
        ("gpt:4o-mini", "Did you mean openai:MODEL?"),
        ("local:llama3", "Did you mean ollama:MODEL?"),
        ("llama3.1:8b", "Did you mean ollama:MODEL?"),
    ],
)
def test_an_unknown_provider_is_answered_with_the_one_that_was_meant(model: str, hint: str) -> None:
    provider = model.partition(":")[0].lower()
    with pytest.raises(ModelError) as caught:
        build(LangChainOptions(model=model)).chat_model(Sampling())
    assert caught.value.message == f"LangChain knows no provider '{provider}'"
    assert caught.value.hint == hint


def test_a_provider_like_no_other_is_answered_with_all_there_are() -> None:
    with pytest.raises(ModelError) as caught:
        build(LangChainOptions(model="zzz:model")).chat_model(Sampling())
    assert caught.value.hint.startswith("It knows: anthropic, ")
    assert {"openai", "mistralai"} <= set(caught.value.hint.rstrip(".").split(", "))


def test_every_name_that_users_call_a_provider_leads_to_one_that_langchain_knows() -> None:
    with pytest.raises(ModelError) as caught:
        build(LangChainOptions(model="zzz:model")).chat_model(Sampling())
    assert set(ALIASES.values()) <= set(caught.value.hint.removeprefix("It knows: ").rstrip(".").split(", "))


def test_a_check_that_asks_no_server_says_how_to_ask_one() -> None:
    with GroqServer() as server:
        (check,) = backend_for(server).check().checks
    assert (check.ok, server.requests) == (True, [])
    assert "selfinstruct preview" in check.fix


@pytest.mark.parametrize("address", ["127.0.0.1:8080/v1", "localhost:8080/v1", "//host/v1"])
def test_an_address_without_a_scheme_is_refused_in_the_config(address: str) -> None:
    with pytest.raises(ValidationError, match="write http:// or https:// in front of the address"):
        LangChainOptions(model="openai:m", base_url=address)


def test_no_key() -> None:
    with pytest.raises(ModelError, match="GROQ_API_KEY"):
        build(LangChainOptions(model=LLAMA)).chat_model(Sampling())


def test_a_wrong_argument() -> None:
    with pytest.raises(ModelError, match="could not make the model") as caught:
        build(LangChainOptions(model=LLAMA, api_key=KEY, kwargs={"n": "many"})).chat_model(Sampling())
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("model", ["", "gpt-4o-mini", "openai:", ":x", "openai: "])
def test_a_model_needs_its_provider(model: str) -> None:
    with pytest.raises(ValidationError, match="write provider:model"):
        LangChainOptions(model=model)


def test_a_name_without_a_provider_is_suggested_with_the_one_of_servers_that_speak_its_protocol() -> None:
    with pytest.raises(ValidationError, match="such as openai:llama-8b"):
        LangChainOptions(model="llama-8b", base_url="http://127.0.0.1:8080/v1")


def test_keys_from_the_environment_are_known_as_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk_from_env")
    backend = build(LangChainOptions(model=LLAMA))
    assert backend.check().ok
    assert backend.secrets() == ("gsk_from_env",)
    assert "***" in str(backend.read_error(ValueError("key gsk_from_env")))


def test_the_component() -> None:
    (component,) = selfinstruct_backends()
    assert (component.name, component.extra) == ("langchain", "langchain")
    assert all(field.description for field in component.options.model_fields.values())


def own_server(server: OpenAIServer, path: str = "/v1", **options: Any) -> Backend:
    return build(LangChainOptions(model="openai:base", base_url=f"{server.url}{path}", api_key="none", **options))


@pytest.mark.parametrize("completion", [False, True])
@pytest.mark.parametrize(
    ("models", "path", "is_ok", "said"),
    [
        ({"base": "vllm"}, "/v1", True, "the server lists base"),
        ({"base:latest": "library"}, "/v1", True, "the server lists base"),
        ({"other": "vllm"}, "/v1", False, "Set model to openai: and one of other"),
        ({"other": "me", "basis": "me"}, "/v1", False, "Set model to openai: and one of basis, other"),
        ({"model.gguf": "llamacpp"}, "/v1", True, "may take any name"),
        ({"base": "vllm"}, "", False, "Let base_url end in /v1."),
        ({"base": "vllm"}, "/v1/chat/completions", False, "Let base_url end in /v1."),
        ({}, "/v1", True, "selfinstruct preview"),
    ],
)
def test_the_list_of_a_servers_models_shows_a_wrong_name_and_a_wrong_path_before_anything_is_paid(
    models: dict[str, str], path: str, is_ok: bool, said: str, completion: bool
) -> None:
    with OpenAIServer(models=models) as server:
        (found,) = own_server(server, path, completion=completion).check().checks
        assert {request.method for request in server.requests} == {"GET"}
    assert (found.ok, said in f"{found.detail}. {found.fix}") == (is_ok, True)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            ServerFault(200, "<html><title>Chat</title></html>", {"Content-Type": "text/html"}),
            "is not a list of models",
        ),
        (ServerFault(401, '{"error": {"message": "no such key"}}'), "refused the key"),
        (ServerFault(403, '{"error": {"message": "Missing scopes: api.model.read"}}'), ""),
        (ServerFault(503, '{"error": {"message": "Loading model"}}'), ""),
    ],
)
def test_a_page_or_a_refused_key_in_place_of_the_list_is_a_failure_and_a_list_that_is_not_shown_is_none(
    fault: ServerFault, said: str
) -> None:
    with OpenAIServer() as server:
        server.answer = lambda wire, *_: wire.fault(fault)  # type: ignore[method-assign]
        (found,) = own_server(server).check().checks
    assert (found.ok, said in found.detail) == (not said, True)


def test_a_server_that_is_not_there_is_a_failure_that_names_its_address() -> None:
    with OpenAIServer() as server:
        backend = own_server(server)
    (found,) = backend.check().checks
    assert not found.ok
    assert f"no answer from {server.url}/v1/models" in found.detail
