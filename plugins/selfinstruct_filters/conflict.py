"""The rule against two answers to the same question."""

from __future__ import annotations

from pydantic import Field

from selfinstruct.api import Example, Filter, Options, Verdict, drop, keep
from selfinstruct_filters.helpers.folding import folded


class ConflictOptions(Options):
    """Options of the filter `conflict`."""

    without_input: bool = Field(
        True, description="Whether two outputs of a task without an input conflict. An open task has many right ones."
    )


class ConflictFilter(Filter[Example]):
    """Drop an example that gives another output to an instruction and input that have one: the first stays."""

    def __init__(self, options: ConflictOptions) -> None:
        self._without_input = options.without_input
        self._outputs: dict[tuple[str, str], str] = {}

    def evaluate(self, item: Example) -> Verdict:
        """Look up which output the instruction and input have."""
        first = self._outputs.get(_question(item))
        if first is None or folded(first) == folded(item.output) or not (item.input or self._without_input):
            return keep()
        return drop("another-output", first=first[:200])

    def observe(self, item: Example) -> None:
        """Remember the first output."""
        self._outputs.setdefault(_question(item), item.output)


def _question(item: Example) -> tuple[str, str]:
    return folded(item.instruction), folded(item.input)


BEFORE = (Example("Add the numbers.", "2 + 2", "4", False, "g0.0"),)
KEPT = Example("Subtract the numbers.", "2 + 2", "0", False, "g0.1")
DROPPED = Example("Add the numbers.", "2 + 2", "5", False, "g0.0")
