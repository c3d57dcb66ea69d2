"""The part of the corpus that was written together with the readers, its scorer, and how much work the readers do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from selfinstruct.api import Instruction, Reply, Request
from selfinstruct_chat.readers.classification import ChatLabelsReader
from selfinstruct_chat.readers.examples import ChatExamplesReader
from selfinstruct_chat.readers.ratings import ChatRatingsReader
from selfinstruct_chat.readers.tasks import ChatTasksReader
from tests.steps import steps
from tests.sweeps import quick

from .scoring import KINDS, Score, paths, score

SUBJECTS = tuple(Instruction(str(at), "Name a river.") for at in range(1, 4))
READERS: dict[str, Callable[[str], object]] = {
    "tasks": lambda text: ChatTasksReader().process(Request("generate", 0, ()), Reply(text, "length")),
    "labels": lambda text: ChatLabelsReader().process(
        Request("classify", 0, (), subjects=SUBJECTS), Reply(text, "length")
    ),
    "examples": lambda text: ChatExamplesReader().process(
        Request("prepare", 0, (), subjects=SUBJECTS[:1]), Reply(text, "length")
    ),
    "ratings": lambda text: ChatRatingsReader().process(
        Request("judge", 0, (), subjects=SUBJECTS), Reply(text, "length")
    ),
}


@pytest.mark.parametrize("kind", quick(KINDS, set(KINDS) - {"tasks with filters"}))
def test_every_reply_that_was_seen_is_read(kind: str) -> None:
    found = score("seen", kind)
    assert found.replies == len(paths("seen", kind)) > 0
    assert found.wrong == []


def test_the_scorer_counts_what_is_wrong_and_passes_over_what_is_optional() -> None:
    found = Score()
    found.count("a", ["x", "y", "z"], ["x", "w"], optional=["z", "v"])
    assert (found.read, found.expected, found.right) == (2, 2, 1)
    assert (found.precision, found.recall) == (0.5, 0.5)
    assert found.wrong == ["a: read 'y'", "a: missed 'w'"]


def test_a_task_that_a_model_repeats_counts_once_and_again_neither_way() -> None:
    found = Score()
    found.count("a", ["x", "x"], ["x"], optional=["x"])
    assert (found.read, found.expected, found.right, found.wrong) == (1, 1, 1, [])


PIECES = [
    "- a\n", "  - a\n", "1. a\n", "2. Write it.\n", "Answer: x\n", "Example: x\n", "abc ", "a\n", "Task: ", "# a\n",
    "1-yes, ", "1. yes\n", "no\n", "<<OUTPUT>>\nx\n", "Input: x\nOutput: y\n", "```\n", "| a |\n", "<li>a</li>\n",
    '["', "<think>\n", "</think>\n", "<|eot_id|>", "Type: x\n", "I hope this helps.\n", "### Instruction:\nx\n",
    "a) x\n", "x. -> ", '{"1": ', "<1> a\n", "Tugas 1: x\n", "<details>\n", "-a\n", "1. a\n\n", "<p>1. a</p>\n",
    "<a>\n", "Text: a\nLabel: b\n\n", "[INPUT]\nx\n[OUTPUT]\ny\n", "a -> b\n", "Input: a. Output: b\n",
]  # fmt: skip


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("piece", PIECES)
def test_work_grows_with_the_reply_and_no_faster(name: str, piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times the text takes four times the steps; with a rule that looks at all the rest, sixteen times."""
    monkeypatch.setattr("selfinstruct.text.json_reader.MOST_LOOKS", 2_000)
    read = READERS[name]
    read(piece)  # imports are no work on the reply
    least, most = (steps(partial(read, piece * size)) for size in (100, 400))
    assert most <= 7 * least + 30_000


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("line", ["a\n", "- a\n", "1. a\n", "a: b\n"])
def test_lines_beyond_the_greatest_number_cost_no_work(name: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfinstruct_chat.readers.replies.MOST_LINES", 100)
    read = READERS[name]
    read(line)
    full, ten_times = (steps(partial(read, line * size)) for size in (100, 1_000))
    assert ten_times <= 1.2 * full


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("piece", ["  - a\n", " " * 90_000 + "- a\n", "1-yes, ", '["', "</think>\n", "Task: ", "#"])
def test_a_million_characters_are_read(name: str, piece: str) -> None:
    """A rule whose work grows with the square of the text would take hours here."""
    READERS[name](piece * (1_000_000 // len(piece)))
