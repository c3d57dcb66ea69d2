"""A filter that bounds how often tasks begin alike, and a sampler that shows the shortest seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from selfinstruct.api import (
    GENERATE,
    Component,
    DataError,
    Draft,
    Filter,
    Instruction,
    Options,
    PoolView,
    Sampler,
    SeedTask,
    Settlement,
    Verdict,
    drop,
    hookimpl,
    keep,
)

SELFINSTRUCT_API = 1


class FirstWordsOptions(Options):
    """Options of the filter `first-words`."""

    most: int = Field(2, ge=1, description="How many accepted tasks may begin with the same word.")


class FirstWords(Filter[Draft]):
    """Keeps count of the words that accepted tasks begin with; seeds do not count."""

    def __init__(self, options: FirstWordsOptions) -> None:
        self._most = options.most
        self._counts: Counter[str] = Counter()

    def evaluate(self, item: Draft) -> Verdict:
        """Count, and remember nothing."""
        word = first_word(item.text)
        return keep() if self._counts[word] < self._most else drop("begins-alike", word=word, times=self._counts[word])

    def observe(self, item: Draft) -> None:
        """Remember what was accepted."""
        if not item.notes.get("seed"):
            self._counts[first_word(item.text)] += 1


class ShortestOptions(Options):
    """Options of the sampler `shortest`."""

    total: int = Field(4, ge=1, description="How many seed tasks a prompt shows.")


class Shortest(Sampler):
    """Shows some of the shortest seeds, in an order that differs from request to request."""

    def __init__(self, options: ShortestOptions) -> None:
        self._total = options.total

    def sample(self, view: PoolView) -> Sequence[Instruction]:
        """Draw from the shorter half."""
        half = sorted(view.seeds, key=lambda seed: (len(seed.text), seed.id))
        return view.rng.sample(half[: max(self._total, len(half) // 2)], self._total)

    def check(self, seeds: Sequence[SeedTask]) -> None:
        """Want as many seeds as a prompt shows."""
        if len(seeds) < self._total:
            raise DataError(f"{len(seeds)} seed tasks are too few to show {self._total}")


def first_word(text: str) -> str:
    """A text's first word in lower case; empty if there is none."""
    return text.split(maxsplit=1)[0].casefold() if text.strip() else ""


@hookimpl
def selfinstruct_filters() -> list[Component[Filter[Any]]]:
    """Offer `first-words`."""
    summary = "Drop tasks that begin as too many others do"
    return [Component("first-words", summary, FirstWordsOptions, FirstWords, stages=(GENERATE,))]


@hookimpl
def selfinstruct_samplers() -> list[Component[Sampler]]:
    """Offer `shortest`."""
    return [Component("shortest", "Show short seed tasks", ShortestOptions, Shortest, stages=(GENERATE,))]


@hookimpl
def selfinstruct_settled(settlement: Settlement) -> None:
    """Say aloud what was kept."""
    for decision in settlement.decisions:
        if decision.fate == "accepted":
            print(f"haiku heard: {decision.text}")
