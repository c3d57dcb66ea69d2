"""`selfinstruct run`: run all stages in order, from seeds to training examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from selfinstruct.cli.backend_options import BackendCommand
from selfinstruct.cli.generate import print_estimate
from selfinstruct.cli.help import examples
from selfinstruct.cli.options import out_option, paid_options
from selfinstruct.cli.preview import print_preview
from selfinstruct.cli.stages import EXITS, estimate_option, quiet_option, run_stages


@click.command(
    "run",
    cls=BackendCommand,
    epilog=examples(
        "selfinstruct run --backend demo --target 50 --out runs/demo",
        "selfinstruct run --backend groq --target 500 --out runs/first --wait",
        "selfinstruct run --backend groq --target 500 --out runs/first --estimate",
        "selfinstruct run --backend groq --target 500 --out runs/first --preview 3",
        more=EXITS,
    ),
)
@out_option
@click.option(
    "--target",
    type=click.IntRange(1),
    help="Total number of instructions; the requests under way when it is reached are paid for too. "
    "Default: the run's last target, or the config's.",
)
@click.option("--judge/--no-judge", "rate", default=None, help="Rate the examples too. [default: as in the config]")
@estimate_option
@click.option("--preview", type=click.IntRange(1), metavar="N", help="Send N requests and show them, as preview does.")
@paid_options
@quiet_option
def command(out: Path, target: int | None, preview: int | None, *, estimate: bool, **given: Any) -> None:
    """Run generate, classify, instances and prepare in order, then judge if asked for.

    Each stage resumes where it stopped. To write the training examples in a trainer's format, use selfinstruct export.
    """
    if estimate:
        print_estimate(out, target, given)
    elif preview is not None:
        if given["quiet"] or given["as_json"]:
            raise click.UsageError("--preview shows texts: leave out --quiet and --json")
        print_preview(out, target, preview, given=given)
    else:
        run_stages(None, out, target, given=given)
