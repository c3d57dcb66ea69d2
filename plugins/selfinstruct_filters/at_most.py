"""The rule about how many examples a task may have."""

from __future__ import annotations

from collections import Counter

from pydantic import Field

from selfinstruct.api import Example, Filter, Options, Verdict, drop, keep


class AtMostOptions(Options):
    """Options of the filter `at-most`."""

    most: int = Field(5, ge=1, description="Number of examples to keep per task: the first ones.")


class AtMostFilter(Filter[Example]):
    """Drop examples above a number per task, so that no task outweighs the others."""

    def __init__(self, options: AtMostOptions) -> None:
        self._most = options.most
        self._kept: Counter[str] = Counter()

    def evaluate(self, item: Example) -> Verdict:
        """Count what the task has."""
        kept = self._kept[item.subject]
        return keep() if kept < self._most else drop("enough-of-this-task", kept=kept)

    def observe(self, item: Example) -> None:
        """Count an example that is kept."""
        self._kept[item.subject] += 1


OPTIONS = {"most": 1}
BEFORE = (Example("Add the numbers.", "2 + 2", "4", False, "g0.0"),)
KEPT = Example("Name a river.", "", "The Nile.", False, "g0.1")
DROPPED = Example("Add the numbers.", "2 + 3", "5", False, "g0.0")
