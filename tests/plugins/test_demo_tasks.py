"""The tasks of the demo backend differ from each other, pass the simple filters, and are answered rightly."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from random import Random
from types import FrameType

import pytest
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cdist

from selfinstruct_demo.classify import is_classification
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.reply import reply_to
from selfinstruct_demo.tasks import draw_task, families, recognise, right_answer
from selfinstruct_demo.words import lexicon
from selfinstruct_demo.wrong import OUTPUT_FAULTS, spoil
from tests.plugins.demo_options import faultless

OFF_LIMITS = re.compile(
    r"\b(?:images?|graphs?|pictures?|files?|maps?|draw|plot|go to|video|audio|music|flowchart|diagram)\b", re.IGNORECASE
)


@pytest.fixture(scope="module")
def tasks() -> list[str]:
    rng = Random(1)
    return [draw_task(rng) for _ in range(5000)]


def test_fifty_thousand_tasks_are_distinct() -> None:
    rng = Random(2)
    assert len({draw_task(rng) for _ in range(50_500)}) >= 50_000


def test_tasks_pass_the_simple_filters(tasks: list[str]) -> None:
    for task in tasks:
        assert 3 <= len(task.split()) <= 150, task
        assert re.match(r"[A-Z]", task), task
        assert not OFF_LIMITS.search(task), task
        assert not task.startswith("Write a program"), task


def test_tasks_are_well_formed(tasks: list[str]) -> None:
    for task in tasks:
        assert task.isascii()
        assert not re.search(r"\n|  | [,.?]|\.\.", task), task
        assert not re.search(r"(?<!letter )\ba [aei]", task), task
        assert task[-1] in '.?"', task


def test_tasks_in_lower_case_as_the_paper_writes_them_are_answered() -> None:
    rng = Random(4)
    known = [task for _ in range(2000) if (task := recognise(draw_task(rng).capitalize())) is not None]
    assert len(known) > 1000
    assert all(task.draw_labelled(rng) if task.labels else task.draw_case(rng) for task in known)


def test_about_a_fifth_of_tasks_are_classification(tasks: list[str]) -> None:
    assert 0.17 < sum(map(is_classification, tasks)) / len(tasks) < 0.23


def test_every_task_is_recognised_as_the_kind_that_drew_it() -> None:
    rng = Random(3)
    for family in (*families(True), *families(False)):
        for _ in range(40):
            task = family.draw(rng)
            known = recognise(task)
            assert known, task
            assert known.family is family, task


def test_the_answer_to_an_input_is_computed_from_the_input_alone() -> None:
    rng = Random(4)
    for family in (*families(True), *families(False)):
        for _ in range(20):
            task = family.draw(rng)
            known = recognise(task)
            assert known
            for given, output in known.draw_labelled(rng):
                assert output, task
                assert right_answer(task, given) == output, task
                assert not known.labels or output in known.labels, task


def test_all_labels_of_a_task_with_input_get_a_case() -> None:
    rng = Random(5)
    for family in families(True):
        known = recognise(family.draw(rng))
        assert known
        assert len(known.draw_labelled(rng)) == (len(known.labels) if known.takes_input else 1)


def test_no_word_is_of_two_kinds_of_things() -> None:
    counts = Counter(word for words in lexicon().values() for word in words)
    assert [word for word, count in counts.items() if count > 1] == []


def test_code_parses_and_a_wrong_one_does_not() -> None:
    rng = Random(6)
    always = faultless(broken_code=1)
    for family in families(False):
        if family.is_code:
            known = recognise(family.draw(rng))
            assert known
            case = known.draw_case(rng)
            ast.parse(case[1].strip("`").removeprefix("python\n"))
            with pytest.raises(SyntaxError):
                ast.parse(spoil(case, known, rng, options=always)[1].strip("`").removeprefix("python\n"))


@pytest.mark.parametrize("fault", OUTPUT_FAULTS)
def test_a_fault_of_outputs_never_leaves_a_right_case_at_rate_1(fault: str) -> None:
    rng, struck = Random(7), 0
    for family in (*families(True), *families(False)):
        for _ in range(20):
            known = recognise(family.draw(rng))
            assert known
            case = known.draw_case(rng)
            given, output = spoil(case, known, rng, options=faultless(**{fault: 1}))
            assert spoil(case, known, rng, options=faultless()) == case
            if (given, output) != case:
                struck += 1
                assert right_answer(known.text, given) != output, (known.text, output)
    assert struck >= 20


def test_a_rate_of_a_fault_of_outputs_is_the_share_of_wrong_answers() -> None:
    rng, stated, wrong = Random(8), 0, 0
    for _ in range(3000):
        known = recognise(draw_task(rng))
        assert known
        case = known.draw_case(rng)
        stated += known.family.is_stated
        wrong += spoil(case, known, rng, options=faultless(wrong_output=0.3)) != case
    assert stated > 500
    assert 0.25 < wrong / stated < 0.35


def test_nearly_all_tasks_are_novel(tasks: list[str]) -> None:
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


def calls_of(tasks: int) -> int:
    """The number of Python function calls for a few replies with so many tasks each."""
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


def test_the_work_of_a_reply_depends_only_on_its_number_of_tasks() -> None:
    reply_to([("human", "Write 8 new tasks.")], DemoOptions())  # reads the word lists, once
    few, many = calls_of(8), calls_of(64)
    assert many < 9 * few
    assert many < 20 * 64 * 100, "a task takes some dozens of calls: it does not look at all words"
