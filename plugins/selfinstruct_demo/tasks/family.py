"""A kind of task: how it is worded, and what its right answer is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from selfinstruct_demo.words import Maker

Slots: TypeAlias = Mapping[str, str]
"""The words in a task by the name of their slot; `input` is the input, where there is one."""

SLOT = re.compile(r"\{(\w+)\}")
DIGITS, WORDS = r"[\d, ]+", r"[\w, -]+"
SLOT_PATTERNS = {
    **dict.fromkeys(
        (
            "numbers",
            "prices",
            "uses",
            "bound",
            "low",
            "high",
            "count",
            "percent",
            "hour",
            "minute",
            "hours",
            "minutes",
            "shift",
            "start",
        ),
        DIGITS,
    ),
    **dict.fromkeys(("words", "things", "people", "name", "other", "city", "adjective"), WORDS),
    **dict.fromkeys(("first", "second"), r"\d+ \w+ \d+"),
}
"""What can stand in a slot, by its name; anything in a slot of another name."""

LONGEST_TASK = 1500
"""Characters of a task that is recognised; the demo writes none that is longer."""


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of task.

    wordings  texts with slots in braces; a slot that `answer` reads is in all of them
    answer    the right output, computed from the words in the slots and the input
    slots     how the words of each slot are drawn
    give      draws an input for a task; `None` if a task needs none
    labels    the outputs that a classification task allows; `None` for other tasks
    is_code   whether the output is Python code
    is_stated whether the task states what to add, count, sort or compare, so that anybody can check the result
    """

    wordings: tuple[str, ...]
    answer: Callable[[Slots], str]
    slots: Mapping[str, Maker]
    give: Callable[[Slots, Random], str] | None = None
    labels: Callable[[Slots], Sequence[str]] | None = None
    is_code: bool = False
    is_stated: bool = False
    patterns: tuple[re.Pattern[str], ...] = field(init=False)

    def __post_init__(self) -> None:
        """Compile the pattern of each wording."""
        object.__setattr__(self, "patterns", tuple(_pattern(wording) for wording in self.wordings))

    def draw(self, rng: Random) -> str:
        """A new task."""
        drawn = {name: make(rng) for name, make in self.slots.items()}
        return rng.choice(self.wordings).format_map(drawn)

    def read(self, task: str) -> Slots | None:
        """The words in the slots of a task; `None` if the task is of another kind."""
        return next((found.groupdict() for one in self.patterns if (found := one.fullmatch(task))), None)


def _slot(name: str) -> str:
    return f"(?P<{name}>{SLOT_PATTERNS.get(name, '.+')}?)" if name else ""


def _pattern(wording: str) -> re.Pattern[str]:
    pieces = SLOT.split(wording)
    names = iter(pieces[1::2])
    plain = [text.replace("{{", "{").replace("}}", "}") for text in pieces[::2]]
    parts = [re.escape(text) + _slot(next(names, "")) for text in plain]
    return re.compile("".join(parts))
