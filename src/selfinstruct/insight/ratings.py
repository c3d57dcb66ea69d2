"""Counts the ratings of a run's examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from selfinstruct.types import Rating

QUESTIONS = ("valid task", "suitable input", "correct output")
"""Short names of the judge's three questions."""


@dataclass(frozen=True, slots=True)
class RatingCounts:
    """Counts of rated examples, of yes answers to each of the three questions, and of each score.

    The last of `scores` counts the examples with three yes answers, as in Table 2 of the paper. `grades` counts those
    with each grade; empty if there is none.
    """

    rated: int
    yes: tuple[int, int, int]
    scores: tuple[int, int, int, int]
    grades: Mapping[int, int] = field(default_factory=dict)

    def shares(self) -> Iterator[tuple[str, float]]:
        """The share of examples that pass each question, and all three."""
        for name, count in zip((*QUESTIONS, "all three"), (*self.yes, self.scores[3]), strict=True):
            yield name, count / max(1, self.rated)


def count_ratings(ratings: Iterable[Rating]) -> RatingCounts:
    """Count ratings."""
    rated, yes, scores = 0, [0, 0, 0], [0, 0, 0, 0]
    grades: Counter[int] = Counter()
    for rating in ratings:
        rated += 1
        scores[rating.score] += 1
        grades.update([rating.grade] if rating.grade is not None else [])
        for at, answer in enumerate(rating.answers):
            yes[at] += answer == "yes"
    by_grade = dict(sorted(grades.items(), reverse=True))
    return RatingCounts(rated, (yes[0], yes[1], yes[2]), (scores[0], scores[1], scores[2], scores[3]), by_grade)
