"""No text makes a reader raise: pieces of all forms, replies of the corpus with such pieces in them, large texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from selfinstruct.api import Instruction, PostProcessor, Reply, Request
from selfinstruct_chat.prompts.instances import ChatInstancesReader
from selfinstruct_chat.readers.classification import ChatLabelsReader
from selfinstruct_chat.readers.examples import ChatExamplesReader
from selfinstruct_chat.readers.ratings import ChatRatingsReader
from selfinstruct_chat.readers.rows import read_rows
from selfinstruct_chat.readers.tasks import ChatTasksReader

from .scoring import CORPUS

SUBJECTS = (Instruction("a", "Write it.", None, False), Instruction("b", "Sort it.", None, True))
READERS: list[tuple[PostProcessor, tuple[Instruction, ...]]] = [
    (ChatTasksReader(), ()),
    (ChatLabelsReader(), SUBJECTS),
    (ChatLabelsReader(), SUBJECTS[:1]),
    (ChatInstancesReader(), SUBJECTS[:1]),
    (ChatExamplesReader(), SUBJECTS[:1]),
    (ChatExamplesReader(), SUBJECTS[1:]),
    (ChatRatingsReader(), SUBJECTS),
]
PIECES = (
    *("<think>", "</think>", "[THINK]", "assistantfinal", "<|channel|>final<|message|>", "</s>", "[INST]", "IV.", "a)"),
    *(
        "1. ",
        "2) ",
        "- ",
        "①",
        "1⃣",
        "٣",
        "²",
        "Input:",
        "Output:",
        "输入：",
        "例1",
        "<<INPUT>>",
        "<<OUTPUT>>",
        "Answer:",
    ),
    *("<<CLASS LABEL>>", "Example 2", "{", "}", "[", "]", '"', "'", ",", ";", "|", "---|---", "a,b", "->", "=", "→"),
    *("\n", "\r", "\r\n", "\t", "\x0b", "\x00", "\x85", "\u2028", "\ud800", "&lt;", "&#x20AC;", "&#99999999;", "<br>"),
    *("```", "```json\n", "[[a]]\n", "[a]\nx = 2024-02-30\n", "[a]\nx = inf\n", "\\n", "\\u12", "1e999", "null", "yes"),
    *("Task 1:", "**", "__", "#", "<task>", "</task>", "(math)", "*(Note: x)*", "<details><summary>", "</summary>"),
    *("9" * 5000, " " * 3000, "\n" * 300, "x" * 1000, "a, " * 500),
)
CORPUS_FILES = sorted(CORPUS.glob("*een/*/*.json"))


def read_all(text: str, finish: Any) -> None:
    for reader, subjects in READERS:
        reader.process(Request("generate", 0, (), subjects=subjects), Reply(text, finish))


FINISHES = st.sampled_from(["stop", "length"])


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), FINISHES)
@example("a,b\nc\rd,e\nf,g", "stop")
@example("Write a poem\n\x0b\nName a bird\nSing", "stop")
def test_pieces_of_all_forms(text: str, finish: Any) -> None:
    read_all(text, finish)


@given(
    st.sampled_from(CORPUS_FILES),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from(PIECES), st.integers(0, 40)), max_size=6),
    FINISHES,
)
@settings(max_examples=60)
def test_replies_of_the_corpus_that_were_damaged(
    path: Path, changes: list[tuple[float, str, int]], finish: Any
) -> None:
    text = str(json.loads(path.read_text("utf-8"))["reply"])
    for share, piece, lost in changes:
        at = int(share * len(text))
        text = text[:at] + piece + text[at + lost :]
    read_all(text, finish)


@pytest.mark.parametrize("piece", [*"\n\r\t\x0b,;|[{\"'`<>#*-:=", "1. ", "a,b\n", "<think>", "<<INPUT>>\n", "x"])
def test_large_texts(piece: str) -> None:
    read_all(piece * (140_000 // len(piece)), "length")


def test_a_value_of_any_length_is_no_error_of_a_table() -> None:
    assert read_rows("a,b\n1,2\n3," + "x" * 140_000) is None
