"""The paper's filters for training examples: invalid, repeated or contradictory examples, and a maximum per task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import Field

from selfinstruct.api import Example, Filter, Options, Verdict, drop, keep
from selfinstruct_paper.instances import MOST_PER_TASK, conflicting_input, evaluate_instance


class InvalidFilter(Filter[Example]):
    """Drops an example without output, with the input as output, or with a colon at the end of input or output."""

    def evaluate(self, item: Example) -> Verdict:
        """The verdict on the input and the output."""
        return evaluate_instance(item.input, item.output)


class DuplicatesFilter(Filter[Example]):
    """Drops repeated examples of a task, and all examples of a task with two outputs for one input.

    Only complete and valid examples count as a conflict, as in the reference, even if no earlier filter drops the
    others. Examples without input never conflict.
    """

    def __init__(self) -> None:
        self._conflicts: dict[str, str] = {}
        self._kept: set[tuple[str, str, str]] = set()

    def prefetch(self, items: Sequence[Example]) -> None:
        """Find the conflicts of each task, because a conflict in its last example also drops its first."""
        pairs: dict[str, list[tuple[str, str]]] = {}
        for item in items:
            if not item.notes.get("cut") and evaluate_instance(item.input, item.output).keep:
                pairs.setdefault(item.subject, []).append((item.input, item.output))
        found = {subject: conflicting_input(of_task) for subject, of_task in pairs.items()}
        self._conflicts = {subject: text for subject, text in found.items() if text}

    def evaluate(self, item: Example) -> Verdict:
        """Drop an example of a task with a conflict, then a repeated example."""
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

    most: int = Field(MOST_PER_TASK, ge=1, description="Largest number of examples of one task.")


class PaperAtMostFilter(Filter[Example]):
    """Keeps the first few examples of each task.

    The reference draws five at random from a set, whose order differs from run to run. We keep the first ones instead.
    """

    def __init__(self, options: PaperAtMostOptions) -> None:
        self._most = options.most
        self._counts: Counter[str] = Counter()

    def evaluate(self, item: Example) -> Verdict:
        """Drop an example if enough examples of its task were kept."""
        return keep() if self._counts[item.subject] < self._most else drop("enough-of-this-task", most=self._most)

    def observe(self, item: Example) -> None:
        """Count a kept example."""
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
