"""`selfinstruct dedup`: keep the first of near-duplicates in any JSONL file."""

from __future__ import annotations

from pathlib import Path

import click

from selfinstruct.cli.help import TitledCommand, examples
from selfinstruct.cli.options import FiniteRange
from selfinstruct.errors import pluralize


@click.command(
    "dedup",
    cls=TitledCommand,
    epilog=examples(
        "selfinstruct dedup tasks.jsonl",
        "selfinstruct dedup rows.jsonl --field messages[0].content --threshold 0.8 -o kept.jsonl --dropped",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--field",
    metavar="PATH",
    help="The field to compare, such as text or messages[0].content. Default: the task of our own formats.",
)
@click.option(
    "--threshold",
    type=FiniteRange(0, 1),
    default=0.7,
    show_default=True,
    help="Drop a row if its ROUGE-L F1 with a kept row is higher.",
)
@click.option(
    "--tokeniser",
    type=click.Choice(["unicode", "classical"]),
    default="unicode",
    show_default=True,
    help="unicode: text of any script; classical: a-z and 0-9 only, like rouge_score.",
)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Default: FILE with .dedup before its ending.")
@click.option("--dropped", is_flag=True, help="Write the dropped rows to OUT.dropped.jsonl too, each with its nearest.")
def command(
    file: Path, field: str | None, threshold: float, *, tokeniser: str, out: Path | None, dropped: bool
) -> None:
    """Write the rows of a JSONL FILE that are not too similar to an earlier row, in order and byte for byte."""
    from selfinstruct.similarity.dedup import deduplicate

    out = out or file.with_name(f"{file.stem}.dedup{file.suffix}")
    dropped_file = out.with_name(f"{out.name}.dropped.jsonl") if dropped else None
    counts = deduplicate(file, out, field=field, threshold=threshold, tokeniser=tokeniser, dropped_file=dropped_file)
    click.echo(f"{file}: {pluralize(counts.rows, 'row')}, {counts.kept} kept, {counts.dropped} dropped")
    click.echo(f"{out}: {pluralize(counts.kept, 'row')}")
    if dropped_file:
        click.echo(f"{dropped_file}: {pluralize(counts.dropped, 'row')}")
