"""`selfinstruct generate`: grow new instructions from seed tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from selfinstruct.cli.backend_options import BackendCommand, known_registry
from selfinstruct.cli.help import examples
from selfinstruct.cli.options import out_option, paid_options
from selfinstruct.cli.stages import EXITS, quiet_option, run_stages
from selfinstruct.cli.text import pluralize


@click.command(
    "generate",
    cls=BackendCommand,
    epilog=examples(
        "selfinstruct generate --backend groq --target 100 --out runs/first",
        "selfinstruct generate --backend groq --target 5000 --out runs/first --estimate",
        "selfinstruct generate --out runs/first --target 200 --max-hours 2",
        more=EXITS,
    ),
)
@out_option
@click.option("--target", type=click.IntRange(1), help="How many instructions the run is to hold in the end.")
@click.option("--estimate", is_flag=True, help="Tell what is going to be asked and paid, then end: nothing is sent.")
@paid_options
@quiet_option
def command(out: Path, target: int | None, estimate: bool, **given: Any) -> None:
    """Grow new instructions from seed tasks until TARGET are accepted.

    A run folder that holds a run is resumed: nothing that was paid for is asked again. Every flag can stand in
    selfinstruct.toml instead (see: selfinstruct init).
    """
    if estimate:
        print_estimate(out, target, given)
    else:
        run_stages(["generate"], out, target, given)


def print_estimate(out: Path, target: int | None, given: dict[str, Any]) -> None:
    """Print what the run is going to cost."""
    from selfinstruct.cli.options import settings_from
    from selfinstruct.run.estimate import estimate

    told = estimate(settings_from(out, given), target, known_registry())
    source = "as this run has shown" if told.seen else "a guess, before anything is known"
    tokens = f"{told.prompt_tokens:,} prompt and {told.completion_tokens:,} completion tokens"
    click.echo(f"to {pluralize(told.target, 'instruction')}, {told.accepted:,} of them there:")
    click.echo(f"  about {pluralize(told.requests, 'request')} ({told.per_request:.1f} instructions each: {source})")
    click.echo(f"  about {tokens}, at most {told.most_completion_tokens:,}")
    if told.usd is None:
        click.echo("  cost: unknown (set budget.usd_per_million_prompt_tokens and ..._completion_tokens)")
    else:
        click.echo(f"  cost: about {told.usd:.4f} US dollars, at most {told.most_usd:.4f}")
    click.echo("  nothing was sent")
