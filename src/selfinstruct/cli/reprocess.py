"""`selfinstruct reprocess`: read a run's replies again with other filters or parsers, without asking a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfinstruct.cli.help import TitledCommand, examples
from selfinstruct.cli.options import added_filters
from selfinstruct.cli.text import clip, printable, value_text
from selfinstruct.errors import pluralize
from selfinstruct.types import GENERATE

if TYPE_CHECKING:
    from selfinstruct.store import RunStore
    from selfinstruct.transfer.reprocessing import Change, Diff

FEW = 5
"""Number of changes of each kind that are shown. `--diff` writes all of them."""

MORE = 100
"""How many further instructions the suggested command asks for."""


@click.command(
    "reprocess",
    cls=TitledCommand,
    epilog=examples(
        "selfinstruct reprocess runs/first --set generate.filters.rouge-l.threshold=0.6 --out runs/stricter",
        "selfinstruct reprocess runs/first --set generate.filters.keywords=off --out runs/laxer",
        "selfinstruct reprocess runs/first --filter my-filter --plugin ./my_filters.py --out runs/mine",
    ),
)
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder of the new run.")
@click.option("--set", "assigned", multiple=True, metavar="PATH=VALUE", help="A setting to change.")
@click.option(
    "--filter", "filters", multiple=True, metavar="NAME", help="A filter of generate to add after the run's own."
)
@click.option("--plugin", "plugins", multiple=True, help="Your own Python file or module. Its code is run.")
@click.option("--target", type=click.IntRange(1), help="Stop at this many instructions. Default: all in the replies.")
@click.option("--diff", type=click.Path(path_type=Path), help="Write every instruction and its change as JSONL.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.option("--quiet", is_flag=True, help="Print no progress.")
def command(run: Path, out: Path, diff: Path | None, *, as_json: bool, quiet: bool, **given: Any) -> None:
    """Read the replies of RUN again with other filters or parsers, into a new run. No model is asked.

    RUN is only read, and may be in use. The new run keeps the requests and replies of RUN, and can be continued with a
    model.
    """
    import json

    from selfinstruct.files.atomic import write_jsonl
    from selfinstruct.files.names import CONTRACTS
    from selfinstruct.files.outputs import refuse_output
    from selfinstruct.store import RunStore

    if diff is not None:
        refuse_output(diff, [run, out, *(out / name for name in CONTRACTS)], "Choose another --diff.")
    with closing(RunStore.open_readonly(run)) as source, source.snapshot():
        found = _reprocess(source, out, quiet or as_json, given=given)
    if diff is not None:
        write_jsonl(diff, found.rows())
    if as_json:
        click.echo(json.dumps(found.as_json()))
        return
    for line in _lines(found, run, out, diff=diff):
        click.echo(printable(line))


def _reprocess(source: RunStore, out: Path, quiet: bool, *, given: dict[str, Any]) -> Diff:
    from selfinstruct.cli.progress import Progress, say, say_warning
    from selfinstruct.cli.signals import run_with_signals
    from selfinstruct.config import parse_assignment
    from selfinstruct.run.settings import Settings
    from selfinstruct.transfer.reprocessing import Reprocessing

    added, flags = added_filters(given["filters"], GENERATE)
    settings = Settings(
        source.folder,
        overrides=added,
        assigned=[parse_assignment(text) for text in given["assigned"]],
        plugins=given["plugins"],
        flags=flags,
    )
    with (
        Reprocessing(source, out, settings, target=given["target"], say=say_warning if quiet else say) as reprocessing,
        Progress(quiet) as progress,
    ):

        async def work() -> Diff:
            return await reprocessing.run([progress])

        found: Diff = run_with_signals(reprocessing, work)
        return found


def _lines(found: Diff, run: Path, out: Path, *, diff: Path | None) -> Iterator[str]:
    import shlex

    yield f"{run} -> {out}: {pluralize(found.requests, 'request')} read again, no model was asked"
    added, removed = len(found.added), len(found.removed)
    counts = f"{len(found.pairs):,} unchanged, {added:,} added, {removed:,} removed"
    yield f"instructions: {found.before:,} before, {found.now:,} now: {counts}"
    yield from _changes("added", "before", found.added, found=found)
    yield from _changes("removed", "now", found.removed, found=found)
    for reuse in found.reuse:
        kind = {"classify": "labels", "instances": "with raw instances", "judge": "ratings"}[reuse.stage]
        yield f"{kind}: {reuse.before:,} before, {reuse.now:,} now, {reuse.missing:,} still missing"
    if found.examples_before or found.examples_now:
        yield f"training examples: {found.examples_before:,} before, {found.examples_now:,} now"
    yield f"the prompts are those of {run}: they showed its instructions, and the new run may lack some of them"
    if diff is not None:
        yield f"all changes: {diff}"
    yield f"continue with: selfinstruct run --out {shlex.quote(str(out))} --target {found.now + MORE}"


def _changes(title: str, when: str, changes: Sequence[Change], *, found: Diff) -> Iterator[str]:
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
        words = {"not evaluated": "its reply had not been evaluated", "not found": "the parser did not find it"}
        return words[change.was]
    evidence = ", ".join(
        f"{name} {clip(value if isinstance(value, str) else value_text(value), 60)}"
        for name, value in (change.evidence or {}).items()
    )
    return f"{change.filter or change.was}: {change.reason}" + (f" ({evidence})" if evidence else "")
