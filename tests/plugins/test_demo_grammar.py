"""The demo backend's tasks: fit for the simple filters, and all different."""

from __future__ import annotations

import re
import sys
from random import Random
from types import FrameType

import pytest
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cdist

from selfinstruct_demo.classify import is_classification
from selfinstruct_demo.compute import solve
from selfinstruct_demo.grammar import common, draw_task, fields, home_of, templates
from selfinstruct_demo.instances import LONGEST
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.reply import reply_to

OFF_LIMITS = re.compile(
    r"\b(?:images?|graphs?|pictures?|files?|maps?|draw|plot|go to|video|audio|music|flowchart|diagram)\b", re.IGNORECASE
)


@pytest.fixture(scope="module")
def tasks() -> list[str]:
    rng = Random(1)
    return [draw_task(rng) for _ in range(5000)]


def test_tasks_pass_the_simple_filters(tasks: list[str]) -> None:
    for task in tasks:
        assert 4 <= len(task.split()) <= 150, task
        assert re.match(r"[A-Z]", task), task
        assert not OFF_LIMITS.search(task), task
        assert not task.startswith("Write a program"), task


def test_tasks_are_well_formed(tasks: list[str]) -> None:
    for task in tasks:
        assert task.isascii()
        assert not re.search(r"[{}\n]|  | [,.?]|\.\.", task), task
        assert not re.search(r"\b[Aa] [aei]", task), task
        assert task[-1] in '.?"', task


def test_a_fifth_are_classification_tasks(tasks: list[str]) -> None:
    labelled = [task for task in tasks if re.search(r'" or "', task)]
    assert 0.17 < len(labelled) / len(tasks) < 0.23
    assert all(map(is_classification, labelled))
    assert sum(map(is_classification, tasks)) - len(labelled) < 0.02 * len(tasks)


def test_computed_tasks_can_be_solved(tasks: list[str]) -> None:
    assert 0.05 < sum(solve(task) is not None for task in tasks) / len(tasks) < 0.09


def test_nearly_all_are_novel_to_one_another(tasks: list[str]) -> None:
    words: dict[str, str] = {}
    texts = [
        "".join(words.setdefault(word, chr(0x20000 + len(words))) for word in re.findall(r"[a-z0-9]+", task.lower()))
        for task in tasks[:3000]
    ]
    novel = 0
    for row, text in enumerate(texts):
        lcs = cdist([text], texts[:row], scorer=LCSseq.similarity)[0] if row else []
        novel += all(2 * shared / (len(text) + len(other)) <= 0.7 for shared, other in zip(lcs, texts, strict=False))
    assert novel / 3000 > 0.9


def test_the_word_lists_are_as_wide_as_promised() -> None:
    assert len(fields()) >= 25
    assert len({topic for words in fields().values() for topic in words["topic"]}) >= 1500
    assert max(len(phrase.split()) for phrase in home_of()) <= LONGEST
    assert sum(len(templates()[kind]) for kind in ("open", "given", "classify")) >= 60
    slots = {slot for texts in templates().values() for text in texts for slot in re.findall(r"\{(\w+)", text)}
    known = set(common()) | set(fields()["cooking"])
    assert slots <= known | {"k", "n", "m", "numbers", "terms", "sentence", "subject", "kind", "labels"}


def test_every_field_has_every_list() -> None:
    for name, words in fields().items():
        assert set(words) == {"topic", "people", "role", "place", "trouble", "aim", "labelling"}, name
        assert all(len(found) >= 2 and all(found) for found in words.values()), name
        assert all(": " in label and ", " in label for label in words["labelling"]), name


def calls_of(tasks: int) -> int:
    """How many Python functions are called for a few replies of so many tasks each."""
    calls = 0

    def count(_frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        for number in range(20):
            reply_to([("system", f"Seed s{number}."), ("human", f"Write {tasks} new tasks.")], DemoOptions())
    finally:
        sys.setprofile(before)
    return calls


def test_the_work_of_a_reply_grows_with_its_tasks_alone() -> None:
    reply_to([("human", "Write 8 new tasks.")], DemoOptions())  # reads the word lists, once
    few, many = calls_of(8), calls_of(64)
    assert many < 9 * few
    assert many < 20 * 64 * 100, "a task takes some dozens of calls: it does not look at all words"
