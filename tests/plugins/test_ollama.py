"""The Ollama backend: the real ChatOllama over real sockets, against a stand-in for Ollama on this computer."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from selfinstruct.api import Backend, Busy, Completion, ConfigError, ModelError, Rejected, Sampling, Unusable, Usage
from selfinstruct_ollama import OllamaOptions, build, selfinstruct_backends
from selfinstruct_ollama.server import find_address
from tests.servers.loopback import HTML, ServerFault
from tests.servers.ollama_server import CHAT, SHOW, TAGS, VERSION, OllamaAnswer, OllamaServer, Stream, part

PLAIN = Sampling()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OLLAMA_HOST", "OLLAMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def backend_for(server: OllamaServer, **options: Any) -> Backend:
    return build(OllamaOptions(**{"base_url": server.url, "timeout": 5.0} | options))


@asynccontextmanager
async def opened(backend: Backend, sampling: Sampling = PLAIN) -> AsyncIterator[Any]:
    try:
        yield backend.chat_model(sampling)
    finally:
        await backend.close()


async def ask(backend: Backend, sampling: Sampling = PLAIN) -> Completion:
    async with opened(backend, sampling) as model:
        return backend.read_reply(await model.ainvoke([("system", "Be brief."), ("user", "Write tasks.")]))


async def fault_of(backend: Backend) -> Any:
    async with opened(backend) as model:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - every kind
            backend.read_reply(await model.ainvoke("Write tasks."))
        return backend.read_error(caught.value)


# --- the happy path


async def test_a_reply_has_finish_usage_and_model() -> None:
    with OllamaServer(lambda _json, _n: OllamaAnswer("1. Sing a  song.", "length", (31, 7))) as server:
        reply = await ask(backend_for(server))
    assert reply == Completion("1. Sing a  song.", "length", Usage(31, 7), "llama3.1")
    assert [m["role"] for m in server.chats[0]["messages"]] == ["system", "user"]
    assert [request.path for request in server.requests] == [VERSION, TAGS, SHOW, CHAT]


async def test_sampling_is_sent() -> None:
    sampling = Sampling(0.3, 0.9, 123, stop=("\n\n", "16.", "a", "b", "c"))
    with OllamaServer() as server:
        await ask(backend_for(server, keep_alive="30m", reasoning=False), sampling)
    sent = server.chats[0]
    assert sent["options"] == {
        "num_ctx": 4096,
        "num_predict": 123,
        "temperature": 0.3,
        "top_p": 0.9,
        "stop": ["\n\n", "16.", "a", "b", "c"],
    }
    assert (sent["model"], sent["keep_alive"], sent["think"]) == ("llama3.1", "30m", False)


@pytest.mark.parametrize(("given", "sent"), [("-1", -1), ("300", 300), (-1, -1), ("30m", "30m")])
async def test_a_text_of_digits_is_sent_as_a_number_of_seconds(given: str | int, sent: str | int) -> None:
    with OllamaServer() as server:
        await ask(backend_for(server, keep_alive=given))
    assert server.chats[0]["keep_alive"] == sent


async def test_unset_sampling_is_not_sent() -> None:
    with OllamaServer() as server:
        await ask(backend_for(server))
    assert server.chats[0]["options"] == {"num_ctx": 4096}
    assert not {"keep_alive", "think", "format"} & set(server.chats[0])


async def test_penalties_that_the_client_cannot_send_are_reported() -> None:
    with OllamaServer() as server:
        backend = backend_for(server)
        await ask(backend, Sampling(frequency_penalty=0.0, presence_penalty=2.0))
    assert "cannot send presence_penalty," in str(backend.describe()["note"])
    assert server.chats[0]["options"] == {"num_ctx": 4096}


@pytest.mark.parametrize(
    ("length", "needed", "sent"),
    [
        (2048, 1731, 2048),
        (131072, 1731, 4096),
        (131072, 4096, 4096),
        (131072, 4097, 8192),
        (131072, 40000, 65536),
        (8192, 40000, 8192),
        (None, 60, 77),
    ],
)
async def test_the_default_context_is_the_smallest_usual_size_that_holds_the_longest_request(
    length: int | None, needed: int, sent: int
) -> None:
    with OllamaServer(models={"llama3.1:latest": length}) as server:
        backend = backend_for(server)
        backend.make_room(needed)
        await ask(backend)
    assert server.chats[0]["options"]["num_ctx"] == sent
    assert backend.describe()["num_ctx"] == sent


async def test_the_context_can_be_set() -> None:
    with OllamaServer() as server:
        await ask(backend_for(server, num_ctx=16384))
    assert server.chats[0]["options"]["num_ctx"] == 16384


@pytest.mark.parametrize("reasoning", [True, "low"])
def test_a_model_that_cannot_think_is_not_asked_to(reasoning: bool | str) -> None:
    with OllamaServer() as server:
        backend = backend_for(server, reasoning=reasoning)
        with pytest.raises(ModelError, match=r"'llama3\.1' cannot think") as caught:
            backend.chat_model(PLAIN)
        assert "backend.reasoning" in caught.value.hint
        assert not backend.check().ok
        assert server.chats == []


async def test_a_server_that_does_not_say_whether_a_model_thinks_is_asked_once() -> None:
    refusal = ServerFault(400, {"error": '"llama3.1" does not support thinking'})
    with OllamaServer(lambda _json, _n: refusal) as server:
        server.capabilities = None
        fault = await fault_of(backend_for(server, reasoning=True))
        assert isinstance(fault, Unusable)
        assert "backend.reasoning" in fault.hint


@pytest.mark.parametrize(("tokens", "cut"), [(512, False), (513, True), (515, True), (516, False), (1000, False)])
async def test_a_silently_cut_prompt_is_reported(tokens: int, cut: bool) -> None:
    with OllamaServer(lambda _json, _n: OllamaAnswer("1. Sing.", usage=(tokens, 5))) as server:
        reply = await ask(backend_for(server, num_ctx=1024))
    assert reply.details == ({"prompt_cut": True, "num_ctx": 1024} if cut else {})


async def test_a_second_stage_after_parallel_requests_works() -> None:
    with OllamaServer(lambda json, _n: json["messages"][0]["content"]) as server:
        backend = backend_for(server, concurrency=4)
        for _ in range(2):
            async with opened(backend) as model:
                prompts = [str(n) for n in range(20)]
                assert [m.content for m in await model.abatch(prompts)] == prompts
        assert backend.limits().concurrency == 4
    assert len(server.chats) == 40


# --- server and model


async def test_a_missing_server_is_a_model_error() -> None:
    with OllamaServer() as server:
        backend = backend_for(server)
    with pytest.raises(ModelError, match="no Ollama server at http://127") as caught:
        backend.chat_model(PLAIN)
    assert "ollama serve" in caught.value.hint
    assert not backend.check().ok


async def test_another_server_at_the_address_is_an_error() -> None:
    class Portal(OllamaServer):
        def answer(self, wire: Any, request: Any, n: int) -> None:
            wire.fault(HTML)

    with Portal() as server, pytest.raises(ModelError, match="not an Ollama server"):
        backend_for(server).chat_model(PLAIN)


def test_a_server_that_refuses_the_key_is_an_error() -> None:
    class Guarded(OllamaServer):
        def answer(self, wire: Any, request: Any, n: int) -> None:
            wire.json({"error": "unauthorized"}, 401)

    with Guarded() as server:
        with pytest.raises(ModelError, match="refused a request without a key") as caught:
            backend_for(server).chat_model(PLAIN)
        assert "Set OLLAMA_API_KEY" in caught.value.hint
        with pytest.raises(ModelError, match="refused the key") as caught:
            backend_for(server, api_key="a-wrong-key").chat_model(PLAIN)
        assert "Check the key in OLLAMA_API_KEY" in caught.value.hint


@pytest.mark.parametrize("there", [{}, {"llama3.1:8b": 8192, "qwen3:4b": 4096}])
def test_a_missing_model_is_a_model_error(there: dict[str, int]) -> None:
    with OllamaServer(models=there) as server:
        backend = backend_for(server)
        with pytest.raises(ModelError, match=r"has no model 'llama3\.1'") as caught:
            backend.chat_model(PLAIN)
        assert "ollama pull llama3.1" in caught.value.hint
        assert all(name in caught.value.hint for name in there)
        assert [check.name for check in backend.check().checks if not check.ok] == ["model"]
        assert server.chats == []


async def test_a_model_name_may_have_a_tag() -> None:
    with OllamaServer(models={"llama3.1:8b": 8192}) as server:
        backend = backend_for(server, model="llama3.1:8b")
        await ask(backend)
        assert backend.check().ok
        assert backend.describe() == {
            "provider": "ollama",
            "model": "llama3.1:8b",
            "base_url": server.url,
            "num_ctx": 4096,
            "version": "0.12.3",
        }


# --- address and key


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (None, "http://127.0.0.1:11434"),
        ("", "http://127.0.0.1:11434"),
        ("box", "http://box:11434"),
        ("box:1234", "http://box:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:1234", "http://127.0.0.1:1234"),
        ("http://0.0.0.0:1234/", "http://127.0.0.1:1234"),
        ("http://box", "http://box"),
        ("https://box/", "https://box"),
        ("http://localhost:11434/", "http://localhost:11434"),
        ("http://localhost:11434/api", "http://localhost:11434"),
        ("http://localhost:11434/v1/", "http://localhost:11434"),
        ("https://gateway.example/ollama/", "https://gateway.example/ollama"),
        ("[::1]:1234", "http://[::1]:1234"),
        ("[::]", "http://127.0.0.1:11434"),
        (" '192.168.1.5:11434' ", "http://192.168.1.5:11434"),
        ("http://me:secret@box:1234", "http://box:1234"),
    ],
)
def test_all_forms_of_the_address_are_accepted(
    written: str | None, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_address(written).url == address
    monkeypatch.setenv("OLLAMA_HOST", written or "")
    assert find_address(None).url == address


@pytest.mark.parametrize("written", ["ftp://box", "box:port", "http://me:secret@box:99999"])
def test_an_invalid_address_is_a_config_error(written: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_address(written)
    assert "secret" not in str(caught.value)


async def test_no_proxy_is_used_for_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with OllamaServer() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url.removeprefix("http://"))
        assert (await ask(backend_for(server, base_url=None))).text


async def test_the_key_is_sent_and_never_visible(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    leak = ServerFault(400, {"error": "odd header Bearer sk-hidden"})
    with OllamaServer(lambda _json, n: leak if n else "fine") as server:
        backend = backend_for(server, api_key="sk-hidden")
        async with opened(backend) as model:
            message = await model.ainvoke("Write tasks.")
            with pytest.raises(Exception) as caught:  # noqa: PT011
                await model.ainvoke("Write tasks.")
            fault = backend.read_error(caught.value)
            shown = [repr(model), str(model), repr(message), str(fault), repr(OllamaOptions(api_key="sk-hidden"))]
            shown += [str(backend.describe()), str(backend.check()), caplog.text]
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer sk-hidden"}
    assert [text for text in shown if "sk-hidden" in text] == []
    assert "***" in str(fault)
    assert backend.secrets() == ("sk-hidden",)


async def test_a_login_in_the_address_is_sent_and_never_visible() -> None:
    with OllamaServer() as server:
        backend = backend_for(server, base_url=server.url.replace("//", "//me:hidden@"))
        async with opened(backend) as model:
            await model.ainvoke("Write tasks.")
            shown = repr(model) + str(backend.describe()) + str(backend.check())
    assert {request.headers["authorization"] for request in server.requests} == {"Basic bWU6aGlkZGVu"}
    assert "hidden" not in shown
    assert backend.secrets() == ("hidden",)


# --- faults


@pytest.mark.parametrize(
    ("scripted", "kind", "words"),
    [
        (ServerFault(401, {"error": "unauthorized"}), Unusable, "unauthorized"),
        (ServerFault(404, {"error": "model 'llama3.1' not found"}), Unusable, "not found"),
        (ServerFault(400, {"error": "input length exceeds the context length"}), Rejected, "context length"),
        (ServerFault(429, {"error": "too many"}), Busy, "429"),
        (ServerFault(500, {"error": "model runner has unexpectedly stopped"}), Busy, "500"),
        (ServerFault(500, {"error": "model requires more system memory (40 GiB)"}), Unusable, "memory"),
        (
            ServerFault(500, {"error": "llama runner process has terminated: CUDA error: out of memory"}),
            Unusable,
            "memory",
        ),
        (ServerFault(500, {"error": "unable to allocate CUDA0 buffer"}), Unusable, "memory"),
        (ServerFault(503, {"error": "server busy, maximum pending requests exceeded"}), Busy, "503"),
        (ServerFault(delay=1.0), Busy, "no answer from http://127.0.0.1"),
        (ServerFault(hang_up="reset"), Busy, "no answer from http://127.0.0.1"),
        (HTML, Busy, "such as a web page"),
        (ServerFault(200, json.dumps(part("1. Sing")), hang_up="half"), Busy, "no answer from http://127.0.0.1"),
        (ServerFault(200, '{"message": {"con'), Busy, "could not be read"),
        (ServerFault(200, part("1. Sing")), Busy, "broke off"),
        (ServerFault(200, {"error": "llama runner died"}), Busy, "could not be read"),
        (ServerFault(200, part("") | {"done": True, "done_reason": "load"}), Busy, "No data received"),
        (Stream([part("1. Sing"), part(" a song")]), Busy, "could not be read"),
        (Stream([]), Busy, "something other than the client's JSON"),
    ],
)
async def test_faults_are_sorted_by_their_cause(scripted: Any, kind: type, words: str) -> None:
    with OllamaServer(lambda _json, _n: scripted) as server:
        fault = await fault_of(backend_for(server, timeout=0.5 if getattr(scripted, "delay", 0) else 60.0))
        assert isinstance(fault, kind)
        assert words in fault.message  # type: ignore[attr-defined]
        if kind is not Busy:  # the run says what to do if a cause does not pass
            assert getattr(fault, "hint", "x")
        assert len(server.chats) == 1


async def test_a_removed_model_has_the_same_hint_as_a_missing_one() -> None:
    with OllamaServer(lambda _json, _n: ServerFault(404, {"error": "model not found"})) as server:
        fault = await fault_of(backend_for(server))
    assert "ollama pull llama3.1" in fault.hint
    assert "llama3.1:latest" in fault.hint


async def test_the_error_names_a_server_that_stopped() -> None:
    with OllamaServer() as server:
        backend = backend_for(server)
        async with opened(backend) as model:
            server.stop()
            with pytest.raises(Exception) as caught:  # noqa: PT011
                await model.ainvoke("Write tasks.")
    fault = backend.read_error(caught.value)
    assert isinstance(fault, Busy)
    assert server.url in fault.message


# --- doctor, options


def test_the_check_reports_server_and_model() -> None:
    with OllamaServer() as server:
        diagnosis = backend_for(server).check()
    assert diagnosis.ok
    assert [check.name for check in diagnosis.checks] == ["server", "model"]
    assert "0.12.3" in diagnosis.checks[0].detail


def test_the_component_names_its_extra() -> None:
    (component,) = selfinstruct_backends()
    assert (component.name, component.extra) == ("ollama", "ollama")
    assert all(field.description for field in component.options.model_fields.values())
    options = component.options()
    assert isinstance(options, OllamaOptions)
    assert (options.model, options.timeout, options.concurrency) == ("llama3.1", 600.0, 1)
