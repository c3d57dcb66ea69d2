"""How messages and exceptions of unknown clients are read, and how little a provider's plugin must hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.messages import AIMessage

from selfinstruct.api import Backend, Busy, Component, NoOptions, Rejected, Sampling, Unusable, Usage, chat, hookimpl


class ClientError(Exception):
    """An exception as clients make them: a status, a body, a response."""

    def __init__(self, words: str = "no", **facts: Any) -> None:
        super().__init__(words)
        self.__dict__.update(facts)


def answered(status: int, **headers: str) -> ClientError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ClientError(response=httpx.Response(status, headers=named))


# --- messages


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        ("", ""),
        ([], ""),
        ([{"type": "text", "text": "a"}, "b"], "ab"),
        ([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}], "a"),
        ([{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "a"}], "a"),
        ([{"type": "image_url", "image_url": "x"}, {"type": "text", "text": None}, None, 3], ""),
        ("cut inside an emoji \ud83d", "cut inside an emoji \ufffd"),
        ("whole emoji \U0001f600", "whole emoji \U0001f600"),
    ],
)
def test_text_of_content(content: Any, text: str) -> None:
    assert chat.message_text(content) == text
    chat.message_text(content).encode()  # whatever comes can be written to a file


@pytest.mark.parametrize(
    ("facts", "finish"),
    [
        ({"finish_reason": "stop"}, "stop"),
        ({"finish_reason": "STOP"}, "stop"),
        ({"done_reason": "length"}, "length"),
        ({"stop_reason": "max_tokens"}, "length"),
        ({"stopReason": "end_turn"}, "stop"),
        ({"finish_reason": "SAFETY"}, "filtered"),
        ({"finish_reason": "content_filter"}, "filtered"),
        ({"finish_reason": None, "stop_reason": "refusal"}, "filtered"),
        ({"finish_reason": "something new"}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "completed"}, "stop"),
        ({"finish_reason": "SPII"}, "filtered"),
        ({"stop_reason": "model_context_window_exceeded"}, "length"),
        ({"finish_reason": "COMPLETE"}, "stop"),
        ({}, "unknown"),
    ],
)
def test_finish(facts: dict[str, Any], finish: str) -> None:
    assert chat.read_message(AIMessage("x", response_metadata=facts)).finish == finish


def test_usage_and_model() -> None:
    usage = {"input_tokens": 7, "output_tokens": 0, "total_tokens": 7}
    read = chat.read_message(AIMessage("x", usage_metadata=usage, response_metadata={"model_name": "m"}))
    assert (read.usage, read.model) == (Usage(7, 0), "m")
    bare = chat.read_message(AIMessage("x"))
    assert (bare.usage, bare.model) == (Usage(None, None), "")


@pytest.mark.parametrize(
    ("prompt", "reply", "read"),
    [
        ("10", "5", Usage(10, 5)),
        (10.0, 5.5, Usage(10, 6)),
        (-1, 5, Usage(None, 5)),
        (10**30, 5, Usage(None, 5)),
        (float("inf"), "five", Usage()),
        (0, 0, Usage()),
    ],
)
def test_token_counts_that_are_none_never_cost_the_reply(prompt: Any, reply: Any, read: Usage) -> None:
    message = AIMessage("x")
    message.usage_metadata = {"input_tokens": prompt, "output_tokens": reply, "total_tokens": 0}
    assert chat.read_message(message).usage == read


# --- exceptions


@pytest.mark.parametrize("status", [401, 403, 402, 404])
def test_statuses_that_no_request_survives(status: int) -> None:
    fault = chat.read_exception(answered(status))
    assert isinstance(fault, Unusable)
    assert str(status) in fault.message
    assert fault.hint


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_statuses_that_pass(status: int) -> None:
    assert isinstance(chat.read_exception(ClientError(status_code=status)), Busy)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_statuses_of_one_bad_request(status: int) -> None:
    assert isinstance(chat.read_exception(answered(status)), Rejected)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ClientError(status_code=418), 418),
        (answered(418), 418),
        (ClientError(code=503), 503),
        (ClientError(response={"ResponseMetadata": {"HTTPStatusCode": 400}}), 400),
        (ClientError(status_code=-1), None),
        (ClientError(code="rate_limit_exceeded"), None),
        (ValueError(), None),
    ],
)
def test_where_the_status_is(error: Exception, status: int | None) -> None:
    assert chat.status_of(error) == status


def test_no_credit_is_not_worth_waiting_for() -> None:
    error = ClientError(status_code=429, body={"error": {"code": "insufficient_quota", "message": "You ran out."}})
    fault = chat.read_exception(error)
    assert isinstance(fault, Unusable)
    assert "You ran out." in fault.message


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("inf", None), ("nan", None)]
)
def test_retry_after(said: str, seconds: float | None) -> None:
    assert chat.retry_after(answered(429, retry_after=said)) == seconds
    assert chat.retry_after(ClientError(response=type("R", (), {"headers": {"Retry-After": said}}))) == seconds


def test_retry_after_as_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    seconds = chat.retry_after(answered(503, retry_after=date))
    assert seconds is not None
    assert 85 < seconds <= 90
    assert chat.retry_after(ClientError()) is None


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionResetError("reset"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("broken"),
        httpx.RemoteProtocolError("half"),
        caused(ClientError("wrapped"), httpx.WriteError("broken")),
        json.JSONDecodeError("x", "<html>", 0),
        AttributeError("'str' object has no attribute 'model_dump'"),
        IndexError("list index out of range"),
    ],
)
def test_what_passes(error: Exception) -> None:
    assert isinstance(chat.read_exception(error), Busy)


def test_unknown_exceptions_reject_the_request_only() -> None:
    assert chat.read_exception(ClientError("odd")) == Rejected("ClientError: odd")
    assert chat.read_exception(RuntimeError()) == Rejected("RuntimeError")
    assert isinstance(chat.read_exception(httpx.LocalProtocolError("illegal header")), Unusable)


def test_first_words() -> None:
    assert chat.error_words(ValueError("a\n  b")) == "a b"
    assert chat.error_words(ValueError()) == "ValueError"
    assert chat.error_words(ValueError("four " * 100)) == "four " * 59 + "…"
    assert chat.error_words(ClientError("Error 400: {...}", body={"error": {"message": "too long"}})) == "too long"
    assert chat.error_words(ClientError("words", body={"error": "odd"})) == "odd"


@pytest.mark.parametrize("start", range(255, 300))
def test_a_key_is_never_cut_in_the_middle(start: int) -> None:
    words = chat.error_words(ValueError("x " * (start // 2) + "'sk-0123456789abcdef-SECRET' is wrong"))
    assert "sk-0" not in words.replace("sk-0123456789abcdef-SECRET", "***")


# --- the ten-line provider


class Mine(Backend):
    """Any LangChain chat model is a backend."""

    def chat_model(self, sampling: Sampling) -> BaseChatModel:
        return FakeListChatModel(responses=["1. Name three rivers."])


class MyPlugin:
    """A provider's whole plugin."""

    @hookimpl
    def selfinstruct_backends(self) -> list[Component[Backend]]:
        return [Component("mine", "My provider", NoOptions, lambda _: Mine())]


async def test_a_provider_is_a_plugin_of_ten_lines() -> None:
    (component,) = MyPlugin().selfinstruct_backends()
    backend = component.build(component.options())
    model: Any = backend.chat_model(Sampling())
    message = await model.ainvoke([("user", "Write tasks.")])
    assert backend.read_reply(message).text == "1. Name three rivers."
    assert isinstance(backend.read_error(TimeoutError()), Busy)
    assert (backend.limits().windows, backend.describe(), backend.secrets(), backend.check().ok) == ((), {}, (), True)
    await backend.close()
