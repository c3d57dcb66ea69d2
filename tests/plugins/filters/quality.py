"""Counts how many good and plainly bad instructions and examples the default recipe keeps, and which filter drops what.

The test asserts what this counts, and `benchmarks/quality.py` prints it. Each text is filtered by itself: nothing is a
copy of anything. Half of the material is held out: it is measured, and nobody looks at which of its texts fail.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from selfinstruct.api import Draft, Example, Filter, Instruction
from selfinstruct.config import read_recipe, resolve
from selfinstruct.config.seeds import BUILTIN, read_seeds
from selfinstruct.types import GENERATE, PREPARE
from selfinstruct_chat.prompts.tasks import ChatTasksEncoder, ChatTasksOptions

from .chain import REGISTRY
from .counting import good_instructions

CORPUS = Path(__file__).parents[2] / "corpus" / "quality"
Part = Literal["seen", "held out", "seeds"]
"""Material that the rules were made on, material that is only measured, and the seed tasks."""

MOST_GOOD_DROPPED, MOST_BAD_KEPT = 0.005, 0.15
"""The shares that the default recipe may get wrong."""

PARTS: tuple[Part, ...] = ("seen", "held out", "seeds")


@dataclass(frozen=True, slots=True)
class Case:
    """One text with its part, its kind, and whether it is good."""

    stage: str
    part: Part
    kind: str
    is_good: bool
    item: Draft | Example


@dataclass(slots=True)
class Tally:
    """How many cases some filter, or all of them, looked at and dropped; `wrong` names those that went wrong."""

    good: int = 0
    bad: int = 0
    good_dropped: int = 0
    bad_dropped: int = 0
    wrong: list[str] = field(default_factory=list)

    def count(self, case: Case, why: str) -> None:
        """Count a case, and why it was dropped: empty if it was kept."""
        is_dropped = bool(why)
        self.good += case.is_good
        self.bad += not case.is_good
        self.good_dropped += case.is_good and is_dropped
        self.bad_dropped += not case.is_good and is_dropped
        if case.is_good == is_dropped:
            self.wrong.append(f"{case.kind}: {_shown(case.item)}" + (f" [{why}]" if why else ""))

    @property
    def precision(self) -> float:
        """The share of bad cases among those that were dropped; 1 if nothing was."""
        dropped = self.good_dropped + self.bad_dropped
        return self.bad_dropped / dropped if dropped else 1.0

    @property
    def recall(self) -> float:
        """The share of the bad cases that was dropped; 1 if there are none."""
        return self.bad_dropped / self.bad if self.bad else 1.0


@cache
def cases() -> tuple[Case, ...]:
    """All material: the corpus of this test, the good instructions of the parser's corpus, and the seed tasks."""
    return (*_instructions(), *_examples(), *_seeds())


@cache
def filters(stage: str) -> dict[str, Filter[Any]]:
    """The filters of the recipe `chat` for a stage, by name, in their order; they have observed nothing."""
    chosen = resolve(read_recipe("chat"), REGISTRY).stages[stage].filters
    return {one.name: one.build(REGISTRY) for one in chosen}


def why_dropped(case: Case, name: str = "") -> str:
    """The filter and the reason for which a case is dropped, by one filter or by the first of all; empty if kept."""
    for known, one in filters(case.stage).items():
        if name in ("", known) and not (verdict := one.evaluate(case.item)).keep:
            return f"{known}: {verdict.reason}"
    return ""


def tally(stage: str, part: Part | None = None, name: str = "") -> Tally:
    """The counts of a stage, for one part or all, and for one filter alone or the whole recipe."""
    total = Tally()
    for case in cases():
        if case.stage == stage and part in (None, case.part):
            total.count(case, why_dropped(case, name))
    return total


def by_kind(stage: str, part: Part) -> dict[str, Tally]:
    """The counts of the whole recipe for each kind of good and of bad material."""
    kinds: dict[str, Tally] = {}
    for case in cases():
        if (case.stage, case.part) == (stage, part):
            kinds.setdefault(case.kind, Tally()).count(case, why_dropped(case))
    return kinds


def _instructions() -> Iterator[Case]:
    prompt = messages()
    for is_good, kind, part, text in _table("instructions.toml"):
        yield Case(GENERATE, part, kind, is_good, Draft(text, messages=prompt))
    for at, row in enumerate(good_instructions()):
        half: Part = "held out" if at % 2 else "seen"
        yield Case(GENERATE, half, f"good {row['manner']}", True, Draft(row["instruction"], messages=prompt))


def _examples() -> Iterator[Case]:
    for is_good, kind, part, (instruction, given, output) in _table("examples.toml"):
        is_classification = kind.split()[-1] in ("labels", "wrong_label", "given_away")
        yield Case(PREPARE, part, kind, is_good, Example(instruction, given, output, is_classification, "g0.0"))


def _seeds() -> Iterator[Case]:
    """The seed tasks of this project with their instances."""
    for seed in read_seeds(BUILTIN):
        yield Case(GENERATE, "seeds", "good seed", True, Draft(seed.instruction, messages=messages()))
        for one in seed.instances:
            item = Example(seed.instruction, one.input, one.output, seed.is_classification, seed.id)
            yield Case(PREPARE, "seeds", "good seed", True, item)


def _table(name: str) -> Iterator[tuple[bool, str, Part, Any]]:
    for goodness, kinds in tomllib.loads((CORPUS / name).read_text("utf-8")).items():
        for kind, some in kinds.items():
            for at, one in enumerate(some):
                yield goodness == "good", f"{goodness} {kind}", "held out" if at % 2 else "seen", one


@cache
def messages() -> tuple[str, ...]:
    """The messages of a prompt of the recipe, with examples that are none of the cases."""
    shown = [Instruction("s1", "Name two things that a tailor measures."), Instruction("s2", "Why do cats purr?")]
    return tuple(message.text for message in ChatTasksEncoder(ChatTasksOptions(count=10)).encode(shown, ()))


def _shown(item: Draft | Example) -> str:
    if isinstance(item, Draft):
        return repr(item.text)
    return f"{item.instruction!r} {item.input!r} -> {item.output!r}"
