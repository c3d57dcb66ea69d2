"""The tasks that the demo can write, recognise and answer rightly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from selfinstruct_demo.tasks import code, labels, numbers, stories, tables, texts
from selfinstruct_demo.tasks.family import LONGEST_TASK, Family

CLASSIFICATION_SHARE = 0.2
TOPICS = {
    "mathematics": (*numbers.FAMILIES, *stories.FAMILIES),
    "language": (*texts.FAMILIES, *labels.FAMILIES),
    "technology": tables.FAMILIES,
    "programming": code.FAMILIES,
}
TRIES = 60
"""Inputs that are drawn to find one for each label."""


@dataclass(frozen=True, slots=True)
class KnownTask:
    """A task of the demo: its kind, and the words in its slots."""

    text: str
    family: Family
    slots: Mapping[str, str]

    @property
    def takes_input(self) -> bool:
        """Whether the task works on an input."""
        return self.family.give is not None

    @property
    def topic(self) -> str:
        """What the task is about."""
        return next(topic for topic, known in TOPICS.items() if any(self.family is one for one in known))

    @property
    def difficulty(self) -> str:
        """How hard the task is for a person."""
        return "hard" if self.family.is_code else "easy" if self.labels else "medium"

    @property
    def labels(self) -> Sequence[str]:
        """The outputs that a classification task allows; empty for other tasks."""
        return () if self.family.labels is None else self.family.labels(self.slots)

    def answer(self, given: str = "") -> str:
        """The right output for an input. Raises `ValueError` or `LookupError` for an input of another form."""
        return self.family.answer({**self.slots, "input": given})

    def draw_case(self, rng: Random) -> tuple[str, str]:
        """An input (empty if the task needs none) and its right output."""
        given = self.family.give(self.slots, rng) if self.family.give else ""
        return given, self.answer(given)

    def draw_labelled(self, rng: Random) -> list[tuple[str, str]]:
        """A case for each label, in the order of the labels; one case if the task holds what is to be classified."""
        if not self.takes_input:
            return [self.draw_case(rng)]
        found = {output: given for given, output in (self.draw_case(rng) for _ in range(TRIES))}
        return [(found[label], label) for label in self.labels if label in found]


def draw_task(rng: Random, classification: bool = False) -> str:
    """A new task: a classification task if `classification` is set, and otherwise in one of five cases."""
    is_labelled = rng.random() < CLASSIFICATION_SHARE
    return rng.choice(families(classification or is_labelled)).draw(rng)


def recognise(task: str) -> KnownTask | None:
    """The kind of a task and its words; `None` if the demo does not write such tasks."""
    if len(task) > LONGEST_TASK:
        return None
    for family in (*families(False), *families(True)):
        if (slots := family.read(task)) is not None:
            return KnownTask(task, family, slots)
    return None


def right_answer(instruction: str, given: str) -> str | None:
    """The right output for a task and an input; `None` if the task is not the demo's, or the input not for it."""
    task = recognise(instruction)
    if task is None or task.takes_input != bool(given):
        return None
    try:
        return task.answer(given)
    except (LookupError, ValueError):
        return None


@cache
def families(classification: bool) -> Sequence[Family]:
    """The kinds of classification tasks, or all other kinds."""
    if classification:
        return labels.FAMILIES
    return (*numbers.FAMILIES, *texts.FAMILIES, *tables.FAMILIES, *stories.FAMILIES, *code.FAMILIES)
