"""`selfinstruct prepare`: turn raw instances into training examples, without asking a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from selfinstruct.cli.backend_options import BackendCommand
from selfinstruct.cli.help import examples
from selfinstruct.cli.options import config_options, out_option
from selfinstruct.cli.stages import EXITS, quiet_option, run_stages


@click.command(
    "prepare",
    cls=BackendCommand,
    epilog=examples(
        "selfinstruct prepare --out runs/first",
        "selfinstruct prepare --out runs/first --min-score 2",
        "selfinstruct prepare --out runs/first --include-seeds",
        more=EXITS,
    ),
)
@out_option
@click.option("--min-score", type=click.IntRange(0, 3), help="Drop examples with a lower rating. 0 drops none.")
@click.option("--unrated", type=click.Choice(["keep", "drop"]), help="Keep or drop examples without a rating.")
@click.option(
    "--include-seeds/--no-include-seeds",
    default=None,
    help="Make examples of the seed tasks' own instances too. [default: as in the config]",
)
@config_options
@quiet_option
def command(out: Path, **given: Any) -> None:
    """Turn raw instances into training examples, without asking a model.

    With other settings it starts again from the same recorded replies. A rating stays as long as the text of its
    example does.
    """
    run_stages("prepare", out, None, given=given)
