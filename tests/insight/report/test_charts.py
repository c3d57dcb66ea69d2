"""The geometry of the plots."""

from __future__ import annotations

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.insight.report.charts import TICKS, ticks, wedges
from selfinstruct.insight.report.report_values import VerbCount, VerbPhrases

VERBS = (VerbCount("write", 9, (("poem", 6), ("story", 2))), VerbCount("sort", 4, (("list", 4),)))
FOUND = VerbPhrases(20, 15, 13, 3, VERBS)


@given(st.integers(1, 10**9), st.booleans())
def test_ticks_are_round_numbers_in_their_places(top: int, whole: bool) -> None:
    found = ticks(top, whole)
    values = [float(label.replace(",", "")) for _, label in found]
    assert 2 <= len(found) <= TICKS + 1
    assert values[0] == 0
    assert values[-1] <= top
    assert all(math.isclose(share, value / top) for (share, _), value in zip(found, values, strict=True))
    assert not whole or all("." not in label for _, label in found)


def test_an_axis_of_scores_has_fifths() -> None:
    assert [label for _, label in ticks(1.0)] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert [label for _, label in ticks(2, whole=True)] == ["0", "1", "2"]
    assert ticks(0) == [(0.0, "0")]


def angles(path: str) -> tuple[float, float]:
    """The first and last angle of a wedge's outer edge, as shares of a turn from the top."""
    numbers = [float(number) for number in re.findall(r"-?[0-9.]+", path)]
    first, last = numbers[2:4], numbers[9:11]
    return tuple(math.atan2(x, -y) / (2 * math.pi) % 1 for x, y in (first, last))  # type: ignore[return-value]


def test_wedges_are_as_wide_as_their_counts_and_objects_lie_outside_their_verb() -> None:
    drawn = list(wedges(FOUND))
    assert [(one.label, one.count) for one in drawn] == [
        ("write", 8), ("poem", 6), ("story", 2), ("sort", 4), ("list", 4),
    ]  # fmt: skip
    for wedge in drawn:
        first, last = angles(wedge.path)
        assert math.isclose((last - first) % 1, wedge.count / 12, abs_tol=1e-3)
    starts = [angles(one.path)[0] for one in drawn]
    assert starts[0] == starts[1] == 0
    assert math.isclose(starts[3], starts[4], abs_tol=1e-3)


def test_a_single_verb_fills_the_ring() -> None:
    (verb, noun) = wedges(VerbPhrases(1, 1, 1, 1, (VerbCount("write", 1, (("poem", 1),)),)))
    assert angles(verb.path)[1] > 0.999
    assert angles(noun.path)[1] > 0.999
