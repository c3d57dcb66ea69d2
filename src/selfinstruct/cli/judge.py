"""`selfinstruct judge`: have a model rate the training examples: the run's own model or another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from selfinstruct.cli.backend_options import JudgeCommand
from selfinstruct.cli.help import examples
from selfinstruct.cli.options import out_option, paid_options
from selfinstruct.cli.stages import EXITS, estimate_option, print_estimate, quiet_option, run_stages


@click.command(
    "judge",
    cls=JudgeCommand,
    epilog=examples(
        "selfinstruct judge --out runs/first --backend groq",
        "selfinstruct prepare --out runs/first --min-score 2",
        "selfinstruct export --out runs/first --to data/first --best 1000",
        more=EXITS,
    ),
)
@out_option
@estimate_option
@paid_options
@quiet_option
def command(out: Path, estimate: bool, **given: Any) -> None:
    """Have a model rate each training example: is the task valid, does the input fit, is the output right?

    The score is the number of yes answers, 0 to 3. The run's own backend rates, unless --backend names another. Nothing
    is dropped until you ask for it, with prepare --min-score or export --best.
    """
    if estimate:
        print_estimate("judge", out, given)
    else:
        run_stages("judge", out, None, given=given)
