"""What a user sees while a stage runs: one live line on a terminal, plain lines elsewhere, totals at the end."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from selfinstruct.types import JUDGE, Rating, Retry, Settlement, StageStart, StageSummary

EVERY = 10.0
"""Seconds between plain lines where there is no terminal."""

WORDS = {"cut": "cut", "empty": "empty", "withheld": "withheld by the provider"}
"""How the marks of replies are told."""

RECENT = 50
"""Requests that rates are taken over."""


def printable(text: str) -> str:
    """Text of a model as a terminal may see it: one line, no control characters."""
    return "".join(character if character.isprintable() else " " for character in text)


def say(line: str) -> None:
    """A line for the user beside the results: on standard error. Whether anybody reads it does not concern the run."""
    with suppress(BrokenPipeError):
        click.echo(printable(line), err=True)


def hush(_: str) -> None:
    """A line that the user does not want."""


class Progress:
    """Observes a stage and shows how it goes. A context manager, so that the terminal is left as it was."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live: Any = None
        self._target: int | None = None
        self._accepted = 0
        self._requests = 0
        self._tokens = 0
        self._recent: deque[tuple[float, int, int]] = deque(maxlen=RECENT)
        self._said_at = 0.0
        self._waiting = ""
        self.summary: StageSummary | None = None
        """How the stage ended, once it has."""

    def __enter__(self) -> Progress:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live
            from rich.text import Text

            console = Console(stderr=True)
            self._live = Live(Text(""), console=console, refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave the terminal as it was; may be called twice."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, line: str) -> None:
        """A line for the user, above the live one where there is one."""
        if self._live is not None:
            self._live.console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
        elif not self._quiet:
            say(line)

    def selfinstruct_stage_started(self, stage: StageStart) -> None:
        """Take over what earlier commands did."""
        self._target, self._accepted, self._requests = stage.target, stage.accepted, stage.requests
        self._said_at = time.monotonic()
        if stage.accepted:
            done = "examples rated" if stage.stage == JUDGE else "instructions accepted"
            self.say(f"resuming: {stage.accepted} {done} so far")

    def selfinstruct_settled(self, settlement: Settlement) -> None:
        """Count, and show."""
        self._accepted = settlement.accepted
        self._requests = max(self._requests, settlement.request.index + 1)
        self._waiting = ""
        if settlement.reply is not None:
            usage = settlement.reply.usage
            self._tokens += (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
        kept = sum(decision.fate == "accepted" for decision in settlement.decisions)
        self._recent.append((time.monotonic(), kept, len(settlement.decisions)))
        self._show()

    def selfinstruct_request_retried(self, retry: Retry) -> None:
        """Show what is waited for."""
        self._waiting = f"waiting {retry.wait:.0f} s: {printable(retry.message)[:60]}"
        self._show()

    def selfinstruct_stage_finished(self, summary: StageSummary) -> None:
        """Keep the totals for the end."""
        self.summary = summary

    def _show(self) -> None:
        if self._live is not None:
            from rich.text import Text

            self._live.update(Text(self._line(), no_wrap=True, overflow="ellipsis"))
        elif not self._quiet and time.monotonic() - self._said_at >= EVERY:
            self._said_at = time.monotonic()
            say(self._line())

    def _line(self) -> str:
        parts = [f"{self._accepted}/{self._target} accepted" if self._target else f"{self._accepted} accepted"]
        candidates = sum(judged for _, _, judged in self._recent)
        kept = sum(accepted for _, accepted, _ in self._recent)
        if candidates:
            parts.append(f"{kept / candidates:.0%} of candidates kept")
        parts += [f"{self._requests} requests", f"{self._tokens:,} tokens"]
        span = self._recent[-1][0] - self._recent[0][0] if len(self._recent) > 1 else 0.0
        if span > 0:
            parts.append(f"{len(self._recent) / span:.1f} requests/s")
            rate = kept / span
            if self._target and rate > 0:
                parts.append(f"about {duration((self._target - self._accepted) / rate)} left")
        if self._waiting:
            parts.append(self._waiting)
        return " · ".join(parts)


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    if whole < 5400:
        return f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def tell_end(summary: StageSummary | None) -> None:
    """How a stage ended: counts, and reasons for drops; the reason for an early end is told as an error."""
    if summary is not None:
        click.echo(f"{summary.stage}: {summary.reason}" if not summary.exit_code else summary.stage)
        tell_totals(summary)


def tell_ratings(ratings: Iterable[Rating]) -> None:
    """What the judge says of the examples as a whole."""
    from selfinstruct.formats.ratings import tally

    told = tally(ratings)
    if told.rated:
        click.echo(f"  of {told.rated:,} rated: " + ", ".join(f"{name} {share:.0%}" for name, share in told.shares()))
        scores = ", ".join(f"{told.scores[score]:,} with {score}" for score in (3, 2, 1, 0))
        click.echo(f"  scores: {scores}")


def tell_files(folder: Path) -> None:
    """Where the run's files are."""
    from selfinstruct.formats.contracts import FILES

    present = [folder / name for name in FILES if (folder / name).is_file()]
    for index, path in enumerate(present):
        click.echo(f"{'' if index else 'files: ':<7}{path}")


def tell_totals(summary: StageSummary) -> None:
    """The counts of a stage over the whole run, most frequent reason first."""
    candidates = summary.accepted + summary.rejected + summary.quarantined
    click.echo(f"  {summary.accepted} accepted, {summary.rejected} rejected of {candidates} candidates")
    if summary.quarantined:
        click.echo(f"  {summary.quarantined} set aside, because a plugin failed on them")
    for reason, count in sorted(summary.drops.items(), key=lambda item: (-item[1], item[0])):
        click.echo(f"  {count:8,} {printable(reason)}")
    usage = summary.usage
    tokens = f"{usage.prompt_tokens or 0:,} prompt and {usage.completion_tokens or 0:,} completion tokens"
    failed = f", {summary.failures} of them failed" if summary.failures else ""
    if summary.requests:
        click.echo(f"  {summary.requests} requests{failed}, {tokens}")
    if summary.marks:
        words = WORDS | {"barren": "without a task" if summary.stage == "generate" else "without an answer"}
        told = [f"{count} {words[mark]}" for mark, count in summary.marks.items()]
        click.echo(f"  replies: {', '.join(told)}")
