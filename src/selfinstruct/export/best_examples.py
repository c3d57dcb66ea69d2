"""Chooses some of a run's examples by rating and distance, evenly over groups if wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Literal, TypeAlias, get_args

from selfinstruct.api import Draft, Filter
from selfinstruct.errors import ConfigError, UsageError
from selfinstruct.store.curated import CuratedRun, KeptExample
from selfinstruct.types import Json, Rating, TaskFact

Balance: TypeAlias = Literal["label", "facts"] | TaskFact
BALANCES: tuple[str, ...] = tuple(name for part in get_args(Balance) for name in get_args(part) or (part,))
"""What a choice may be balanced over: a fact, all facts together, or the label of the task."""

UNRATED = -4.0
"""The quality of an example without a rating, below that of every other."""


@dataclass(frozen=True, slots=True)
class Selection:
    """How to choose: at most `most` examples, in turn from each group of `balance`, if there is one.

    `measure` is a filter that measures nearness, and `distance` its table in the config: `use`, and its options.
    """

    most: int
    measure: Filter[Draft]
    distance: Mapping[str, Json]
    balance: str = ""

    @property
    def measure_name(self) -> str:
        """The name of the filter."""
        return str(self.distance["use"])


def choose(run: CuratedRun, choice: Selection) -> list[KeptExample]:
    """The chosen examples, in the order of the choice. The same run and choice give the same examples.

    One example is chosen after the other: the one whose quality, less its nearness to those chosen before, is highest;
    of equal ones the oldest. As the nearness of an example only grows, its last known value is a bound, and few have to
    be measured again. Raises `UsageError` for a balance by facts in a run without any, and `ConfigError` for a filter
    that measures nothing.
    """
    found = list(run.examples())
    groups = [_group(one, choice.balance) for one in found]
    if choice.balance not in ("", "label") and not any(one.example.facts for one in found):
        hint = "A run knows facts if its config has [classify] facts when it classifies."
        raise UsageError(f"--balance {choice.balance}: no example of the run has facts", hint)
    ratings = run.store.ratings()
    quality = [quality_of(ratings.get(one.original.digest)) for one in found]
    drafts = [Draft(f"{one.example.instruction}\n{one.example.input}") for one in found]
    choice.measure.prefetch(drafts)
    queues: dict[str, list[tuple[float, int, int]]] = {}
    for place, name in enumerate(groups):
        queues.setdefault(name, []).append((-quality[place], place, 0))
    for queue in queues.values():
        heapify(queue)
    taken: Counter[str] = Counter()
    chosen: list[KeptExample] = []
    while queues and len(chosen) < choice.most:
        name = min(queues, key=lambda one: (taken[one], one))
        place = _next(queues[name], drafts, quality, choice=choice, chosen=len(chosen))
        choice.measure.observe(drafts[place])
        chosen.append(found[place])
        taken[name] += 1
        if not queues[name]:
            del queues[name]
    return chosen


def quality_of(rating: Rating | None) -> float:
    """How good an example is for the choice: 0 at best.

    A grade counts a quarter, so that it is weighed against nearness (0 to 1). Without a grade, the score of the three
    questions counts whole, so that a lower score never comes before a higher one.
    """
    if rating is None:
        return UNRATED
    return float(rating.score - 3) if rating.grade is None else (rating.grade - 5) / 4


def _next(
    queue: list[tuple[float, int, int]],
    drafts: Sequence[Draft],
    quality: Sequence[float],
    *,
    choice: Selection,
    chosen: int,
) -> int:
    """Remove the best example from a queue of costs, places, and the number of chosen ones when they were measured."""
    while True:
        _, place, measured = heappop(queue)
        if measured == chosen:
            return place
        nearness = choice.measure.nearness(drafts[place])
        if nearness is None:
            problem = f"export.distance.use: the filter '{choice.measure_name}' measures no nearness"
            raise ConfigError(problem, "Use rouge-l or semantic.")
        heappush(queue, (nearness - quality[place], place, chosen))


def _group(kept: KeptExample, balance: str) -> str:
    """The name of an example's group."""
    example = kept.example
    if balance == "label":
        return "classification" if example.is_classification else "other"
    if balance == "facts":
        return ", ".join(f"{name} {value}" for name, value in sorted(example.facts.items()))
    return example.facts.get(balance, "unknown") if balance else ""
