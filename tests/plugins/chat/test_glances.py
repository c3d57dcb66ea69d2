"""The parser looks at a text before it tries a pattern, and reads it as if it tried each pattern on each text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.text import final
from selfinstruct_chat import series, tidying
from selfinstruct_chat.items import _BRINGS_DATA, split_item
from selfinstruct_chat.lists import ListItem
from selfinstruct_chat.records import read_task_records
from tests.sweeps import examples


@examples(50)
@given(text=st.from_regex(final._SIGN))
def test_a_text_with_a_sign_is_looked_through(text: str) -> None:
    assert any(sign in text for sign in final._SIGNS)


@examples(100)
@given(
    before=st.sampled_from(["Write a poem", "Write a poem.", "写诗。", ""]),
    text=st.one_of(st.from_regex(tidying._REMARK_LAST), st.text("a .)]*_】）:：(-—", max_size=12)),
    behind=st.sampled_from(["", ".", "..", "*"]),
)
def test_a_remark_at_the_end_is_taken_off_as_without_a_glance(before: str, text: str, behind: str) -> None:
    text = before + text + behind
    end = text[-400:]
    ends = (")", "]", "*", "_", "】", "）", ".")
    found = tidying._REMARK_LAST.search(end) if end.endswith(ends) or ":" in end[-100:] else None
    left = text[: len(text) - len(end) + found.start()] if found else text
    assert tidying._without_end(text) == (left if len(left.split()) > 1 or not left.isascii() else text)


@pytest.mark.parametrize(
    ("pattern", "signs"),
    [(series._KNOWN_FIRST, "([【"), (series._KNOWN_LAST, "([【"), (series._KIND_LAST, "[(【|–—")],
    ids=["first", "last", "any"],
)
@examples(50)
@given(data=st.data())
def test_a_kind_has_its_brackets(pattern: re.Pattern[str], signs: str, data: st.DataObject) -> None:
    assert not set(signs).isdisjoint(data.draw(st.from_regex(pattern)))


@pytest.mark.parametrize("text", ["Write a poem. ", "Write a poem (math)", "[math] Write a poem ", " ", "(math)"])
def test_a_task_without_a_kind_ends_with_its_last_sign(text: str) -> None:
    left = re.sub(r"\A\[math\] |\s*\(math\)\Z", "", text).rstrip()
    assert series._without_known_kind(text) == (left or text)


@pytest.mark.parametrize("behind", [": Add two numbers.", "： Add two numbers.", ":"])
@pytest.mark.parametrize("before", ["", "## "])
def test_labelled_tasks_are_found_by_each_colon(before: str, behind: str) -> None:
    listing = read_task_records(f"{before}Instruction{behind}\nAdd.\n{before}Input{behind}\n{before}Output{behind}")
    assert listing is not None
    assert len(listing.items) == 1


def test_headings_need_no_colon_to_be_labels() -> None:
    listing = read_task_records("## Instruction\nAdd two numbers.\n## Output\n4")
    assert listing is not None
    assert [item.lines for item in listing.items] == [["Add two numbers."]]


def test_a_task_of_one_paragraph_is_not_asked_for_its_data() -> None:
    class Unused:
        """Stands for a pattern that no single paragraph needs."""

        def search(self, text: str) -> None:
            raise AssertionError(text)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("selfinstruct_chat.items._BRINGS_DATA", Unused())
        assert split_item(ListItem(["Summarise the following text."])) == ("Summarise the following text.", "", "")
    assert _BRINGS_DATA.search("Summarise the following text.")
