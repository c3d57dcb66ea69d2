"""What ratings say of a run's examples as a whole, and which examples they put first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from selfinstruct.store.curated import CuratedRun, KeptExample
from selfinstruct.types import Rating

QUESTIONS = ("valid task", "suitable input", "correct output")
"""What the three answers are about, in a reader's words."""


@dataclass(frozen=True, slots=True)
class RatingCounts:
    """How many examples are `rated`, how often each of the three answers is a yes, and how many have each score.

    The last of `scores` counts the examples in which all is right, as the paper's Table 2 does.
    """

    rated: int
    yes: tuple[int, int, int]
    scores: tuple[int, int, int, int]

    def shares(self) -> Iterator[tuple[str, float]]:
        """Each question, and all three together, with the share of examples that pass."""
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
    """The best examples: highest score first, of equals the older, those without a rating last.

    An edited example has the score of what the judge saw.
    """
    ratings = run.store.ratings()

    def rank(found: KeptExample) -> int:
        rating = ratings.get(found.original.digest)
        return 1 if rating is None else -rating.score

    return sorted(run.examples(), key=rank)[:most]
