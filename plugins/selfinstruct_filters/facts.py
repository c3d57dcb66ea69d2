"""The rule about the facts that `classify` found out about a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from selfinstruct.api import TASK_FACTS, Example, Filter, Options, TaskFact, Verdict, drop, keep


class FactsOptions(Options):
    """Options of the filter `facts`."""

    keep: dict[TaskFact, tuple[str, ...]] = Field(
        default_factory=dict, description='Values to keep, by fact, such as {difficulty = ["medium", "hard"]}.'
    )
    drop: dict[TaskFact, tuple[str, ...]] = Field(
        default_factory=dict, description='Values to drop, by fact, such as {harm = ["some", "serious"]}.'
    )

    @field_validator("keep", "drop")
    @classmethod
    def _are_values(cls, given: dict[TaskFact, tuple[str, ...]]) -> dict[TaskFact, tuple[str, ...]]:
        for name, values in given.items():
            if unknown := [value for value in values if value not in TASK_FACTS[name]]:
                raise ValueError(f"{name} is never {unknown[0]!r}; it is one of: {', '.join(TASK_FACTS[name])}")
        return given


class FactsFilter(Filter[Example]):
    """Drop examples by the facts about their task. An unknown fact drops nothing.

    The facts are those that `[classify] facts = [...]` asks for.
    """

    def __init__(self, options: FactsOptions) -> None:
        self._options = options

    def evaluate(self, item: Example) -> Verdict:
        """Compare each known fact with the values of the options."""
        for name, value in item.facts.items():
            if value in _of(self._options.drop, name) or value not in (_of(self._options.keep, name) or (value,)):
                return drop("unwanted-fact", fact=name, value=value)
        return keep()


def _of(chosen: Mapping[Any, tuple[str, ...]], name: str) -> tuple[str, ...]:
    return chosen.get(name, ())


OPTIONS = {"drop": {"harm": ["some", "serious"]}}
KEPT = Example("Name a river.", "", "The Nile.", False, "g0.0", {"facts": {"topic": "geography", "harm": "none"}})
DROPPED = Example("Write an insult.", "", "You fool.", False, "g0.1", {"facts": {"topic": "writing", "harm": "some"}})
