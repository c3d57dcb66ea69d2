"""`selfinstruct report`: write an HTML page about a run."""

from __future__ import annotations

from contextlib import closing
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
        more="For the contents of the page, see docs/report.md.",
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
    """Write one HTML file about a run, even while another process works on it.

    It shows the fates of candidates, novelty, variety, cost, and a sample with lineage. It opens offline.
    """
    from selfinstruct.insight.report import write_report
    from selfinstruct.store import RunStore

    path = out / "report.html" if file is None else file
    with closing(RunStore.open_readonly(out)) as store:
        size = write_report(store, path)
    click.echo(f"{path}: {size / 1e6:.1f} MB")
