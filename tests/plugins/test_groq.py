"""The Groq backend: the real ChatGroq over real sockets, against a stand-in for Groq on this computer."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from groq import APIStatusError
from pydantic import ValidationError

from selfinstruct.api import (
    Backend,
    Busy,
    Completion,
    ConfigError,
    ModelError,
    Rejected,
    Sampling,
    Unusable,
    Usage,
    Window,
)
from selfinstruct_groq import GroqOptions, build, selfinstruct_backends, settings
from selfinstruct_groq import limits as words
from tests.servers.groq_server import CHAT, MODELS, GroqAnswer, GroqServer, error, rate_limited
from tests.servers.loopback import HTML, ServerFault

KEY = "gsk_test_key"
PLAIN = Sampling()
LLAMA = "llama-3.1-8b-instant"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GROQ_API_KEY", "GROQ_API_BASE", "GROQ_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def backend_for(server: GroqServer, **options: Any) -> Backend:
    return build(GroqOptions(**{"base_url": server.url, "api_key": KEY, "timeout": 5.0} | options))


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
            await model.ainvoke("Write tasks.")
        return backend.read_error(caught.value)


# --- the happy path


async def test_a_reply_has_finish_usage_and_model() -> None:
    with GroqServer(lambda _json, _n: GroqAnswer("1. Sing.", "length", (31, 7), reasoning_tokens=4)) as server:
        backend = backend_for(server)
        reply = await ask(backend)
    used = Usage(31, 7, reasoning_tokens=4)
    assert reply == Completion("1. Sing.", "length", used, LLAMA, {"system_fingerprint": "fp_test"})
    assert [m["role"] for m in server.chats[0]["messages"]] == ["system", "user"]
    assert backend.timeout == 5.0


@pytest.mark.parametrize("text", ["", None])
async def test_a_reply_that_spent_all_tokens_on_thinking_is_empty_and_cut(text: str | None) -> None:
    with GroqServer(lambda _json, _n: GroqAnswer(text, "length")) as server:
        reply = await ask(backend_for(server))
    assert (reply.text, reply.finish) == ("", "length")


async def test_sampling_is_sent() -> None:
    sampling = Sampling(0.3, 0.9, 123, 0.1, 0.2, ("\n\n", "16."))
    with GroqServer() as server:
        await ask(backend_for(server, extra_body={"seed": 7}, service_tier="flex"), sampling)
    sent = server.chats[0]
    expected = {
        "temperature": 0.3,
        "top_p": 0.9,
        "max_tokens": 123,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "stop": ["\n\n", "16."],
        "seed": 7,
        "service_tier": "flex",
        "model": LLAMA,
    }
    assert {name: sent[name] for name in expected} == expected


async def test_unset_sampling_is_not_sent() -> None:
    with GroqServer() as server:
        await ask(backend_for(server))
    sent = server.chats[0]
    assert not {"top_p", "max_tokens", "presence_penalty", "frequency_penalty"} & set(sent)
    assert (sent["stop"], sent["reasoning_effort"], sent["reasoning_format"]) == (None, None, None)


async def test_stop_texts_beyond_the_fourth_are_left_out_and_reported() -> None:
    with GroqServer() as server:
        backend = backend_for(server)
        await ask(backend, Sampling(stop=("a", "b", "c", "d", "e")))
    assert server.chats[0]["stop"] == ["a", "b", "c", "d"]
    assert "so 1 more were not sent" in str(backend.describe()["note"])


def test_an_option_given_twice_is_a_config_error() -> None:
    with GroqServer() as server:
        backend = backend_for(server, extra_body={"temperature": 1})
        with pytest.raises(ConfigError, match="extra_body"):
            backend.chat_model(Sampling(temperature=0.5))


async def test_a_second_stage_after_many_parallel_requests_works() -> None:
    with GroqServer(lambda json, _n: json["messages"][0]["content"]) as server:
        backend = backend_for(server)
        for _ in range(2):
            async with opened(backend) as model:
                prompts = [str(n) for n in range(100)]
                assert [m.content for m in await model.abatch(prompts)] == prompts
    assert len(server.chats) == 200
    assert len(server.sent_to(MODELS)) == 1


async def test_plain_httpx_is_used_if_aiohttp_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)
    with GroqServer() as server:
        assert (await ask(backend_for(server))).text == "1. Name three rivers."


@pytest.mark.parametrize(
    "answer",
    [
        lambda _json, _n: error(400, "bad_request", "no such field"),
        lambda _json, _n: error(401, "invalid_api_key", "Invalid API Key"),
        lambda _json, _n: error(503, "unavailable", "try later"),
        lambda _json, _n: ServerFault(502, HTML.body),
        lambda _json, _n: ServerFault(500, ""),
    ],
)
async def test_the_fast_path_raises_the_error_of_the_sdk(answer: Callable[..., Any]) -> None:
    found = []
    with GroqServer(answer) as server:
        async with opened(backend_for(server)) as model:
            for sdk_only in ({}, {"extra_headers": {"X-Trace": "1"}}):
                with pytest.raises(APIStatusError) as caught:
                    await model.ainvoke("Write tasks.", **sdk_only)
                found.append((caught.value.message, caught.value.body, caught.value.status_code))
    assert len(server.chats) == 2
    assert found[0] == found[1]


async def test_the_fast_path_sends_the_headers_of_the_sdk() -> None:
    with GroqServer() as server:
        async with opened(backend_for(server)) as model:
            await model.ainvoke("Write tasks.")
            await model.ainvoke("Write tasks.", timeout=4.0)
    fast, sdk = ({name.lower(): value for name, value in sent.headers.items()} for sent in server.sent_to(CHAT))
    varying = {"content-length", "x-stainless-retry-count", "x-stainless-read-timeout", "x-stainless-timeout"}
    assert {name: value for name, value in fast.items() if name not in varying} == {
        name: value for name, value in sdk.items() if name not in varying
    }
    assert fast["authorization"] == f"Bearer {KEY}"


# --- the model


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["openai/gpt-oss-20b", "llama-3.1-8b-instant", "llama-3.3-70b-versatile"], "llama-3.3-70b-versatile"),
        (["llama3-8b-8192", "llama3-70b-8192"], "llama3-70b-8192"),
        (["whisper-large-v3", "llama-3.1-8b-instant"], "llama-3.1-8b-instant"),
    ],
)
async def test_auto_chooses_the_best_llama_3(offered: list[str], chosen: str) -> None:
    with GroqServer(models=offered) as server:
        backend = backend_for(server)
        await ask(backend)
        assert server.chats[0]["model"] == chosen
        assert backend.describe() == {"provider": "groq", "model": chosen, "base_url": server.url}


async def test_auto_chooses_a_successor_and_reports_it() -> None:
    with GroqServer(models=["openai/gpt-oss-120b", "openai/gpt-oss-20b"]) as server:
        backend = backend_for(server)
        assert backend.describe()["model"] == "auto"
        await ask(backend)
    assert server.chats[0]["model"] == "openai/gpt-oss-20b"
    assert server.chats[0]["reasoning_effort"] == "low"
    assert "no Llama 3" in str(backend.describe()["note"])


async def test_reasoning_effort_and_format_can_be_set() -> None:
    with GroqServer(models=["openai/gpt-oss-120b"]) as server:
        await ask(backend_for(server, reasoning_effort="high", reasoning_format="hidden"))
    assert (server.chats[0]["reasoning_effort"], server.chats[0]["reasoning_format"]) == ("high", "hidden")


@pytest.mark.parametrize("model", ["auto", "llama-3.1-8b-instant"])
def test_a_model_that_is_not_offered_is_an_error(model: str) -> None:
    with GroqServer(models=["qwen/qwen3-32b", "whisper-large-v3"]) as server:
        with pytest.raises(ModelError) as caught:
            backend_for(server, model=model).chat_model(Sampling())
        assert "qwen/qwen3-32b, whisper-large-v3" in caught.value.hint
        assert server.chats == []
    assert "'auto'" in caught.value.message if model == "auto" else f"'{model}'" in caught.value.message


@pytest.mark.parametrize(
    "list_fault",
    [ServerFault(503), HTML, ServerFault(404), ServerFault(hang_up="reset"), ServerFault(200, {"data": [1]})],
)
async def test_a_failure_to_list_models_is_an_error_for_auto_only(list_fault: ServerFault) -> None:
    with GroqServer(list_fault=list_fault) as server:
        with pytest.raises(ModelError, match="could not be listed at http://127") as caught:
            backend_for(server).chat_model(Sampling())
        assert caught.value.hint
        assert (await ask(backend_for(server, model=LLAMA))).text  # a named model is used without the list


async def test_a_named_model_that_is_offered_is_used() -> None:
    with GroqServer(models=[LLAMA, "llama-3.3-70b-versatile"]) as server:
        assert (await ask(backend_for(server, model=LLAMA))).model == LLAMA


async def test_a_named_model_that_was_removed_is_unusable() -> None:
    with GroqServer(models=["qwen/qwen3-32b"], list_fault=ServerFault(503)) as server:
        fault = await fault_of(backend_for(server, model=LLAMA))
    assert isinstance(fault, Unusable)
    assert LLAMA in fault.message
    assert "console.groq.com/docs/models" in fault.hint


# --- key and address


def test_a_missing_key_is_a_model_error() -> None:
    with GroqServer() as server:
        backend = backend_for(server, api_key=None)
        with pytest.raises(ModelError, match="backend 'groq' needs a key") as caught:
            backend.chat_model(Sampling())
        assert "GROQ_API_KEY" in caught.value.hint
        assert "console.groq.com/keys" in caught.value.hint
        assert not backend.check().ok
        assert server.requests == []


@pytest.mark.parametrize("key", ["gsk_a b", "gsk_\u200bkey", "gsk_a\nb"])
def test_an_invalid_key_is_refused_and_not_shown(key: str) -> None:
    with GroqServer() as server, pytest.raises(ModelError) as caught:
        backend_for(server, api_key=key).chat_model(Sampling())
    assert key not in str(caught.value)


async def test_the_key_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", f' "{KEY}"\n')
    with GroqServer() as server:
        backend = backend_for(server, api_key=None)
        await ask(backend)
    assert backend.secrets() == (KEY,)


def test_a_refused_key_is_an_error_before_the_run() -> None:
    with GroqServer(key="another") as server:
        backend = backend_for(server, model=LLAMA)
        with pytest.raises(ModelError, match="refused the key"):
            backend.chat_model(Sampling())
        assert KEY not in str(backend.check())


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (None, "https://api.groq.com"),
        ("", "https://api.groq.com"),
        ("api.groq.com", "https://api.groq.com"),
        ("https://api.groq.com/", "https://api.groq.com"),
        ("https://api.groq.com/openai/v1", "https://api.groq.com"),
        ("https://api.groq.com/openai/v1/", "https://api.groq.com"),
        (" 'https://api.groq.com/openai/v1/chat/completions' ", "https://api.groq.com"),
        ("https://gateway.example/groq/openai/v1", "https://gateway.example/groq"),
        ("localhost:8000", "http://localhost:8000"),
        ("127.0.0.1:8000/openai/v1", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_all_forms_of_the_address_are_accepted(written: str | None, address: str) -> None:
    assert settings.find_address(written) == address


@pytest.mark.parametrize("written", ["ftp://api.groq.com", "https://", "host:port", "https://user:secret@host"])
def test_an_invalid_address_is_a_config_error(written: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.find_address(written)
    assert "secret" not in str(caught.value)


async def test_the_address_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with GroqServer() as server:
        monkeypatch.setenv("GROQ_BASE_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("GROQ_API_BASE", f"{server.url}/openai/v1/")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        await ask(backend_for(server, base_url=None))
    assert [request.path for request in server.requests] == [MODELS, CHAT]


async def test_the_key_is_never_visible(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    leak = error(400, f"odd header Bearer {KEY}")
    with GroqServer(lambda _json, n: leak if n else "fine") as server:
        backend = backend_for(server)
        async with opened(backend) as model:
            message = await model.ainvoke("Write tasks.")
            with pytest.raises(Exception) as caught:  # noqa: PT011
                await model.ainvoke("Write tasks.")
            fault = backend.read_error(caught.value)
            shown = [repr(model), str(model), repr(message), str(fault), repr(backend), repr(GroqOptions(api_key=KEY))]
            shown += [str(backend.describe()), str(backend.check()), str(backend.limits()), caplog.text]
    assert caplog.records
    assert [text for text in shown if KEY in text] == []
    assert "***" in str(fault)
    assert backend.secrets() == (KEY,)


# --- faults


@pytest.mark.parametrize(
    ("scripted", "kind", "words"),
    [
        (error(401, "Invalid API Key", "invalid_api_key"), Unusable, "refused the key"),
        (error(403, "no"), Unusable, "403"),
        (error(404, "The model `x` does not exist", "model_not_found"), Unusable, LLAMA),
        (error(400, "The model has been decommissioned", "model_decommissioned"), Unusable, LLAMA),
        (error(400, "Organization has been restricted", "organization_restricted"), Unusable, "restricted"),
        (error(400, "`reasoning_effort` is not supported with this model"), Unusable, "option"),
        (error(400, "`top_p` is not supported with this model"), Unusable, "does not take top_p"),
        (error(400, "Failed to validate JSON", "json_validate_failed"), Rejected, "validate JSON"),
        (error(400, "Please reduce the length of the messages", "context_length_exceeded"), Rejected, "reduce"),
        (error(422, "odd"), Rejected, "422"),
        (error(413, "Request too large", "rate_limit_exceeded"), Rejected, "max_tokens"),
        (error(498, "Flex tier at capacity", "capacity_exceeded"), Busy, "498"),
        (error(500, "oops"), Busy, "500"),
        (error(503, "overloaded"), Busy, "overloaded"),
        (ServerFault(502, "<html>Bad gateway</html>"), Busy, "502"),
        (ServerFault(delay=1.5), Busy, "no answer from http://127.0.0.1"),
        (ServerFault(hang_up="reset"), Busy, "no answer from http://127.0.0.1"),
        (ServerFault(body="{}", hang_up="half"), Busy, "no answer from http://127.0.0.1"),
        (HTML, Busy, "such as a web page"),
        (ServerFault(body='{"choices": [{'), Busy, "could not be read"),
        (ServerFault(body={"choices": []}), Busy, "could not be read"),
    ],
)
@pytest.mark.parametrize("aiohttp", [True, False], ids=["aiohttp", "httpx"])
async def test_faults_are_sorted_by_their_cause(
    scripted: ServerFault, kind: type, words: str, aiohttp: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not aiohttp:
        monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)
    with GroqServer(lambda _json, _n: scripted) as server:
        fault = await fault_of(backend_for(server, timeout=0.5 if getattr(scripted, "delay", 0) else 60.0))
        assert isinstance(fault, kind)
        assert words in fault.message  # type: ignore[attr-defined]
        if kind is not Busy:  # the run says how to leave a setting out, and what to do if a cause does not pass
            assert getattr(fault, "hint", "x") or getattr(fault, "setting", "")
        assert len(server.chats) == 1  # the client does not retry by itself


@pytest.mark.parametrize("aiohttp", [True, False], ids=["aiohttp", "httpx"])
async def test_the_error_names_a_server_that_stopped(aiohttp: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not aiohttp:
        monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)
    with GroqServer() as server:
        backend = backend_for(server)
        async with opened(backend) as model:
            server.stop()
            with pytest.raises(Exception) as caught:  # noqa: PT011
                await model.ainvoke("Write tasks.")
    fault = backend.read_error(caught.value)
    assert isinstance(fault, Busy)
    assert server.url in fault.message


@pytest.mark.parametrize(
    ("scripted", "wait", "scope"),
    [
        (rate_limited(retry_after="8"), 8.0, "tokens per minute"),
        (rate_limited(retry_after=None), 7.66, "tokens per minute"),
        (rate_limited("2m3s", "tokens per day (TPD)", None), 123.0, "tokens per day"),
        (rate_limited("1h2m3.5s", "requests per day (RPD)", None), 3723.5, "requests per day"),
        (rate_limited("120ms", "requests per minute (RPM)", None), 0.12, "requests per minute"),
        (rate_limited(retry_after="3600"), 3600.0, "tokens per minute"),
        (error(429, "slow down"), None, ""),
    ],
)
async def test_a_rate_limit_has_its_wait_and_scope(scripted: ServerFault, wait: float | None, scope: str) -> None:
    with GroqServer(lambda _json, _n: scripted) as server:
        fault = await fault_of(backend_for(server))
    assert isinstance(fault, Busy)
    assert (fault.retry_after, fault.scope) == (pytest.approx(wait) if wait else None, scope)
    assert "org_01abc" not in fault.message
    assert len(server.chats) == 1


# --- limits


HEADERS = {
    "x-ratelimit-limit-requests": "14400",
    "x-ratelimit-remaining-requests": "14370",
    "x-ratelimit-reset-requests": "2m59.56s",
    "x-ratelimit-limit-tokens": "6000",
    "x-ratelimit-remaining-tokens": "5450",
    "x-ratelimit-reset-tokens": "7.66s",
}


async def test_limits_are_read_from_headers() -> None:
    with GroqServer(lambda _json, _n: GroqAnswer("1. Sing.", headers=HEADERS)) as server:
        backend = backend_for(server)
        assert backend.limits().windows == ()
        await ask(backend)
    requests, tokens = backend.limits().windows
    assert requests == Window("requests", 86400, 14400, 14370, cast("float", pytest.approx(179.56)), requests.seen_at)
    assert tokens == Window("tokens", 60, 6000, 5450, cast("float", pytest.approx(7.66)), tokens.seen_at)
    assert tokens.seen_at > 0


async def test_limits_are_read_from_refusals_too() -> None:
    scripted = rate_limited("2m3s", "tokens per day (TPD)")
    fault = ServerFault(scripted.status, scripted.body, {**scripted.headers, **HEADERS})
    with GroqServer(lambda _json, _n: fault) as server:
        backend = backend_for(server)
        await fault_of(backend)
    assert [(w.what, w.seconds, w.limit) for w in backend.limits().windows] == [
        ("requests", 86400, 14400),
        ("tokens", 60, 6000),
        ("tokens", 86400, 6000),
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2m59.56s", 179.56),
        ("7.66s", 7.66),
        ("1h2m3s", 3723.0),
        ("120ms", 0.12),
        ("1d", 86400.0),
        ("850µs", 0.00085),
        ("7", 7.0),
        ("0s", 0.0),
        ("", None),
        ("soon", None),
        ("7x", None),
        ("-5s", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert words.seconds(text) == (None if seconds is None else pytest.approx(seconds))


def test_malformed_headers_are_ignored() -> None:
    assert words.windows_in({"x-ratelimit-limit-requests": "many"}, 0.0) == []
    odd = {"x-ratelimit-limit-tokens": "6000", "x-ratelimit-reset-tokens": "?", "x-ratelimit-remaining-tokens": "-"}
    assert words.windows_in(odd, 1.0) == [Window("tokens", 60, 6000, None, None, 1.0)]


# --- doctor, options, imports


@pytest.mark.parametrize(
    ("make", "names", "ok"),
    [
        (GroqServer, ["key", "server", "model"], True),
        (lambda: GroqServer(key="another"), ["key", "model"], False),
        (lambda: GroqServer(models=["whisper-large-v3"]), ["key", "model"], False),
        (lambda: GroqServer(list_fault=ServerFault(503)), ["key", "server"], False),
    ],
)
def test_the_check_reports_key_server_and_model(make: Callable[[], GroqServer], names: list[str], ok: bool) -> None:
    with make() as server:
        diagnosis = backend_for(server).check()
    assert [check.name for check in diagnosis.checks] == names
    assert diagnosis.ok is ok
    assert all(check.ok or check.fix for check in diagnosis.checks)


def test_the_component_names_its_extra() -> None:
    (component,) = selfinstruct_backends()
    assert (component.name, component.extra) == ("groq", "groq")
    assert all(field.description for field in component.options.model_fields.values())
    with pytest.raises(ValidationError):
        component.options(temprature=1)  # type: ignore[call-arg]


def test_registering_imports_no_client() -> None:
    code = (
        "import sys, selfinstruct_groq, selfinstruct_ollama, selfinstruct_langchain, selfinstruct_replay\n"
        "for module in (selfinstruct_groq, selfinstruct_ollama, selfinstruct_langchain, selfinstruct_replay):\n"
        "    module.selfinstruct_backends()\n"
        "heavy = {'httpx', 'groq', 'ollama', 'langchain', 'langchain_core', 'langchain_groq', 'langchain_ollama'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
