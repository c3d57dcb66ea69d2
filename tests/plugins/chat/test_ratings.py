"""The review of examples: its prompt, and the reader of its many answers, held to a corpus of replies."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import Example, Instruction, Rating, Reply, Request
from selfinstruct.types import Finish
from selfinstruct_chat.prompts.judge import MARK, SYSTEM, ChatJudgeEncoder, ChatJudgeOptions
from selfinstruct_chat.readers.ratings import LONGEST_REASON, ChatRatingsReader

CORPUS = tomllib.loads((Path(__file__).parents[2] / "corpus" / "ratings.toml").read_text("utf-8"))["reply"]
SIGNS = {"yes": "y", "no": "n", "unknown": "?"}


def subject(instruction: str, input: str = "", output: str = "An answer.", identity: str = "a") -> Instruction:  # noqa: A002
    return Instruction(identity, instruction, None, False, Example(instruction, input, output, False, "g0.0"))


def ratings(text: str, count: int, finish: Finish = "stop") -> list[Rating]:
    subjects = tuple(subject(f"Task {number}.", identity=str(number)) for number in range(1, count + 1))
    return list(ChatRatingsReader().process(Request("judge", 0, (), subjects=subjects), Reply(text, finish)))


def signs(rating: Rating) -> str:
    return f"{rating.subject} " + "".join(SIGNS[answer] for answer in rating.answers)


# --- the reader -------------------------------------------------------------------------------------------------------


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 25
    assert len({reply["name"] for reply in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize("reply", CORPUS, ids=lambda reply: reply["name"])
def test_a_reply_of_the_corpus_is_read(reply: dict[str, Any]) -> None:
    found = ratings(reply["text"], reply["count"], reply.get("finish", "stop"))
    assert [signs(rating) for rating in found] == reply["read"]
    if "reasons" in reply:
        assert [rating.reason for rating in found] == reply["reasons"]


GRADE_2 = '"grade": "2", "reason": "the sum is wrong"'
YES_YES = '"task": "yes", "input": "yes"'


@pytest.mark.parametrize(
    "reply",
    [
        "1. yes/yes/no grade 2 - the sum is wrong\n2. yes/yes/yes grade 5",
        "1) Yes/Yes/No, Grade: **2** of 5, reason: the sum is wrong\n2) all yes, final grade = 5/5",
        "Example 1\ntask: yes\ninput: yes\noutput: no\ngrade: 2\nreason: the sum is wrong\nNo. 2\nall yes, grade 5",
        f'{{"1": {{{YES_YES}, "output": "no", {GRADE_2}}}, "2": {{{YES_YES}, "output": "yes", "grade": 5}}}}',
    ],
)  # fmt: skip
def test_grades_are_read_beside_the_answers(reply: str) -> None:
    found = ratings(reply, 2)
    assert [signs(rating) for rating in found] == ["1 yyn", "2 yyy"]
    assert [(rating.grade, rating.reason) for rating in found] == [(2, "the sum is wrong"), (5, "")]


def test_a_grade_that_contradicts_itself_or_is_none_of_the_five_is_no_grade() -> None:
    assert [rating.grade for rating in ratings("1. yes/yes/yes grade 2\n1. yes/yes/yes grade 4", 1)] == [None]
    for said in ("grade 7", "grade 4.5", "grade 45", "the grade is 4", "5"):
        assert [rating.grade for rating in ratings(f"1. yes/yes/yes {said}", 1)] == [None]


@given(st.text(), st.integers(1, 9), st.sampled_from(["stop", "length", "filtered", "unknown"]))
def test_any_text_is_read_without_a_fault(text: str, count: int, finish: Finish) -> None:
    _is_whole(ratings(text, count, finish), count)


FRAGMENTS = st.lists(
    st.sampled_from(
        ["1", "2", "30", ".", ":", "/", "\n", " ", "yes", "no", "maybe", "Q1", "- ", "|", "**", "{", "}", "[", "]", '"',
         ",", "Example ", "input: ", "reason: ", "```", "<think>", "</think>", "✓", "n/a", "\ud800", "١", "9" * 5000]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(FRAGMENTS, st.integers(1, 4), st.sampled_from(["stop", "length"]))
def test_pieces_of_replies_in_any_order_are_read_without_a_fault(text: str, count: int, finish: Finish) -> None:
    _is_whole(ratings(text, count, finish), count)


def _is_whole(found: list[Rating], count: int) -> None:
    assert all(answer in SIGNS for rating in found for answer in rating.answers)
    assert all(len(rating.reason) <= LONGEST_REASON for rating in found)
    numbers = [int(rating.subject) for rating in found]
    assert numbers == sorted(set(numbers)), "one rating for each, in order"
    assert set(numbers) <= set(range(1, count + 1))


ANSWERS = st.lists(st.tuples(*[st.sampled_from(["yes", "no"])] * 3), min_size=1, max_size=12)


@given(ANSWERS, st.sampled_from(["/", ", ", " / ", " "]), st.sampled_from(["{}. ", "{}: ", "**{}.** ", "Example {}: "]))
def test_what_is_written_as_asked_is_read_back(answers: list[tuple[str, str, str]], between: str, marker: str) -> None:
    lines = [marker.format(number) + between.join(said) for number, said in enumerate(answers, start=1)]
    assert [rating.answers for rating in ratings("\n".join(lines), len(answers))] == answers


@given(ANSWERS, st.data())
def test_an_answer_that_is_not_there_is_never_a_yes(answers: list[tuple[str, str, str]], data: st.DataObject) -> None:
    """Whatever is cut out of a line, no answer turns into a yes that was a no or is gone."""
    lines = [f"{number}. {'/'.join(said)}" for number, said in enumerate(answers, start=1)]
    at = data.draw(st.integers(0, len(lines) - 1))
    words = lines[at].partition(" ")[2].split("/")
    del words[data.draw(st.integers(0, 2))]
    lines[at] = f"{at + 1}. {'/'.join(words)}"
    found = {rating.subject: rating for rating in ratings("\n".join(lines), len(answers))}
    assert found[str(at + 1)].score == 0
    for number, said in enumerate(answers, start=1):
        if number != at + 1:
            assert found[str(number)].answers == said


def test_a_long_line_takes_no_long_time() -> None:
    """Ten thousand half answers are read in the time of a test, whatever the sign between them."""
    for text in (
        "1. " + "yes/" * 10_000,
        "1" * 100_000,
        "[" * 50_000,
        '{"1": ' * 5_000,
        "* _" * 30_000,
        "a: " * 20_000,
    ):
        _is_whole(ratings(text, 3), 3)


# --- the prompt -------------------------------------------------------------------------------------------------------


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_the_prompt() -> None:
    encoder = ChatJudgeEncoder(ChatJudgeOptions())
    system, user = encoder.encode((), [subject("Add.", "1 and 2", "3"), subject("Name a river.", "", "Rhine")])
    assert (system.role, system.text, user.role) == ("system", SYSTEM, "user")
    assert lines_of(user.text) == [
        {"number": 1, "instruction": "Add.", "input": "1 and 2", "output": "3"},
        {"number": 2, "instruction": "Name a river.", "input": "", "output": "Rhine"},
    ]
    assert user.text.endswith("Review each, numbered 1 to 2.")
    assert encoder.encode((), [subject("Add.")])[1].text.endswith("Review example 1.")
    assert encoder.encode((), [subject("Add.")])[0] == system, "the same for every request"


@given(st.lists(st.tuples(st.text(min_size=1), st.text(), st.text()), min_size=1, max_size=5))
def test_no_text_of_an_example_can_pass_for_another_example(texts: list[tuple[str, str, str]]) -> None:
    _, user = ChatJudgeEncoder(ChatJudgeOptions(longest=10_000)).encode((), [subject(*three) for three in texts])
    shown = [json.loads(line) for line in user.text.split("\n") if line.startswith("{")]
    assert [(row["instruction"], row["input"], row["output"]) for row in shown] == texts
    assert [row["number"] for row in shown] == list(range(1, len(texts) + 1))


def test_a_long_text_is_shortened_in_its_middle() -> None:
    _, user = ChatJudgeEncoder(ChatJudgeOptions(longest=100)).encode(
        (), [subject("Sum up.", "a" * 90 + "b" * 90, "c" * 100)]
    )
    (row,) = lines_of(user.text)
    assert row["input"] == "a" * 75 + MARK + "b" * 25
    assert row["output"] == "c" * 100
