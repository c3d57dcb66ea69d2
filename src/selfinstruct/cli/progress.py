"""Shows the progress of a stage: a live board on a terminal, plain lines elsewhere, totals at the end."""

from __future__ import annotations

import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from selfinstruct.cli.progress_board import Board
from selfinstruct.cli.text import print_folded, printable
from selfinstruct.errors import WARNING, pluralize
from selfinstruct.store.totals import is_missing
from selfinstruct.types import GENERATE, PREPARE, Prices, Retry, Settlement, StageStart, StageSummary, Usage

if TYPE_CHECKING:
    from rich.text import Text

    from selfinstruct.insight.ratings import RatingCounts

EVERY = 10.0
"""Seconds between plain lines where there is no terminal."""

WORDS = {"cut": "cut", "empty": "empty", "withheld": "withheld by the provider"}
"""The words for the marks of replies."""

RECENT = 50
"""Number of recent requests over which rates are measured."""

UNITS = {GENERATE: "accepted", "classify": "labelled", "instances": "answered", "judge": "rated", PREPARE: "examples"}
"""The unit that is counted in each stage."""


def say(line: str) -> None:
    """Print a line on standard error. A closed standard error is ignored, so that it cannot stop a run."""
    with suppress(BrokenPipeError):
        click.echo(printable(line), err=True)


def say_warning(line: str) -> None:
    """Print a line only if it is a warning: the user asked for quiet."""
    if line.startswith(WARNING):
        say(line)


class Progress:
    """Observes a stage and shows its progress. It is a context manager, so that the terminal is always restored.

    `holdup` returns why requests wait and for how long. `prices` returns the prices of tokens, if they are known.
    """

    def __init__(
        self,
        quiet: bool = False,
        wait_reason: Callable[[], str] = lambda: "",
        prices: Callable[[], Prices | None] = lambda: None,
    ) -> None:
        self._quiet = quiet
        self._wait_reason = wait_reason
        self._ask_prices = prices
        self._prices: Prices | None = None
        self._live: Any = None
        self._start = StageStart("", None, 0, 0)
        self._accepted = 0
        self._requests = 0
        self._prompt_tokens = self._completion_tokens = self._cached_tokens = 0
        self._drops: Counter[str] = Counter()
        self._missing: Counter[str] = Counter()
        self._recent: deque[tuple[float, int, int]] = deque(maxlen=RECENT)
        self._began = self._said_at = 0.0
        self._retry = ""
        self._last = ""
        self._lock = Lock()
        """Guards the counts, because another thread draws the board."""
        self.summary: StageSummary | None = None
        """How the stage ended, once it has."""

    def __enter__(self) -> Progress:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True)
            self._live = Live(console=console, get_renderable=self._drawn, refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Restore the terminal. May be called twice."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, line: str) -> None:
        """Print a line for the user, above the live board if there is one."""
        if self._live is not None:
            self._live.console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
        else:
            (say_warning if self._quiet else say)(line)

    def selfinstruct_stage_started(self, stage: StageStart) -> None:
        """Start from the counts of earlier commands."""
        with self._lock:
            self._start, self._accepted, self._requests = stage, stage.accepted, stage.requests
            self._prompt_tokens, self._completion_tokens = stage.prompt_tokens, stage.completion_tokens
            self._cached_tokens = stage.cached_tokens
            self._began = self._said_at = time.monotonic()
        if stage.accepted:
            target = f", the target is {stage.target}" if stage.target else ""
            self.say(f"resuming: {stage.accepted} {UNITS.get(stage.stage, 'answers')} so far{target}")

    def selfinstruct_settled(self, settlement: Settlement) -> None:
        """Count the decisions and redraw the board."""
        if not self._recent:
            self._prices = self._ask_prices()  # the backend knows the prices once it has chosen a model
        with self._lock:
            self._accepted = settlement.accepted
            self._requests = max(self._requests, settlement.request.index + 1)
            self._retry = ""
            if settlement.reply is not None:
                usage = settlement.reply.usage
                self._prompt_tokens += usage.prompt_tokens or 0
                self._completion_tokens += usage.completion_tokens or 0
                self._cached_tokens += usage.cached_tokens or 0
            kept = [decision for decision in settlement.decisions if decision.fate == "accepted"]
            if kept and settlement.request.stage == GENERATE:
                self._last = kept[-1].text
            rejected = [decision for decision in settlement.decisions if decision.fate == "rejected"]
            missing = [decision.reason for decision in rejected if is_missing(decision.filter, decision.reason)]
            self._drops.update(decision.reason for decision in rejected)
            self._drops.subtract(missing)
            self._missing.update(missing)
            self._recent.append((time.monotonic(), len(kept), len(settlement.decisions) - len(missing)))
        self._show()

    def selfinstruct_request_retried(self, retry: Retry) -> None:
        """Show why the stage waits."""
        with self._lock:
            self._retry = f"{retry.wait:.0f} s before the next attempt: {printable(retry.message)}"
        self._show()

    def selfinstruct_stage_finished(self, summary: StageSummary) -> None:
        """Keep the totals for `print_end`."""
        self.summary = summary

    def _show(self) -> None:
        if self._live is None and not self._quiet and time.monotonic() - self._said_at >= EVERY:
            self._said_at = time.monotonic()
            say(self.board().line())

    def _drawn(self) -> Text:
        from rich.text import Text

        width = self._live.console.width if self._live is not None else 80
        return Text("\n".join(self.board().lines(width)), no_wrap=True, overflow="ellipsis")

    def board(self) -> Board:
        """The current progress of the stage."""
        with self._lock:
            return self._board()

    def _board(self) -> Board:
        start = self._start
        by_requests = start.target is None and start.stage == PREPARE
        done, whole = (self._requests if by_requests else self._accepted), start.target or start.size
        span = time.monotonic() - (self._recent[0][0] if len(self._recent) > 1 else self._began)
        pace = (len(self._recent) - 1) / span if len(self._recent) > 1 and span > 0 else 0.0
        kept, evaluated = sum(kept for _, kept, _ in self._recent), sum(evaluated for _, _, evaluated in self._recent)
        each = (1.0 if by_requests else kept / len(self._recent)) if self._recent else 0.0
        left = (whole - done) / (each * pace) if whole and each * pace > 0 else None
        more = (whole - done) / each / self._requests if whole and each and self._requests else None
        tokens = self._prompt_tokens + self._completion_tokens
        counts = (self._prompt_tokens, self._completion_tokens, self._cached_tokens)
        usd = self._prices.cost(*counts) if self._prices else None
        return Board(
            start.stage,
            "raw texts read" if by_requests else UNITS.get(start.stage, "answers"),
            done,
            whole,
            self._requests,
            evaluated,
            kept,
            pace,
            left,
            dict(+self._drops),
            tokens,
            None if more is None else round(tokens * (1 + more)),
            usd,
            None if more is None or usd is None else usd * (1 + more),
            self._wait_reason() or self._retry,
            self._last,
            dict(self._missing),
        )


def print_end(summary: StageSummary, coverage: str = "") -> None:
    """Print the counts of a stage that has ended. The reason for an early end is printed as an error."""
    print_folded(f"{summary.stage}: {summary.reason}" if not summary.exit_code else summary.stage)
    print_totals(summary)
    if coverage:
        print_folded(f"  {coverage}")


def print_quiet_end(ends: Sequence[StageSummary], folder: Path) -> None:
    """One line on how a command ended: that of its last stage, and where the run is; nothing if no stage started."""
    if ends:
        last = ends[-1]
        end = f": {last.reason}" if not last.exit_code else ""
        click.echo(f"{last.stage}{end}, {last.accepted:,} {UNITS.get(last.stage, 'answers')} in {folder}")


def print_ratings(counts: RatingCounts) -> None:
    """Print the ratings of all examples together, or nothing if none is rated."""
    if counts.rated:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in counts.shares())
        print_folded(f"  of {counts.rated:,} rated: {shares}")
        scores = ", ".join(f"{counts.scores[score]:,} with {score}" for score in (3, 2, 1, 0))
        print_folded(f"  scores: {scores}")
        if counts.grades:
            print_folded(f"  grades: {', '.join(f'{count:,} with {grade}' for grade, count in counts.grades.items())}")


