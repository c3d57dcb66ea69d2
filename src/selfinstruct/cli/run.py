"""`selfinstruct run`: all stages in a row, from seeds to training examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from selfinstruct.cli.backend_options import BackendCommand
from selfinstruct.cli.help import examples
from selfinstruct.cli.options import out_option, paid_options
from selfinstruct.cli.stages import EXITS, quiet_option, run_stages


@click.command(
    "run",
    cls=BackendCommand,
    epilog=examples(
        "selfinstruct run --backend demo --target 50 --out runs/demo",
        "selfinstruct run --backend groq --target 500 --out runs/first --wait",
        more=EXITS,
    ),
)
@out_option
@click.option("--target", type=click.IntRange(1), help="How many instructions the run is to hold in the end.")
@click.option("--judge/--no-judge", "rate", default=None, help="Have the examples rated too. [default: the config's]")
@paid_options
@quiet_option
def command(out: Path, target: int | None, **given: Any) -> None:
    """Run generate, classify, instances and prepare in a row, and judge if that is wanted, each from where it stands.

    The training examples are then in OUT/finetuning; selfinstruct export writes them in a trainer's format.
    """
    run_stages(None, out, target, given)
