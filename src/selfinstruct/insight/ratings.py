"""Counts the ratings of a run's examples, and selects the best examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from selfinstruct.store.curated import CuratedRun, KeptExample
from selfinstruct.types import Rating

QUESTIONS = ("valid task", "suitable input", "correct output")
"""Short names of the judge's three questions."""


@dataclass(frozen=True, slots=True)
class RatingCounts:
    """Counts of rated examples, of yes answers to each of the three questions, and of each score.

    The last of `scores` counts the examples with three yes answers, as in Table 2 of the paper.
    """

    rated: int
    yes: tuple[int, int, int]
    scores: tuple[int, int, int, int]

    def shares(self) -> Iterator[tuple[str, float]]:
        """The share of examples that pass each question, and all three."""
        for name, count in zip((*QUESTIONS, "all three"), (*self.yes, self.scores[3]), strict=True):
            yield name, count / max(1, self.rated)


def count_ratings(ratings: Iterable[Rating]) -> RatingCounts:
    """Count ratings."""
    rated, yes, scores = 0, [0, 0, 0], [0, 0, 0, 0]
    for rating in ratings:
        rated += 1
        scores[rating.score] += 1
        for at, answer in enumerate(rating.answers):
            yes[at] += answer == "yes"
    return RatingCounts(rated, (yes[0], yes[1], yes[2]), (scores[0], scores[1], scores[2], scores[3]))


def best(run: CuratedRun, most: int) -> list[KeptExample]:
    """The `most` best examples, by falling score, then age. Unrated examples come last.

    An edited example has the score of the text before the edit.
    """
    ratings = run.store.ratings()

    def rank(found: KeptExample) -> int:
        rating = ratings.get(found.original.digest)
        return 1 if rating is None else -rating.score

    return sorted(run.examples(), key=rank)[:most]
