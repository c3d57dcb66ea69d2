"""The funnel of each stage in `selfinstruct status`: its requests, replies and candidates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from selfinstruct.cli.progress import WORDS, missing_answers, token_counts
from selfinstruct.cli.text import clip, printable
from selfinstruct.errors import pluralize

if TYPE_CHECKING:
    from selfinstruct.insight.funnel import Funnel
    from selfinstruct.insight.status import StageStatus

WAITING = "not needed so far: a larger target or the next command uses them"
"""What is said of replies that nothing was read from."""


def print_funnel(stage: StageStatus) -> None:
    """Print the outcome of a stage's requests, replies and candidates, filter by filter."""
    click.echo(stage.stage)
    for line in _lines(stage.funnel, stage.failures):
        click.echo(f"  {printable(line)}")
    if stage.coverage:
        click.echo(f"  {stage.coverage}")
    if stage.summary.requests:
        dollars = "" if stage.cost.usd is None else f", {stage.cost.usd:.4f} US dollars"
        click.echo(f"  {token_counts(stage.summary.usage)}{dollars}")


def _lines(funnel: Funnel, failures: Mapping[str, int]) -> Iterator[str]:
    """The lines of a funnel, with the same counts as the end of its stage: missing answers are no rejections."""
    missing = funnel.missing
    rejected, candidates = sum(step.dropped for step in funnel.steps) - missing, funnel.candidates - missing
    yield f"{funnel.accepted:,} accepted, {rejected:,} rejected of {pluralize(candidates, 'candidate')}"
    if missing:
        yield missing_answers(missing)
    if funnel.requests:
        ends = {"answered": funnel.replies, "failed": funnel.failed, "without an answer yet": funnel.unanswered}
        yield f"{pluralize(funnel.requests, 'request')}: {_counts(ends)}"
    for cause, count in failures.items():
        yield f"  {count:,} failed: {clip(cause)}"
    words = WORDS | {"no_items": "without a task" if funnel.stage == "generate" else "without an answer"}
    marks = {words[mark]: count for mark, count in funnel.marks.items()} | {WAITING: funnel.waiting}
    counts = _counts(marks)
    source = pluralize(funnel.replies, "reply", "replies") if funnel.requests else pluralize(funnel.replies, "raw text")
    yield source + (f": {counts}" if counts else "")
    yield _row(funnel.candidates, funnel.candidates, "candidates" + (" and missing answers" if missing else ""))
    for step in (step for step in funnel.steps if step.dropped):
        reasons = _counts(step.reasons)
        yield _row(-step.dropped, funnel.candidates, (step.filter or "no filter") + (f": {reasons}" if reasons else ""))
    if funnel.quarantined:
        yield _row(-funnel.quarantined, funnel.candidates, "quarantined, because a plugin failed on them")
    yield _row(funnel.accepted, funnel.candidates, "accepted")
    if idle := [step.filter for step in funnel.steps if not step.dropped]:
        yield f"these filters dropped nothing: {', '.join(idle)}"


def _row(count: int, whole: int, words: str) -> str:
    share = f"{abs(count) / whole:.1%}" if whole else "-"
    return f"{count:8,} {share:>7}  {words}"


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counted.items() if count)
