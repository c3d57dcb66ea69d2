"""Counts the imported rows of an old file, and lists the skipped lines with reasons."""

from __future__ import annotations

from dataclasses import dataclass, field

LINES_KEPT = 5


@dataclass(slots=True)
class FileReport:
    """Counts the rows of one file: each is imported (`taken`), or skipped for one reason.

    `added` counts instructions that appear only in a file of labels or instances. `lines` has the first line numbers of
    each reason.
    """

    name: str
    kind: str
    rows: int = 0
    taken: int = 0
    added: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)

    def skip(self, line: int, reason: str) -> None:
        """Count a row that is not imported."""
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        first = self.lines.setdefault(reason, [])
        if len(first) < LINES_KEPT:
            first.append(line)

    def words(self) -> list[str]:
        """The report as lines of text, the most frequent reason first."""
        head = f"{self.name}: {self.kind}, {self.rows:,} rows, {self.taken:,} imported"
        if self.added:
            head += f", with {self.added:,} instructions that no other file has"
        reasons = sorted(self.reasons.items(), key=lambda entry: (-entry[1], entry[0]))
        return [head, *(f"  {count:8,} {reason} ({self._places(reason, count)})" for reason, count in reasons)]

    def _places(self, reason: str, count: int) -> str:
        first = self.lines[reason]
        more = ", ..." if count > len(first) else ""
        return f"line{'s' if count > 1 else ''} {', '.join(map(str, first))}{more}"
