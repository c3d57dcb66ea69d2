"""The parser looks at a text before it tries a pattern, and reads it as if it tried each pattern on each text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import Instruction, Reply, Request
from selfinstruct.text import json_reader
from selfinstruct_chat.readers import answer_words, framing, layout, line_labels, lists, series, tidying
from selfinstruct_chat.readers.examples import ChatExamplesReader
from selfinstruct_chat.readers.glued_parts import _BRINGS_DATA, split_item
from selfinstruct_chat.readers.lists import ListItem
from selfinstruct_chat.readers.records import read_task_records
from selfinstruct_chat.readers.tasks import ChatTasksReader
from tests.sweeps import examples


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
    [(series._KNOWN_FIRST, "([【"), (series._KNOWN_LAST, "([【`*_"), (series._KIND_LAST, "[(【|–—")],
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


class Unused:
    """Stands for a pattern that is not needed."""

    def search(self, text: str) -> None:
        raise AssertionError(text)

    match = fullmatch = finditer = search


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (line_labels, "LABEL"),
        (tidying, "_AGAIN"),
        (answer_words, "_INLINE"),
        (answer_words, "_ABOUT"),
        (series, "_PLAIN_TITLE"),
        (layout, "_FENCED"),
        (layout, "_IN_TAGS"),
        (json_reader, "_START"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__.rpartition(".")[2],
)
def test_plain_tasks_are_read_without_the_slow_patterns(
    module: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, Unused())
    reply = Reply("1. Name a river.\n2. Name a lake that is deep.\n\n3. Name a sea.", "stop")
    drafts = ChatTasksReader().process(Request("generate", 0, ()), reply)
    assert [draft.text for draft in drafts] == ["Name a river.", "Name a lake that is deep.", "Name a sea."]


@pytest.mark.parametrize(
    ("pattern", "signs"),
    [
        (tidying._AGAIN, ":："),
        (answer_words._INLINE, answer_words._INLINE_SIGNS),
        (series._PLAIN_TITLE, series._TITLE_SIGNS),
        (layout._FENCED, ["```"]),
        (layout._IN_TAGS, ["</"]),
        (json_reader._START, "[{"),
    ],
    ids=["again", "inline", "title", "fence", "tags", "json"],
)
@examples(40)
@given(data=st.data())
def test_each_match_holds_a_sign_that_is_looked_for_first(
    pattern: re.Pattern[str], signs: Sequence[str], data: st.DataObject
) -> None:
    text = data.draw(st.from_regex(pattern))
    assert any(map(text.__contains__, signs))


@examples(200)
@given(st.text("ab1:：-–—*_# .[\n", max_size=12))
def test_a_label_has_a_sign(line: str) -> None:
    plain = any(map(line.__contains__, line_labels._LABEL_SIGNS))
    assert plain or line_labels.label_at(f"Input{line}") is None


@examples(300)
@given(st.text('a1.:";) \t', max_size=12))
def test_items_on_one_line_are_parted_as_by_the_plain_pattern(text: str) -> None:
    plain = re.compile(r"(?:(?<=[.?!:\"”])|;)[ \t]+(?=(\d{1,2})[.)][ \t]+[^\W\d_])")
    assert [found.span() for found in lists._RUN_ON.finditer(text)] == [found.span() for found in plain.finditer(text)]


def test_words_at_the_end_are_looked_for_once_where_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    plain = framing._CLOSER

    class Counted:
        """Counts the searches."""

        def search(self, text: str) -> re.Match[str] | None:
            asked.append(text)
            return plain.search(text)

    monkeypatch.setattr(framing, "_CLOSER", Counted())
    assert framing.without_closers("4 and 5.", "Add.") == "4 and 5."
    assert len(asked) == 1


@pytest.mark.parametrize("text", ["Input: four", "Input: 4\nOutput: 5"])
def test_labels_inside_a_line_are_looked_for_where_it_has_another_colon(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_labels, "_INSIDE", Unused())
    assert line_labels.one_label_a_line(line_labels.LabelledText.from_text(text)).text == text


def test_deep_indentation_is_passed_over_once() -> None:
    """Trying a number behind each part of the spaces would take hours."""
    spaces = " " * 1_000_000
    assert not lists.has_marker(f"{spaces}word")
    assert not answer_words.starts_answer(f"{spaces}word")
    assert split_item(ListItem(["Name a river.", f"{spaces}word"]))[0].startswith("Name a river.")


def test_a_task_of_one_paragraph_is_not_asked_for_its_data() -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("selfinstruct_chat.readers.glued_parts._BRINGS_DATA", Unused())
        assert split_item(ListItem(["Summarise the following text."])) == ("Summarise the following text.", "", "")
    assert _BRINGS_DATA.search("Summarise the following text.")


@pytest.mark.parametrize("text", ["Input: 4\nOutput: IV", "\nInput: 4\n\nOutput: IV", "<<INPUT>> 4\n<<OUTPUT>> IV"])
def test_each_line_of_an_example_is_searched_once_for_a_label(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = Counter[str]()
    plain = line_labels._SEPARATOR

    class Counted:
        """Counts the lines that are searched."""

        def fullmatch(self, line: str) -> re.Match[str] | None:
            looked[line] += 1
            return plain.fullmatch(line)

    monkeypatch.setattr(line_labels, "_SEPARATOR", Counted())
    subject = Instruction("g0.0", "Write it in Roman numerals.", is_classification=False)
    found = ChatExamplesReader().process(Request("prepare", 0, (), subjects=(subject,)), Reply(text, "stop"))
    assert [(one.input, one.output) for one in found] == [("4", "IV")]
    assert set(text.strip().split("\n")) <= set(looked)
    assert max(looked[line] for line in text.split("\n") if line) == 1
