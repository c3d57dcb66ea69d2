"""`selfinstruct why`: explain why a candidate was accepted or rejected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from selfinstruct.cli.help import TitledCommand, examples
from selfinstruct.cli.options import out_option
from selfinstruct.cli.text import block, clip, evidence_lines, fate_text, moment, printable

if TYPE_CHECKING:
    from selfinstruct.insight.fates import CandidateFate
    from selfinstruct.insight.why import WhyResult

MAX_LENGTH = 10
"""Number of fates shown for one text without `--full`."""


@click.command(
    "why",
    cls=TitledCommand,
    epilog=examples(
        "selfinstruct why g12.3 --out runs/first",
        'selfinstruct why "Write a poem about the sea." --out runs/first',
    ),
)
@click.argument("asked", metavar="TEXT|ID")
@out_option
@click.option("--full", is_flag=True, help="Show the whole prompt and reply, and every fate.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def command(asked: str, out: Path, full: bool, *, as_json: bool) -> None:
    """Show the fate of a candidate: the filter that dropped it and why, or its nearest neighbours if it was accepted.

    Name the candidate by its id, or by its text in quotes. A text that occurred several times has several fates.
    """
    import json

    from selfinstruct.insight.why import why
    from selfinstruct.store import RunStore

    with closing(RunStore.open_readonly(out)) as store, store.snapshot():
        found = why(store, asked)
    if as_json:
        click.echo(json.dumps(found.as_json()))
        return
    for line in _lines(found, full):
        click.echo(line)


def _lines(found: WhyResult, full: bool) -> Iterator[str]:
    if found.match == "loose":
        yield "no candidate matches this text exactly. Ignoring case and spaces, these do:"
    for seed in found.seeds:
        yield f"{printable(seed.id)} a seed task: in the pool from the start"
        yield f"  text      {clip(seed.instruction, 10**9)}"
    shown = found.fates if full else found.fates[:MAX_LENGTH]
    for fate in shown:
        yield from _fate(fate, full)
    if len(shown) < len(found.fates):
        yield f"and {len(found.fates) - len(shown)} more times: --full shows all"


def _fate(fate: CandidateFate, full: bool) -> Iterator[str]:
    yield f"{fate.id} {fate_text(fate.fate, fate.filter, fate.reason)}"
    yield f"  text      {printable(fate.text) if full else clip(fate.text, 400)}"
    if fate.subject:
        yield f"  about     {printable(fate.subject)} {clip(fate.about)}"
    if fate.payload.get("input"):
        yield f"  input     {clip(str(fate.payload['input']), 400)}"
    for lead, line in zip(_once("evidence"), evidence_lines(fate.evidence, full), strict=False):
        yield f"  {lead:<9} {line}"
    if fate.put_off:
        yield "  nearest   not computed yet: the next command on this run does it"
    for lead, (text, score) in zip(_once("nearest"), fate.nearest or (), strict=False):
        yield f"  {lead:<9} {score:.3f}  {printable(text) if full else clip(text)}"
    if fate.mean is not None:
        yield f"  mean      {fate.mean:.3f} over the whole pool"
    yield from _source(fate, full)


def _source(fate: CandidateFate, full: bool) -> Iterator[str]:
    source = fate.source
    if source.stage == "seeds":
        yield "  from      a seed task's own instances"
        return
    place = "" if source.stage != fate.stage else f", candidate {fate.id.partition('.')[2]}"
    when = moment(source.answered_at or source.asked_at)
    model = f", {printable(source.model)}" if source.model else ""
    yield f"  from      {source.stage}, request {source.request}{place}, {when}{model}"
    yield "  prompt"
    yield from block(source.prompt or "(not recorded)", full, "    ")
    yield "  reply" + (f" (finish: {source.finish})" if source.finish not in ("", "stop") else "")
    yield from block(source.reply or "(none)", full, "    ")


def _once(word: str) -> Iterator[str]:
    """Yield the word once, then empty strings forever."""
    yield word
    while True:
        yield ""
