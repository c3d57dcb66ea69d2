"""The paper's rules for training examples: invalid ones, repeated and conflicting ones, and how many of a task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import Field

from selfinstruct.api import Example, Filter, Options, Verdict, drop, keep
from selfinstruct_paper.instances import MOST_PER_TASK, conflicting_input, evaluate_instance


class InvalidFilter(Filter[Example]):
    """Drops an example without output, with its input as output, or with a side that ends in a colon."""

    def evaluate(self, item: Example) -> Verdict:
        """Look at input and output only."""
        return evaluate_instance(item.input, item.output)


class DuplicatesFilter(Filter[Example]):
    """Drops what a task repeats, and all examples of a task that gives one input two outputs.

    Only whole and valid examples can be in conflict, whether or not a filter before this one drops the others: that is
    the reference's order. An empty input never is.
    """

    def __init__(self) -> None:
        self._conflicts: dict[str, str] = {}
        self._kept: set[tuple[str, str, str]] = set()

    def prefetch(self, items: Sequence[Example]) -> None:
        """Look for a conflict in each task, since the first of its examples falls with the last."""
        pairs: dict[str, list[tuple[str, str]]] = {}
        for item in items:
            if not item.notes.get("cut") and evaluate_instance(item.input, item.output).keep:
                pairs.setdefault(item.subject, []).append((item.input, item.output))
        found = {subject: conflicting_input(of_task) for subject, of_task in pairs.items()}
        self._conflicts = {subject: text for subject, text in found.items() if text}

    def evaluate(self, item: Example) -> Verdict:
        """Drop by what `prefetch` found, then by what was kept of the same task."""
        if item.subject in self._conflicts:
            return drop("conflicting-outputs", input=self._conflicts[item.subject])
        return drop("repeated") if _key(item) in self._kept else keep()

    def observe(self, item: Example) -> None:
        """Remember the example, so that its copies are dropped."""
        self._kept.add(_key(item))


def _key(item: Example) -> tuple[str, str, str]:
    return item.subject, item.input, item.output


class PaperAtMostOptions(Options):
    """Options of the filter `paper-at-most`."""

    most: int = Field(MOST_PER_TASK, ge=1, description="How many examples one task may have.")


class PaperAtMostFilter(Filter[Example]):
    """Keeps the first few examples of each task.

    The reference draws five at random, from a set whose order differs from run to run; to take the first is our choice.
    """

    def __init__(self, options: PaperAtMostOptions) -> None:
        self._most = options.most
        self._counts: Counter[str] = Counter()

    def evaluate(self, item: Example) -> Verdict:
        """Count what was kept of the item's task."""
        return keep() if self._counts[item.subject] < self._most else drop("enough-of-this-task", most=self._most)

    def observe(self, item: Example) -> None:
        """Count the example."""
        self._counts[item.subject] += 1


BEFORE = {
    "paper-duplicates": (Example("Add the numbers.", "2 + 2", "4", False, "g0.0"),),
    "paper-at-most": (Example("Add the numbers.", "2 + 2", "4", False, "g0.0"),),
}
OPTIONS = {"paper-at-most": {"most": 1}}
KEPT = {
    "paper-invalid": Example("Is the review good or bad?", "I left after ten minutes.", "Bad", True, "g0.0"),
    "paper-duplicates": Example("Add the numbers.", "2 + 2", "4", False, "g0.1"),
    "paper-at-most": Example("Name a river.", "", "The Nile.", False, "g0.1"),
}
DROPPED = {
    "paper-invalid": Example("List three fruits.", "", "Here are three fruits:", False, "g0.0"),
    "paper-duplicates": Example("Add the numbers.", "2 + 2", "4", False, "g0.0"),
    "paper-at-most": Example("Add the numbers.", "2 + 3", "5", False, "g0.0"),
}
REASONS = {
    "paper-invalid": ("empty-output", "output-repeats-input", "input-ends-with-colon", "output-ends-with-colon"),
    "paper-duplicates": ("conflicting-outputs", "repeated"),
    "paper-at-most": ("enough-of-this-task",),
}
