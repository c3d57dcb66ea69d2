"""Shared code of the commands that run stages, and a factory for `classify` and `instances`."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from selfinstruct.cli.backend_options import BackendCommand, known_so_far
from selfinstruct.cli.help import examples
from selfinstruct.cli.options import out_option, paid_options, settings_from
from selfinstruct.cli.text import duration
from selfinstruct.errors import pluralize

if TYPE_CHECKING:
    from selfinstruct.run.estimated import Estimate, StageEstimate
    from selfinstruct.run.run import Run
    from selfinstruct.types import StageSummary

EXITS = (
    "Exit codes: 0 done, 2 usage or data, 3 a plugin or its package, 4 the model cannot be used, "
    "5 stopped and can be resumed."
)
ESTIMATED = {
    "classify": ("classify", "instruction", "classified"),
    "instances": ("answer", "instruction", "answered"),
    "judge": ("rate", "example", "rated"),
}
"""How an estimate says what a stage does, with what, and that it is done."""

F = TypeVar("F", bound=Callable[..., Any])


def estimate_option(command: F) -> F:
    """`--estimate`: what a command would cost."""
    words = "Print the estimated requests, tokens and cost, without sending anything."
    return click.option("--estimate", is_flag=True, help=words)(command)


def quiet_option(command: F) -> F:
    """Add `--quiet` and `--json`."""
    for flag, name, words in (
        ("--json", "as_json", "Print each event as one line of JSON."),
        ("--quiet", "quiet", "Print only the final result and warnings."),
    ):
        command = click.option(flag, name, is_flag=True, help=words)(command)
    return command


def silence_clients() -> None:
    """Keep log lines and warnings of model clients off the screen, unless `--debug` is given."""
    if not click.get_current_context().find_root().obj["debug"]:
        logging.captureWarnings(True)
        logging.getLogger().addHandler(logging.NullHandler())


def run_stages(stage: str | None, out: Path, target: int | None, *, given: dict[str, Any]) -> None:
    """Open the run folder, run one stage, or all stages if `stage` is `None`, and print how each ended."""
    from selfinstruct.cli.events import files, note
    from selfinstruct.cli.progress import print_files, print_quiet_end, say, say_warning
    from selfinstruct.cli.signals import run_with_signals
    from selfinstruct.export.contracts import present
    from selfinstruct.run.run import Run
    from selfinstruct.run.stage_order import check_backends_ahead, require_input, stages_of_whole_run

    silence_clients()
    quiet, as_json = given.pop("quiet"), given.pop("as_json")
    known = known_so_far()
    with Run(
        settings_from(out, given),
        registry=known.registry,
        sources=known.sources,
        must_exist=stage not in (None, "generate"),  # the other stages need a run
        say=note if as_json else say_warning if quiet else say,
    ) as run:
        stages = [stage] if stage is not None else stages_of_whole_run(run)
        if stage is None:
            check_backends_ahead(run, stages, target)
        else:
            require_input(run, stage, lambda source: f"run `selfinstruct {source} --out {shlex.quote(str(out))}`")

        ends: list[StageSummary] = []

        async def work() -> None:
            for name in stages:
                goal = target if name == "generate" else None
                await _run_stage(run, name, goal, ends=ends, quiet=quiet, as_json=as_json)

        try:
            run_with_signals(run, work)
        finally:
            if as_json:
                files(present(out))
            elif quiet:
                print_quiet_end(ends, out)
            elif ends:
                print_files(present(out))


async def _run_stage(
    run: Run, name: str, target: int | None, *, ends: list[StageSummary], quiet: bool, as_json: bool
) -> None:
    """Run one stage, print its progress and its end, and add its summary to `ends` if it started."""
    from selfinstruct.cli.events import JsonEvents
    from selfinstruct.cli.progress import Progress, print_end, print_ratings
    from selfinstruct.insight.coverage import coverage
    from selfinstruct.insight.ratings import count_ratings

    with JsonEvents() if as_json else Progress(quiet, run.wait_reason, partial(run.prices, name)) as progress:
        run.say = progress.say
        try:
            await run.stage(name, target, [progress])
        finally:
            progress.stop()
            if progress.summary is not None and not progress.summary.brought_nothing:
                ends.append(progress.summary)
                if not as_json and not quiet:
                    print_end(progress.summary, "" if progress.summary.exit_code else coverage(run.store, name))
                    if name == "judge":
                        print_ratings(count_ratings(run.store.ratings().values()))


def command_for(stage: str, help_text: str, *shown: str) -> click.Command:
    """Make the command of a stage after `generate`; `shown` are example lines for its help."""

    @click.command(stage, cls=BackendCommand, help=help_text, epilog=examples(*shown, more=EXITS))
    @out_option
    @estimate_option
    @paid_options
    @quiet_option
    def command(out: Path, estimate: bool, **given: Any) -> None:
        if estimate:
            print_estimate(stage, out, given)
        else:
            run_stages(stage, out, None, given=given)

    return command


def print_terms(expected: Estimate | StageEstimate, settings: str, label: str = "cost") -> None:
    """Print the cost of an estimate, with the source of its prices, and how long it takes by the rate limits."""
    from selfinstruct.run.price_table import price_hint

    if expected.usd is None or expected.most_usd is None:
        click.echo(f"  cost: unknown. {price_hint(settings, expected.billed)}")
    else:
        source = f" (prices: {expected.prices})" if expected.prices else ""
        click.echo(f"  {label}: about {expected.usd:.4f} US dollars, at most {expected.most_usd:.4f}{source}")
    if expected.seconds is not None:
        click.echo(f"  time: at least {duration(expected.seconds)}, by the known rate limits")


def print_excess(usd: float, max_usd: float | None) -> None:
    """Print that an estimated cost is above the budget, if it is."""
    if max_usd is not None and usd > max_usd:
        click.echo(f"  this is more than the budget of {max_usd:g} US dollars (--max-usd), at which the run would stop")


def print_estimate(stage: str, out: Path, given: dict[str, Any]) -> None:
    """Print the estimated cost of asking about what has no answer yet, live and in batches."""
    from selfinstruct.run.estimate import estimate_stage

    known = known_so_far()
    expected = estimate_stage(settings_from(out, given), stage, registry=known.registry, sources=known.sources)
    verb, noun, done = ESTIMATED[stage]
    click.echo(f"to {verb} {pluralize(expected.subjects, noun)}, {expected.answered:,} of them {done}:")
    click.echo(f"  {pluralize(expected.requests, 'request')}")
    click.echo(
        f"  about {expected.prompt_tokens:,} prompt and {expected.completion_tokens:,} completion tokens, "
        f"at most {expected.most_completion_tokens:,}"
    )
    print_terms(expected, "the prices in [budget], or in the table of the stage if it has its own backend")
    if (share := expected.batch_share) is not None:
        price = f"{share:.0%} of the price" if expected.usd is None else f"about {share * expected.usd:.4f} US dollars"
        click.echo(f"  with --batch: {price}, within 24 hours")
    print_excess(expected.usd or 0.0, expected.max_usd)
    click.echo("  nothing was sent")
