"""The rule against examples that were there before."""

from __future__ import annotations

from selfinstruct.api import Example, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.folding import folded


class DuplicateExampleFilter(Filter[Example]):
    """Drop an example that equals one of any task in instruction, input and output, ignoring case and spaces."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], str] = {}

    def evaluate(self, item: Example) -> Verdict:
        """Look the folded example up."""
        twin = self._known.get(_key(item))
        return keep() if twin is None else drop("duplicate", subject=twin)

    def observe(self, item: Example) -> None:
        """Remember the example by the task that had it first."""
        self._known.setdefault(_key(item), item.subject)


def _key(item: Example) -> tuple[str, str, str]:
    return folded(item.instruction), folded(item.input), folded(item.output)


BEFORE = (Example("Add the numbers.", "2 + 2", "4", False, "g0.0"),)
KEPT = Example("Add the numbers.", "2 + 3", "5", False, "g0.0")
DROPPED = Example("add the  numbers.", "2 + 2", "4", False, "g7.1")
