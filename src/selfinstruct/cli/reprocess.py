"""`selfinstruct replay`: judge a run's replies anew, by other filters or parsers; nothing is asked, nothing is paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfinstruct.cli.board import printable
from selfinstruct.cli.help import TitledCommand, examples
from selfinstruct.cli.text import clip, pluralize, value_text

if TYPE_CHECKING:
    from selfinstruct.store import RunStore
    from selfinstruct.transfer.reprocessing import Change, Diff

FEW = 5
"""Changes of each kind that are shown; --diff writes all."""

MORE = 100
"""How many further instructions the suggested command asks for."""

NOTE = "The backend of the same name is another thing: it answers a run's requests out of a file."


@click.command(
    "reprocess",
    cls=TitledCommand,
    epilog=examples(
        "selfinstruct reprocess runs/first --set generate.filters.rouge-l.threshold=0.6 --out runs/stricter",
        "selfinstruct reprocess runs/first --set generate.filters.keywords=off --out runs/laxer",
        "selfinstruct reprocess runs/first --filter my-filter --plugin ./my_filters.py --out runs/mine",
        more=NOTE,
    ),
)
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder of the new run.")
@click.option("--set", "assigned", multiple=True, metavar="PATH=VALUE", help="What is to be different.")
@click.option("--filter", "filters", multiple=True, metavar="NAME", help="A filter of generate after the run's own.")
@click.option("--plugin", "plugins", multiple=True, help="A Python file or module of your own. Its code runs.")
@click.option("--target", type=click.IntRange(1), help="Accept so many and stop. Default: all that the replies hold.")
@click.option("--diff", type=click.Path(path_type=Path), help="Write every instruction and its change, JSONL.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.option("--quiet", is_flag=True, help="Say nothing while it works.")
def command(run: Path, out: Path, diff: Path | None, as_json: bool, quiet: bool, **given: Any) -> None:
    """Judge the replies of RUN anew into a run of its own, with other filters or parsers: no model is asked.

    RUN is only read, and may be in use. What was asked stays as it was; the new run can be gone on with, live.
    """
    import json

    from selfinstruct.files.atomic import write_jsonl
    from selfinstruct.files.outputs import refuse_output
    from selfinstruct.store import RunStore

    if diff is not None:
        refuse_output(diff, [run], "Choose another --diff.")
    source = RunStore.open_readonly(run)
    try:
        with source.snapshot():
            found = _reprocess(source, out, quiet or as_json, given)
    finally:
        source.close()
    if diff is not None:
        write_jsonl(diff, found.rows())
    if as_json:
        click.echo(json.dumps(found.as_json()))
        return
    for line in _lines(found, run, out, diff):
        click.echo(printable(line))


def _reprocess(source: RunStore, out: Path, quiet: bool, given: dict[str, Any]) -> Diff:
    from selfinstruct.cli.progress import Progress, say, silent
    from selfinstruct.cli.signals import run_with_signals
    from selfinstruct.config import parse_assignment
    from selfinstruct.run.settings import Settings
    from selfinstruct.transfer.reprocessing import Reprocessing

    added = {"generate": {"add_filters": [{"use": name} for name in given["filters"]]}} if given["filters"] else {}
    settings = Settings(
        source.folder,
        overrides=added,
        assigned=[parse_assignment(text) for text in given["assigned"]],
        plugins=given["plugins"],
    )
    with (
        Reprocessing(source, out, settings, target=given["target"], say=silent if quiet else say) as reprocessing,
        Progress(quiet) as progress,
    ):

        async def work() -> Diff:
            return await reprocessing.run([progress])

        found: Diff = run_with_signals(reprocessing, work)
        return found


def _lines(found: Diff, run: Path, out: Path, diff: Path | None) -> Iterator[str]:
    import shlex

    yield f"{run} -> {out}: {pluralize(found.requests, 'request')} read again, no model was asked"
    added, removed = len(found.added), len(found.removed)
    counts = f"{len(found.pairs):,} unchanged, {added:,} added, {removed:,} removed"
    yield f"instructions: {found.before:,} before, {found.now:,} now: {counts}"
    yield from _changes("added", "before", found.added, found)
    yield from _changes("removed", "now", found.removed, found)
    for reuse in found.reuse:
        what = {"classify": "labels", "instances": "with raw instances", "judge": "ratings"}[reuse.stage]
        yield f"{what}: {reuse.before:,} before, {reuse.now:,} now, {reuse.missing:,} still to be asked for"
    if found.examples_before or found.examples_now:
        yield f"training examples: {found.examples_before:,} before, {found.examples_now:,} now"
    yield f"the prompts are those of {run}: they showed its instructions, which this run may not hold"
    if diff is not None:
        yield f"all of it: {diff}"
    yield f"go on with: selfinstruct run --out {shlex.quote(str(out))} --target {found.now + MORE}"


def _changes(title: str, when: str, changes: Sequence[Change], found: Diff) -> Iterator[str]:
    if not changes:
        return
    yield f"  {title}: " + ", ".join(f"{count:,} {cause}" for cause, count in found.causes(changes).items())
    for change in changes[:FEW]:
        yield f"    {change.id} {clip(change.text)}"
        yield f"      {when}: {_cause(change)}"
    if len(changes) > FEW:
        yield f"    and {len(changes) - FEW:,} more"


def _cause(change: Change) -> str:
    if not change.reason:
        words = {"not evaluated": "its reply was not evaluated so far", "not found": "the parser did not find it"}
        return words[change.was]
    evidence = ", ".join(
        f"{name} {clip(value if isinstance(value, str) else value_text(value), 60)}"
        for name, value in (change.evidence or {}).items()
    )
    return f"{change.filter or change.was}: {change.reason}" + (f" ({evidence})" if evidence else "")
