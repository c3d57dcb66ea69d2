"""`selfinstruct judge`: have a model rate the training examples, that of the run or another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from selfinstruct.cli.backend_options import JudgeCommand
from selfinstruct.cli.help import examples
from selfinstruct.cli.options import out_option, paid_options
from selfinstruct.cli.stages import EXITS, quiet_option, run_stages
from selfinstruct.cli.text import pluralize


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
@click.option("--estimate", is_flag=True, help="Tell what is going to be asked and paid, then end: nothing is sent.")
@paid_options
@quiet_option
def command(out: Path, estimate: bool, **given: Any) -> None:
    """Have a model rate each training example: is the task valid, does the input fit, is the output right?

    The score is the number of yes, 0 to 3. The run's own backend rates, or another: --backend NAME. Nothing is dropped
    until you say so.
    """
    if estimate:
        print_estimate(out, given)
    else:
        run_stages(["judge"], out, None, given)


def print_estimate(out: Path, given: dict[str, Any]) -> None:
    """Print what rating is going to cost."""
    from selfinstruct.cli.options import settings_from
    from selfinstruct.run.estimate import estimate_judge

    told = estimate_judge(settings_from(out, given))
    click.echo(f"to rate {pluralize(told.examples, 'example')}, {told.rated:,} of them rated:")
    click.echo(f"  {pluralize(told.requests, 'request')}")
    click.echo(
        f"  about {told.prompt_tokens:,} prompt and {told.completion_tokens:,} completion tokens, "
        f"at most {told.most_completion_tokens:,}"
    )
    if told.usd is None:
        click.echo("  cost: unknown (set the prices in [budget], or in [judge] if the judge has its own backend)")
    else:
        click.echo(f"  cost: about {told.usd:.4f} US dollars, at most {told.most_usd:.4f}")
    click.echo("  nothing was sent")
