"""`selfinstruct import`: continue from the files of the original Self-Instruct scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfinstruct.cli.backend_options import BackendCommand, known_so_far
from selfinstruct.cli.help import examples
from selfinstruct.cli.options import config_options, out_option, settings_from
from selfinstruct.errors import pluralize

if TYPE_CHECKING:
    from selfinstruct.transfer.importing import ImportResult

MORE = 100
"""How many further instructions the suggested command asks for."""


@click.command(
    "import",
    cls=BackendCommand,
    epilog=examples(
        "selfinstruct import old/machine_generated_instructions.jsonl --seeds old/seed_tasks.jsonl --out runs/old",
        "selfinstruct generate --out runs/old --backend groq --target 1000",
    ),
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@out_option
@config_options
def command(files: tuple[Path, ...], out: Path, **given: Any) -> None:
    """Start a run from files of the original Self-Instruct scripts, or of scripts derived from them.

    It reads machine_generated_instructions.jsonl, is_clf_or_not*.jsonl, machine_generated_instances.jsonl and
    all_generated_instances.jsonl, under any name and in any order. --seeds must name the seeds of the old run, unless
    the config does. Running the same command again changes nothing.
    """
    from selfinstruct.cli.text import printable
    from selfinstruct.transfer.importing import import_files

    known = known_so_far()
    result = import_files(settings_from(out, given), files, registry=known.registry, sources=known.sources)
    for report in result.files:
        for line in report.words():
            click.echo(printable(line))
    before = "" if result.is_new else "imported before, nothing changed: "
    counts = f"{pluralize(result.instructions, 'instruction')}, {pluralize(result.labels, 'label')}"
    click.echo(f"{out}: {before}{counts}, {result.instances:,} with instances")
    for line in _next(result):
        click.echo(line)


def _next(result: ImportResult) -> Iterator[str]:
    """The commands that continue the run, in order, each with the work that is left."""
    import shlex

    out = f"--out {shlex.quote(str(result.folder))}"
    where = out if result.backend else f"{out} --backend NAME"
    unlabelled, bare = result.instructions - result.labels, result.instructions - result.instances
    yield "Next:"
    yield f"  selfinstruct generate {where} --target {result.instructions + MORE}"
    if unlabelled:
        yield f"  selfinstruct classify {where}    # {unlabelled:,} without a label"
    if bare:
        yield f"  selfinstruct instances {where}    # {bare:,} without instances"
    if result.instances:
        yield f"  selfinstruct prepare {out}    # training examples from {result.instances:,}"
