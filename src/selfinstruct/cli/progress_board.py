"""The progress of a running stage in a few lines, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import wrap

from selfinstruct.cli.text import duration, printable
from selfinstruct.errors import pluralize
from selfinstruct.insight.cost import dollars
from selfinstruct.types import PREPARE

BAR = 20
SHORTEST_BAR = 4
"""Largest and smallest width of the progress bar, in characters. Without room for the smallest there is no bar."""

SHORTEST_LINE = 20
"""Least width of the text after a label, in characters."""

MOST_REASONS = 3
"""Number of reasons for rejection that are shown by name."""

LABEL = 11
"""Width of the label of a line, in characters."""


@dataclass(frozen=True, slots=True)
class Board:
    """The progress of a stage.

    `done` of `total` `unit` are finished (`total` is `None` if unknown). `evaluated` and `kept` count candidates of the
    recent requests, and `per_second` is the pace of these requests. `tokens` and `usd` are spent so far, and
    `tokens_in_all` and `usd_in_all` are estimates for the whole stage (`None` for unknown prices). `wait` is the reason
    why requests wait, and `last` is the last accepted instruction. `missing` counts unusable answers by reason, which
    are asked for again.
    """

    stage: str
    unit: str
    done: int
    total: int | None
    requests: int
    evaluated: int = 0
    kept: int = 0
    per_second: float = 0.0
    left: float | None = None
    drops: Mapping[str, int] = field(default_factory=dict)
    tokens: int = 0
    tokens_in_all: int | None = None
    usd: float | None = None
    usd_in_all: float | None = None
    wait: str = ""
    last: str = ""
    missing: Mapping[str, int] = field(default_factory=dict)

    @property
    def noun(self) -> str:
        """What the stage goes through one by one: `prepare` asks nothing, it reads raw texts."""
        return "raw text" if self.stage == PREPARE else "request"

    def line(self) -> str:
        """The progress in one line."""
        parts = [f"{self.done:,}/{self.total:,} {self.unit}" if self.total else f"{self.done:,} {self.unit}"]
        if self.evaluated:
            parts.append(f"{self.kept / self.evaluated:.0%} of candidates kept")
        parts.append(pluralize(self.requests, self.noun))
        if self.tokens:
            parts.append(f"{self.tokens:,} tokens")
        if self.per_second:
            parts.append(f"{self.per_second:.1f} {self.noun}s/s")
        if self.left is not None:
            parts.append(f"about {duration(self.left)} left")
        if self.wait:
            parts.append(self.wait)
        return " · ".join(parts)

    def lines(self, width: int = 80) -> Iterator[str]:
        """The progress in several lines: a bar with the time left, then kept, dropped, spent, waiting and last.

        In a terminal of few columns (`width`) the bar is shorter, so that the time left still fits, and long lines
        continue below; only the last instruction is cut.
        """
        room = max(width - LABEL, SHORTEST_LINE)
        left = f" · about {duration(self.left)} left" if self.left else ""
        count = f"{self.done:,}/{self.total:,} {self.unit}" if self.total else f"{self.done:,} {self.unit}"
        bar = self._bar(width - LABEL - len(f" {count}{left}"))
        yield f"{self.stage:<{LABEL}}{bar}{count}{left}"
        kept = (
            f"{self.kept / self.evaluated:.0%} of the last {self.evaluated:,} candidates"
            if self.evaluated
            else "nothing yet"
        )
        pace = f", {self.per_second:.1f} a second" if self.per_second else ""
        yield from _named("kept", room, f"{kept} · {pluralize(self.requests, self.noun)}{pace}")
        for name, counts in (("dropped", self.drops), ("missing", self.missing)):
            ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            rest = sum(count for _, count in ranked[MOST_REASONS:])
            reasons = [f"{printable(reason)} {count:,}" for reason, count in ranked[:MOST_REASONS]]
            yield from _named(name, room, " · ".join([*reasons, f"others {rest:,}"] if rest else reasons))
        if self.tokens:
            yield from _named("spent", room, self._spent())
        if self.wait:
            yield from _named("waiting", room, printable(self.wait))
        if self.last:
            yield f"{'  last':<{LABEL}}{printable(self.last)}"

    def _bar(self, room: int) -> str:
        length = min(BAR, room)
        if not self.total or length < SHORTEST_BAR:
            return ""
        full = min(length, length * self.done // self.total)
        return f"{'█' * full}{'░' * (length - full)} "

    def _spent(self) -> str:
        now = f"{self.tokens:,} tokens" + (f", {dollars(self.usd)}" if self.usd is not None else "")
        if self.tokens_in_all is None:
            return now
        price = f", {dollars(self.usd_in_all)}" if self.usd_in_all is not None else ""
        return f"{now} · about {max(self.tokens, _rounded(self.tokens_in_all)):,} tokens{price} in all"


def _named(name: str, room: int, text: str) -> Iterator[str]:
    """A line with its label; a text that is too long continues below, between its parts if that is enough."""
    parts = [text] if len(text) <= room else text.split(" · ")
    for index, line in enumerate(line for part in parts for line in wrap(part, room)):
        yield f"{'' if index else f'  {name}':<{LABEL}}{line}"


def _rounded(count: int) -> int:
    """Round an estimate to two digits, since more would claim too much precision."""
    digits = max(0, len(str(count)) - 2)
    return round(count, -digits)
