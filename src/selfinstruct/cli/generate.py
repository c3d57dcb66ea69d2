"""`selfinstruct generate`: grow new instructions from seed tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from selfinstruct.cli.backend_options import BackendCommand, known_so_far
from selfinstruct.cli.help import examples
from selfinstruct.cli.options import out_option, paid_options
from selfinstruct.cli.stages import EXITS, estimate_option, print_excess, print_terms, quiet_option, run_stages
from selfinstruct.errors import pluralize


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
@click.option(
    "--target",
    type=click.IntRange(1),
    help="Total number of instructions. Default: the run's last target, or the config's.",
)
@estimate_option
@paid_options
@quiet_option
def command(out: Path, target: int | None, estimate: bool, **given: Any) -> None:
    """Grow new instructions from seed tasks until TARGET are accepted.

    If the folder holds a run, it is resumed. Settings can also stand in selfinstruct.toml (see: selfinstruct init).
    """
    if estimate:
        print_estimate(out, target, given)
    else:
        run_stages("generate", out, target, given=given)


def print_estimate(out: Path, target: int | None, given: dict[str, Any], *, is_free: bool = True) -> int:
    """Print the estimated cost of the run, and return its target. `is_free` says that the command has sent nothing."""
    from selfinstruct.cli.options import settings_from
    from selfinstruct.run.estimate import estimate

    known = known_so_far()
    expected = estimate(settings_from(out, given), target, registry=known.registry, sources=known.sources)
    source = "measured in this run" if expected.seen else "a guess before the first good reply"
    tokens = f"{expected.prompt_tokens:,} prompt and {expected.completion_tokens:,} completion tokens"
    click.echo(f"to {pluralize(expected.target, 'instruction')}, {expected.accepted:,} of them accepted already:")
    click.echo(
        f"  about {pluralize(expected.requests, 'request')} ({expected.per_request:.1f} instructions each: {source})"
    )
    click.echo(f"  about {tokens}, at most {expected.most_completion_tokens:,}")
    print_terms(expected, "budget.usd_per_million_prompt_tokens and ..._completion_tokens", label="generate")
    for stage, later in expected.later.items():
        tokens = f"about {later.prompt_tokens:,} prompt and {later.completion_tokens:,} completion tokens"
        click.echo(f"  {stage} then sends {pluralize(later.requests, 'request')}: {tokens}")
    if expected.usd is not None and expected.unpriced:
        why = f"because the price of {' and '.join(expected.unpriced)} is not known"
        click.echo(f"  all stages together: unknown, {why}; without: about {expected.known_usd:.4f} US dollars")
    elif expected.usd is not None and expected.later:
        click.echo(f"  all stages together: about {expected.known_usd:.4f} US dollars")
    print_excess(expected.known_usd, expected.max_usd)
    if is_free:
        click.echo("  nothing was sent")
    return expected.target