def print_files(paths: Sequence[Path]) -> None:
    """Print the paths of the run's files."""
    for index, path in enumerate(paths):
        click.echo(f"{'' if index else 'files: ':<7}{path}")


def token_counts(usage: Usage) -> str:
    """The tokens of a stage by kind, in words."""
    cached = f" ({usage.cached_tokens:,} of them cached)" if usage.cached_tokens else ""
    reasoning = f" ({usage.reasoning_tokens:,} of them reasoning)" if usage.reasoning_tokens else ""
    prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
    return f"{prompt:,} prompt{cached} and {completion:,} completion tokens{reasoning}"


def missing_answers(count: int) -> str:
    """How many answers a stage about instructions or examples did not get."""
    return f"{pluralize(count, 'answer')} missing or unusable, each asked for again while attempts are left"


def print_totals(summary: StageSummary) -> None:
    """Print the counts of a stage over the whole run, the most frequent reason first."""
    asked_again = sum(summary.asked_again.values())
    rejected = summary.rejected - asked_again
    candidates = summary.accepted + rejected + summary.quarantined
    print_folded(f"  {summary.accepted} accepted, {rejected} rejected of {pluralize(candidates, 'candidate')}")
    if summary.quarantined:
        print_folded(f"  {summary.quarantined} quarantined, because a plugin failed on them")
    _print_counts({reason: count for reason, count in summary.drops.items() if reason not in summary.asked_again})
    if asked_again:
        print_folded(f"  {missing_answers(asked_again)}:")
        _print_counts(summary.asked_again)
    failed = f", {summary.failures} of them failed" if summary.failures else ""
    retries = f", {pluralize(summary.retries, 'retry', 'retries')}" if summary.retries else ""
    if summary.requests:
        print_folded(f"  {pluralize(summary.requests, 'request')}{failed}{retries}, {token_counts(summary.usage)}")
    if summary.marks:
        words = WORDS | {"no_items": "without a task" if summary.stage == "generate" else "without an answer"}
        marks = [f"{count} {words[mark]}" for mark, count in summary.marks.items()]
        print_folded(f"  replies: {', '.join(marks)}")


def _print_counts(counts: Mapping[str, int]) -> None:
    for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        print_folded(f"  {count:8,} {printable(reason.removeprefix(': '))}")
