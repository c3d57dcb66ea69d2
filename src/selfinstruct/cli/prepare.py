"""`selfinstruct prepare`: turn raw instances into training examples; nothing is asked of a model."""

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
        more=EXITS,
    ),
)
@out_option
@click.option("--min-score", type=click.IntRange(0, 3), help="Drop examples that the judge rated lower; 0: none.")
@click.option("--unrated", type=click.Choice(["keep", "drop"]), help="What becomes of those without a rating.")
@config_options
@quiet_option
def command(out: Path, **given: Any) -> None:
    """Turn raw instances into training examples; nothing is asked of a model.

    May be run again with other settings: it then begins anew, from the same recorded replies. Ratings stay: they belong
    to what an example says.
    """
    run_stages("prepare", out, None, given)
