"""The novelty rule: drop a draft that says what the pool already says."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from selfinstruct.api import Deferred, Draft, Filter, Options, Verdict, drop, keep
from selfinstruct.api.similarity import TOKENISERS, Pool


class RougeLOptions(Options):
    """Options of the filter `rouge-l`."""

    threshold: float = Field(0.7, ge=0, le=1, description="Drop a draft whose ROUGE-L F1 with any entry is above this.")
    tokeniser: Literal["unicode", "classical"] = Field(
        "unicode", description="unicode: text of any script; classical: a-z and 0-9 only, like rouge_score."
    )
    ties: Literal["older", "numpy"] = Field(
        "older", description="Order of equally near entries: older first, or numpy: as in the reference code."
    )
    nearest: int = Field(10, ge=1, description="How many of the nearest entries are recorded.")


class RougeLFilter(Filter[Draft]):
    """Drop a draft whose ROUGE-L F1 with any seed or accepted instruction is above a threshold (paper, section 2.2)."""

    def __init__(self, options: RougeLOptions) -> None:
        self._options = options
        self._pool = Pool(TOKENISERS[options.tokeniser])

    def evaluate(self, item: Draft) -> Verdict:
        """Drop the draft if any entry is too near, naming the nearest, the oldest of equals, and its score."""
        options = self._options
        if (match := self._pool.decide(item.text, options.threshold)) is not None:
            return drop("not-novel", nearest=match.text, score=match.score)
        return keep(Deferred(len(self._pool), options.tokeniser, options.nearest, options.ties))

    def nearness(self, item: Draft) -> float:
        """The highest ROUGE-L F1 with any entry."""
        match = self._pool.decide(item.text, 0.0)
        return match.score if match else 0.0

    def observe(self, item: Draft) -> None:
        """Let the draft join the pool."""
        self._pool.add(item.text)


BEFORE = (Draft("Name three famous rivers in Asia."),)
KEPT = Draft("Explain why rivers in Asia carry so much sand.")
DROPPED = Draft("Name four famous rivers in Asia.")
