"""What ratings mean: many of one example become one, and `prepare` keeps or drops by the score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from selfinstruct.api import Filter, drop, keep
from selfinstruct.types import Example, Instruction, Rating, Verdict

RULE = "rating"
"""How the rule of the stage `prepare` is called that drops by the score."""

UNRATED = "unrated"
"""Its reason for dropping an example that no judge has rated (yet)."""


def rating_subjects(examples: Iterable[Example]) -> list[Instruction]:
    """What the stage `judge` asks about: every example once, by its digest. Seed tasks are nobody's to rate."""
    return [
        Instruction(digest, example.instruction, None, example.is_classification, example)
        for digest, example in {one.digest: one for one in examples if not one.notes.get("seed")}.items()
    ]


def merge_ratings(ratings: Sequence[Rating]) -> Rating:
    """The one rating that several of the same example amount to; where they differ, the answer is unknown."""
    first, *others = ratings
    answers = [
        answer if all(other.answers[at] == answer for other in others) else "unknown"
        for at, answer in enumerate(first.answers)
    ]
    return Rating(answers[0], answers[1], answers[2], first.subject, first.reason, first.notes)


class LowScoreFilter(Filter[Example]):
    """The rule that comes after all others of `prepare`: an example that a judge rated low is dropped.

    `ratings` are by the examples' digests. Seed tasks are nobody's to rate.
    """

    def __init__(self, ratings: Mapping[str, Rating], min_score: int, keep_unrated: bool) -> None:
        self._ratings = ratings
        self._min_score = min_score
        self._keep_unrated = keep_unrated

    def evaluate(self, item: Example) -> Verdict:
        """Drop what has a lower score than is wanted, and, if so wanted, what has none."""
        if item.notes.get("seed"):
            return keep()
        rating = self._ratings.get(item.digest)
        if rating is None:
            return keep() if self._keep_unrated else drop(UNRATED)
        if rating.score >= self._min_score:
            return keep()
        return Verdict(keep=False, reason="low-score", evidence={"score": rating.score, **rating.payload})
