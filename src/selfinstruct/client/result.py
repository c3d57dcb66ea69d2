"""The result of a call of `SelfInstruct`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from selfinstruct.insight.notebook import html_heading, html_table
from selfinstruct.types import StageSummary

NEWEST = 5
"""Number of instructions shown in a notebook."""


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """The result of a call: how each stage ended, and the current content of the run folder.

    instructions  the accepted instructions of the run, oldest first, after reviews
    summaries     the end of each stage of the call, in order, with its totals over the whole run
    """

    folder: Path
    instructions: tuple[str, ...]
    summaries: tuple[StageSummary, ...]

    @property
    def summary(self) -> StageSummary:
        """How the last stage ended."""
        return self.summaries[-1]

    def __repr__(self) -> str:
        stages = "; ".join(f"{one.stage} {one.accepted:,} accepted, {one.reason}" for one in self.summaries)
        return f"<Result in {str(self.folder)!r}: {stages}>"

    def _repr_html_(self) -> str:
        """The result as HTML for notebooks: a table of the stages, and the newest instructions."""
        header = ("stage", "ended", "accepted", "rejected", "requests", "failed", "dropped because")
        heading = html_heading(str(self.folder), f"{len(self.instructions):,} instructions")
        newest = html_table(("newest instructions",), ((text,) for text in self.instructions[-NEWEST:]))
        return heading + html_table(header, map(_row, self.summaries)) + newest


def _row(summary: StageSummary) -> tuple[str | int, ...]:
    drops = sorted(summary.drops.items(), key=lambda drop: (-drop[1], drop[0]))
    reasons = ", ".join(f"{reason} ({count:,})" for reason, count in drops)
    counts = (summary.accepted, summary.rejected, summary.requests, summary.failures)
    return (summary.stage, summary.reason, *counts, reasons)
