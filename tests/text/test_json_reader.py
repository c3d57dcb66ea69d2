"""The reader of JSON in replies: whole, cut anywhere, sloppy, and any text at all."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api.text import CutText, read_json
from selfinstruct.text.json_reader import DEEPEST
from tests.steps import steps


def values(text: str) -> list[object]:
    reading = read_json(text)
    return list(reading.values) if reading else []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('Sure:\n```json\n["a",\n "b",]\n```\nBye!', [["a", "b"]]),
        ('{"1": "a"}', [{"1": "a"}]),
        ('{"\ue0c7": "b\ue0c7"}', [{"\ue0c7": "b\ue0c7"}]),
        ('Here it is: {"1": "yes"} as asked', [{"1": "yes"}]),
        ('{"t": "a"}\n{"t": "b"}', [{"t": "a"}, {"t": "b"}]),
        ('```json\n{"t": "a"}\n```\n\n```json\n{"t": "b"}\n```', [{"t": "a"}, {"t": "b"}]),
        ('{"t": "a", "t": "b"}', [[{"t": "a"}, {"t": "b"}]]),
        ("{'t': 'a'}", [{"t": "a"}]),
        ('{t: "a"}', [{"t": "a"}]),
        ("{“t”: “a”}", [{"t": "a"}]),
        ('["a" "b"]', [["a", "b"]]),
        ('["say "hi" to us", "b"]', [['say "hi" to us', "b"]]),
        ('["a", // first\n "b"]', [["a", "b"]]),
        ('["a",\n "b"\n\nThat is all there is.', [["a", "b"]]),
        ('["two\nlines"]', [["two\nlines"]]),
    ],
)
def test_whole_and_sloppy_json(text: str, found: list[object]) -> None:
    reading = read_json(text)
    assert reading is not None
    assert list(reading.values) == found
    assert not reading.is_cut


@pytest.mark.parametrize("text", ["", "[Your name]", "no JSON", "{", "f(x) = {x}", "a [b] c", "[1] A note."])
def test_no_json(text: str) -> None:
    assert read_json(text) is None


def test_where_it_stands() -> None:
    reading = read_json('ab\n["c"]\nd')
    assert reading is not None
    assert (reading.start, reading.end) == (3, 8)


def test_a_cut_string_is_marked() -> None:
    (value,) = values('{"1": "whole", "2": "ha')
    assert value == {"1": "whole", "2": "ha"}
    assert isinstance(value, dict)
    assert isinstance(value["2"], CutText)
    assert not isinstance(value["1"], CutText)


@pytest.mark.parametrize(
    ("text", "found"),
    [('{"1"', []), ('{"1": "a", "2"', [{"1": "a"}]), ('{"1": "a",\n "2":', [{"1": "a"}]), ('["a", "b"', [["a", "b"]])],
)
def test_a_key_whose_value_is_cut_off_is_left_out(text: str, found: list[object]) -> None:
    assert values(text) == found


JSON = st.recursive(
    st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6), st.data())
def test_json_that_is_cut_anywhere_gives_what_stood_before(texts: list[str], data: st.DataObject) -> None:
    indent = data.draw(st.sampled_from([None, 1]))
    whole = json.dumps({str(at): text for at, text in enumerate(texts)}, ensure_ascii=False, indent=indent)
    if "\ue0c7" in whole:
        return
    text = whole[: data.draw(st.integers(0, len(whole) - 1))]
    for value in values(text):
        assert isinstance(value, dict)
        for at, (key, inner) in enumerate(value.items()):
            assert key == str(at)
            assert inner == texts[at] or (isinstance(inner, CutText) and at == len(value) - 1)
            assert texts[at].startswith(inner)


@given(JSON)
def test_whole_json_is_read_as_the_standard_library_reads_it(value: Any) -> None:
    text = json.dumps(value)
    reading = read_json(text)
    if reading is not None:
        assert reading.values[0] == value


SIGNS = (
    '"', "[", "]", "{", "}", ",", ":", "\\", "a", "1", " ", "\n", "'", "null", "//", "“", "```", "\\u00",
    "\ud800", "\ue0c7",
)  # fmt: skip


@given(st.lists(st.sampled_from(SIGNS), max_size=60).map("".join) | st.text())
def test_any_text_is_read_without_a_fault(text: str) -> None:
    reading = read_json(text)
    if reading is not None:
        assert 0 <= reading.start < reading.end <= len(text)


def test_what_is_nested_too_deep_is_no_json() -> None:
    assert read_json('[["a"]]') is not None
    assert read_json('{"a":' * (DEEPEST + 2) + '"b"' + "}" * (DEEPEST + 2)) is None
    assert read_json('{"a":' * 100_000) is None


PIECES = ('["', '["a" "b" ', "[", '{"a":', '{"a": "b"}\n', '"', "{a: b, ", "['a', ", '["\\', '["a", "b, c" d", ')


@pytest.mark.parametrize("piece", PIECES)
def test_the_work_of_reading_is_bounded(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """json-repair's work grows with the square of some of these texts: what it may look at is counted."""
    monkeypatch.setattr("selfinstruct.text.json_reader.MOST_LOOKS", 5_000)
    for size in (500, 2_000):
        text = piece * size
        assert steps(partial(read_json, text)) <= 30 * (len(text) + 5_000)
