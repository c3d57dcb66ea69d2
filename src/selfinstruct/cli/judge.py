"""`selfinstruct judge`: have a model rate the training examples: the run's own model or another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from selfinstruct.cli.backend_options import JudgeCommand, known_so_far
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
@click.option(
    "--estimate", is_flag=True, help="Print the estimated requests, tokens and cost, without sending anything."
)
@paid_options
@quiet_option
def command(out: Path, estimate: bool, **given: Any) -> None:
    """Have a model rate each training example: is the task valid, does the input fit, is the output right?

    The score is the number of yes answers, 0 to 3. The run's own backend rates, unless --backend names another. Nothing
    is dropped until you ask for it, with prepare --min-score or export --best.
    """
    if estimate:
        print_estimate(out, given)
    else:
        run_stages("judge", out, None, given=given)


def print_estimate(out: Path, given: dict[str, Any]) -> None:
    """Print the estimated cost of rating."""
    from selfinstruct.cli.options import settings_from
    from selfinstruct.run.estimate import estimate_judge

    known = known_so_far()
    expected = estimate_judge(settings_from(out, given), known.registry, known.sources)
    click.echo(f"to rate {pluralize(expected.examples, 'example')}, {expected.rated:,} of them rated:")
    click.echo(f"  {pluralize(expected.requests, 'request')}")
    click.echo(
        f"  about {expected.prompt_tokens:,} prompt and {expected.completion_tokens:,} completion tokens, "
        f"at most {expected.most_completion_tokens:,}"
    )
    if expected.usd is None:
        click.echo("  cost: unknown (set the prices in [budget], or in [judge] if the judge has its own backend)")
    else:
        click.echo(f"  cost: about {expected.usd:.4f} US dollars, at most {expected.most_usd:.4f}")
    click.echo("  nothing was sent")
