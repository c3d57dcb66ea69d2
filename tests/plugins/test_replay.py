"""The replay backend answers request k with row k, and reports every problem of the file before the run."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.api import Backend, Completion, DataError, Exhausted, Rejected, Sampling
from selfinstruct_replay import ReplayOptions, build, selfinstruct_backends


def row(text: Any, finish: str | None = "stop") -> str:
    choice = {"text": text} | ({"finish_reason": finish} if finish else {})
    return json.dumps({"request_idx": 0, "response": {"choices": [choice]}}, ensure_ascii=False)


def recording(folder: Path, *lines: str | bytes, start: bytes = b"", end: bytes = b"\n") -> Path:
    path = folder / "replies.jsonl"
    path.write_bytes(start + b"".join((x if isinstance(x, bytes) else x.encode()) + end for x in lines))
    return path


def backend_for(path: Path) -> Backend:
    return build(ReplayOptions(path=path))


async def ask(backend: Backend, index: int, prompt: str = "Write tasks.") -> Completion:
    model: Any = backend.chat_model(Sampling())
    config: Any = {"metadata": {"selfinstruct_stage": "generate", "selfinstruct_request": index}}
    return backend.read_reply(await model.ainvoke(prompt, config=config))


async def fault_of(backend: Backend, index: int) -> Any:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        await ask(backend, index)
    return backend.read_error(caught.value)


async def test_row_k_answers_request_k_in_any_order(tmp_path: Path) -> None:
    backend = backend_for(recording(tmp_path, *(row(f"reply {k}") for k in range(20))))
    order = [7, 0, 19, 7, 3]
    replies = await asyncio.gather(*(ask(backend, k, f"prompt {k}") for k in order))
    assert [reply.text for reply in replies] == [f"reply {k}" for k in order]


def test_a_synchronous_call_gets_its_row_too(tmp_path: Path) -> None:
    model: Any = backend_for(recording(tmp_path, row("a"), row("b"))).chat_model(Sampling())
    assert model.invoke("x", config={"metadata": {"selfinstruct_request": 1}}).content == "b"


@pytest.mark.parametrize(("said", "finish"), [("stop", "stop"), ("length", "length"), (None, "unknown")])
async def test_the_recorded_finish_reason_is_read(tmp_path: Path, said: str | None, finish: str) -> None:
    reply = await ask(backend_for(recording(tmp_path, row("", said))), 0)
    assert reply == Completion("", finish, model="replay")  # type: ignore[arg-type]


async def test_byte_order_marks_blank_lines_and_other_line_ends_are_accepted(tmp_path: Path) -> None:
    lines = (row("a\u2028b \u4f60\u597d"), "", "   ", row("second"))
    backend = backend_for(recording(tmp_path, *lines, start=b"\xef\xbb\xbf", end=b"\r\n"))
    assert (await ask(backend, 0)).text == "a\u2028b \u4f60\u597d"
    assert (await ask(backend, 1)).text == "second"
    assert backend.describe()["rows"] == 2


async def test_a_request_after_the_last_row_ends_the_run(tmp_path: Path) -> None:
    backend = backend_for(recording(tmp_path, row("a"), row("b")))
    assert await fault_of(backend, 2) == Exhausted("the recorded replies ended after 2 rows")
    assert await fault_of(backend_for(recording(tmp_path)), 0) == Exhausted("the recorded replies ended after 0 rows")


async def test_a_recorded_failure_fails_again(tmp_path: Path) -> None:
    backend = backend_for(recording(tmp_path, row("a"), '{"response": null}', row("c")))
    assert isinstance(await fault_of(backend, 1), Rejected)
    assert (await ask(backend, 2)).text == "c"


async def test_a_call_without_its_index_is_refused(tmp_path: Path) -> None:
    backend = backend_for(recording(tmp_path, row("a")))
    with pytest.raises(LookupError, match="selfinstruct_request") as caught:
        await backend.chat_model(Sampling()).ainvoke("x")
    assert isinstance(backend.read_error(caught.value), Rejected)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{not json", "not JSON"),
        (b"\xff\xfe{", "not UTF-8"),
        ("[1]", "no 'response'"),
        ('{"text": "a"}', "no 'response'"),
        ('{"response": "a"}', "no text"),
        ('{"response": {}}', "no text"),
        ('{"response": {"choices": []}}', "no text"),
        ('{"response": {"choices": [{"message": "a"}]}}', "no text"),
        (row(None), "no text"),
    ],
)
def test_the_error_of_a_bad_row_names_file_and_line(tmp_path: Path, line: str | bytes, words: str) -> None:
    path = recording(tmp_path, row("a"), "", line)
    with pytest.raises(DataError) as caught:
        backend_for(path)
    assert f"{path}, line 3: " in caught.value.message
    assert words in caught.value.message
    assert caught.value.hint


def test_a_missing_file_is_a_data_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            backend_for(path)


def test_the_component_checks_the_recording(tmp_path: Path) -> None:
    (component,) = selfinstruct_backends()
    assert (component.name, component.extra) == ("replay", "")
    assert all(field.description for field in component.options.model_fields.values())
    assert backend_for(recording(tmp_path, row("a"))).check().ok
    assert not backend_for(recording(tmp_path)).check().ok
