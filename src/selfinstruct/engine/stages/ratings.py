"""Merges the ratings of an example, and filters examples by score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from selfinstruct.api import Filter, drop, keep
from selfinstruct.types import Example, Instruction, Rating, Verdict

RULE = "rating"
"""The name of the filter of the stage `prepare` that drops examples by score."""

UNRATED = "unrated"
"""Its reason for dropping an example without a rating."""


def rating_subjects(examples: Iterable[Example]) -> list[Instruction]:
    """The subjects of the stage `judge`: every example once, by its digest. Seed tasks are not rated."""
    return [
        Instruction(digest, example.instruction, None, example.is_classification, example)
        for digest, example in {one.digest: one for one in examples if not one.notes.get("seed")}.items()
    ]


def merge_ratings(ratings: Sequence[Rating]) -> Rating:
    """Merge several ratings of one example into one. Where answers or grades differ, the merged one is unknown."""
    first, *others = ratings
    answers = [
        answer if all(other.answers[at] == answer for other in others) else "unknown"
        for at, answer in enumerate(first.answers)
    ]
    grade = first.grade if all(other.grade == first.grade for other in others) else None
    return Rating(answers[0], answers[1], answers[2], first.subject, first.reason, first.notes, grade)


class LowScoreFilter(Filter[Example]):
    """Drops examples with a low rating; the last filter of `prepare`.

    `ratings` are by the digests of examples. Seed tasks are not rated and pass.
    """

    def __init__(self, ratings: Mapping[str, Rating], min_score: int, keep_unrated: bool) -> None:
        self._ratings = ratings
        self._min_score = min_score
        self._keep_unrated = keep_unrated

    def evaluate(self, item: Example) -> Verdict:
        """Drop an example with a lower score, and, if unrated examples are not kept, one without a rating."""
        if item.notes.get("seed"):
            return keep()
        rating = self._ratings.get(item.digest)
        if rating is None:
            return keep() if self._keep_unrated else drop(UNRATED)
        if rating.score >= self._min_score:
            return keep()
        return Verdict(keep=False, reason="low-score", evidence={"score": rating.score, **rating.payload})
