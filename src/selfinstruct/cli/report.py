"""`selfinstruct report`: one page about a run, as a file that opens in any browser."""

from __future__ import annotations

from pathlib import Path

import click

from selfinstruct.cli.help import TitledCommand, examples
from selfinstruct.cli.options import out_option


@click.command(
    "report",
    cls=TitledCommand,
    epilog=examples(
        "selfinstruct report --out runs/first",
        "selfinstruct report --out runs/first -o first.html",
        more="What it shows: docs/report.md.",
    ),
)
@out_option
@click.option(
    "-o",
    "--to",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Default: report.html in the run folder.",
)
def command(out: Path, file: Path | None) -> None:
    """Write one HTML file about a run, also while another process works on it: what became of every candidate, how new
    and how varied the instructions are, what they cost, and a sample with lineage. It opens offline.
    """
    from selfinstruct.insight.report import write_report
    from selfinstruct.store import RunStore

    path = out / "report.html" if file is None else file
    store = RunStore.open_readonly(out)
    try:
        size = write_report(store, path)
    finally:
        store.close()
    click.echo(f"{path}: {size / 1e6:.1f} MB")
