"""The demo's outputs, right or wrong by construction, against the filters of the default recipe for outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from selfinstruct.types import Example
from selfinstruct_demo.tasks import draw_task, recognise
from selfinstruct_demo.wrong import spoil
from tests.plugins.demo_options import faultless
from tests.plugins.filters.quality import filters

COMPARING = ("conflict", "duplicate-example", "near-duplicate")
"""Filters that compare an example with others, and so say nothing about its own output."""

CHECKS = [one for name, one in filters("prepare").items() if name not in COMPARING]


def is_dropped(example: Example) -> bool:
    return any(not check.evaluate(example).keep for check in CHECKS)


def cases(count: int, **rates: float) -> Iterator[tuple[Example, bool]]:
    """Examples of drawn tasks, and whether each has the mistake whose rate is given."""
    rng = Random(11)
    for _ in range(count):
        known = recognise(draw_task(rng))
        assert known
        case = known.draw_case(rng)
        given = spoil(case, known, rng, options=faultless(**rates))
        yield Example(known.text, *given, bool(known.labels), "g0.0"), given != case


def test_no_right_answer_is_dropped() -> None:
    dropped = [example for example, _ in cases(2000) if is_dropped(example)]
    assert not dropped


@pytest.mark.parametrize(
    "fault", ["wrong_output", "foreign_label", "broken_code", "missing_input", "echoed_input", "cut_output"]
)
def test_nine_of_ten_mistakes_that_a_look_at_one_example_can_show_are_found(fault: str) -> None:
    counts = Counter(is_dropped(example) for example, is_wrong in cases(1500, **{fault: 1.0}) if is_wrong)
    assert counts.total() >= 50
    assert counts[True] >= 0.9 * counts.total(), counts
