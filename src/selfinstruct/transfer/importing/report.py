"""What became of the rows of an old file, in numbers and with the lines to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LINES_KEPT = 5


@dataclass(slots=True)
class FileReport:
    """One file: every row is taken, or not taken for one reason; of each reason the first lines are kept.

    `added` counts instructions that were known from this file only, though it is none of instructions.
    """

    name: str
    kind: str
    rows: int = 0
    taken: int = 0
    added: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)

    def skip(self, line: int, reason: str) -> None:
        """Count a row that is not taken."""
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        first = self.lines.setdefault(reason, [])
        if len(first) < LINES_KEPT:
            first.append(line)

    def words(self) -> list[str]:
        """The report as lines of text, the most frequent reason first."""
        head = f"{self.name}: {self.kind}, {self.rows:,} rows, {self.taken:,} taken"
        if self.added:
            head += f", with {self.added:,} instructions that no other file has"
        reasons = sorted(self.reasons.items(), key=lambda entry: (-entry[1], entry[0]))
        return [head, *(f"  {count:8,} {reason} ({self._places(reason, count)})" for reason, count in reasons)]

    def _places(self, reason: str, count: int) -> str:
        first = self.lines[reason]
        more = ", ..." if count > len(first) else ""
        return f"line{'s' if count > 1 else ''} {', '.join(map(str, first))}{more}"

    @classmethod
    def from_fact(cls, recorded: Mapping[str, Any]) -> FileReport:
        """The report as the run recorded it."""
        return cls(**recorded)
