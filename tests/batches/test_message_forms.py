"""Results that are read without the provider's client are read as the client reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from langchain_core.messages import AIMessage

from selfinstruct.api import Backend
from selfinstruct.engine.batches.message_forms import CONFIRMATIONS, MessageForms
from selfinstruct.engine.batches.request_lines import BatchLines, BatchResult
from selfinstruct.types import Failure, Fault, Message, Reply, Request, Sampling

pytest.importorskip("langchain_openai")

ORDINARY = 3 * CONFIRMATIONS

TEXTS: list[Any] = [
    *(
        "",
        " ",
        "\n\n 1. Two lines.\n",
        "<think>No.</think> Yes.",
        '{"a": 1}',
        "\ud83d",
        "\0",
        "\u2028",
        "é" * 3000,
        None,
    ),
    [{"type": "text", "text": " in blocks "}],
]

MESSAGES: list[dict[str, Any]] = [
    {"refusal": "I cannot."},
    {"reasoning": "Let me see."},
    {"reasoning_content": "Let me see."},
    {"tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
    {"annotations": [], "audio": None, "function_call": None, "tool_calls": []},
]

USAGES: list[Any] = [
    None,
    {},
    {"prompt_tokens": 7},
    {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12, "prompt_tokens_details": {"cached_tokens": 3}},
    {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12, "prompt_tokens_details": {"cached_tokens": 0}},
    {
        "prompt_tokens": 7,
        "completion_tokens": 5,
        "total_tokens": 12,
        "completion_tokens_details": {"reasoning_tokens": 4},
    },
    {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12, "queue_time": 0.25, "total_time": 1.5},
    {"prompt_tokens": "7", "completion_tokens": 5.0, "total_tokens": 12},
]

BODIES: list[dict[str, Any]] = [
    {"model": "another"},
    {"system_fingerprint": "fp_1"},
    {"service_tier": "flex"},
    {"choices": []},
    {"choices": None},
    {"error": {"message": "no"}},
    {"x_groq": {"id": "req_1"}},
]


def body(
    number: int, text: Any = "", *, finish: str = "stop", message: Any = None, usage: Any = (), **more: Any
) -> dict[str, Any]:
    """The body of an answer; no two have the same ids, counts or text."""
    counts = {"prompt_tokens": 100 + number, "completion_tokens": 20 + number, "total_tokens": 120 + 2 * number}
    said = {"role": "assistant", "content": text, **(message or {})}
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": number,
        "model": "m",
        "choices": [{"index": 0, "message": said, "finish_reason": finish}],
        "usage": counts if usage == () else usage,
        **more,
    }


def all_bodies() -> Iterator[dict[str, Any]]:
    """Ordinary bodies, then each odd one as often as the client is asked about a form, and once more."""
    for number in range(ORDINARY):
        yield body(number, f"text {number}")
    for number in range(CONFIRMATIONS + 2):
        yield from (body(number, text) for text in TEXTS)
        yield from (body(number, f"{number}", finish=finish) for finish in ("length", "content_filter", "", "abort"))
        yield from (body(number, f"{number}", message=message) for message in MESSAGES)
        yield from (body(number, f"{number}", usage=usage) for usage in USAGES)
        yield from (body(number, f"{number}", **more) for more in BODIES)


def groq() -> Backend:
    from selfinstruct_groq import GroqOptions, build

    return build(GroqOptions(model="m", api_key="gsk_" + "a" * 40, base_url="http://127.0.0.1:9"))


def openai() -> Backend:
    from selfinstruct_langchain import LangChainOptions, build

    return build(LangChainOptions(model="openai:m", api_key="sk-" + "a" * 40))


REQUEST = Request("classify", 0, (Message("user", "Go."),), Sampling(), (), ())


@pytest.mark.parametrize("schema", [None, {"type": "object"}])
@pytest.mark.parametrize("build", [groq, openai])
def test_every_result_is_read_as_the_client_reads_it(
    build: Callable[[], Backend], schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = replace(REQUEST, schema=schema)
    fast, plain = (BatchLines(build(), Sampling()) for _ in range(2))
    monkeypatch.setattr(plain._forms, "read", lambda _body, _has_schema, ask: ask())
    for found in all_bodies():
        result = BatchResult("c", 200, found)
        assert timeless(fast.decode(request, result)) == timeless(plain.decode(request, result)), found


def timeless(answer: Reply | Failure | Fault) -> Reply | Failure | Fault:
    return replace(answer, created_at="") if isinstance(answer, Reply) else answer


@pytest.mark.parametrize("build", [groq, openai])
def test_the_client_is_called_for_the_first_results_of_a_form_only(
    build: Callable[[], Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = BatchLines(build(), Sampling())
    client = Mock(wraps=lines._invoke)
    monkeypatch.setattr(lines, "_invoke", client)
    for number in range(ORDINARY):
        lines.decode(REQUEST, BatchResult("c", 200, body(number, f"text {number}")))
    assert client.call_count == CONFIRMATIONS + 1


def test_a_client_that_changes_texts_or_counts_is_always_called() -> None:
    for change in (str.strip, str.upper, lambda text: text + "."):
        forms = MessageForms()
        for number in range(ORDINARY):
            text = f" text {number} "
            client = Mock(return_value=AIMessage(change(text), response_metadata={"number": number * 2}))
            assert forms.read(body(number, text), False, client) is client.return_value


@pytest.mark.parametrize("other", [body(0), body(0, "text", usage={**body(0)["usage"], "prompt_tokens": 0})])
def test_a_client_may_read_an_empty_text_or_a_count_of_0_in_its_own_way(other: dict[str, Any]) -> None:
    forms = MessageForms()
    for number in range(ORDINARY):
        forms.read(body(number, f"text {number}"), False, Mock(return_value=AIMessage(f"text {number}")))
    client = Mock(return_value=AIMessage("nothing"))
    assert forms.read(other, False, client) is client.return_value
