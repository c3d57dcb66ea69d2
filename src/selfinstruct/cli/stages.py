"""What the commands that run stages of a run folder have in common, and those of `classify` and `instances`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from selfinstruct.cli.backend_options import BackendCommand, known_registry
from selfinstruct.cli.help import examples
from selfinstruct.cli.options import out_option, paid_options, settings_from

if TYPE_CHECKING:
    from selfinstruct.run.run import Run

EXITS = "Exit codes: 0 done, 2 usage or data, 3 a plugin, 4 the model cannot be used, 5 stopped and resumable."
F = TypeVar("F", bound=Callable[..., Any])


def quiet_option(command: F) -> F:
    """`--quiet` and `--json`: how much is told, and to whom."""
    for flag, name, words in (
        ("--json", "as_json", "Tell every event as a JSON object on a line of its own."),
        ("--quiet", "quiet", "Say nothing but how it ended."),
    ):
        command = click.option(flag, name, is_flag=True, help=words)(command)
    return command


def run_stages(stages: Sequence[str], out: Path, target: int | None, given: dict[str, Any]) -> None:
    """Open the run folder and run stages one after the other, telling how each ended."""
    from selfinstruct.cli.events import JsonEvents, files, note
    from selfinstruct.cli.progress import Progress, print_end, print_files, print_ratings, say, silent
    from selfinstruct.cli.signals import run_with_signals
    from selfinstruct.export.contracts import present
    from selfinstruct.run.run import Run
    from selfinstruct.store import RunStore

    quiet, as_json = given.pop("quiet"), given.pop("as_json")

    if stages[0] != "generate":
        RunStore.open_readonly(out).close()  # a stage that follows another needs a run; generate makes one
    with Run(settings_from(out, given), known_registry(), say=note if as_json else silent if quiet else say) as run:

        async def work() -> None:
            for stage in _wanted(stages, run):
                prices = partial(run.prices, stage)
                with JsonEvents() if as_json else Progress(quiet, run.wait_reason, prices) as progress:
                    run.say = progress.say
                    try:
                        await run.stage(stage, target if stage == "generate" else None, [progress])
                    finally:
                        progress.stop()
                        if not as_json:
                            print_end(progress.summary)
                            if stage == "judge" and progress.summary is not None:
                                print_ratings(run.store.ratings().values())

        try:
            run_with_signals(run, work)
        finally:
            files(present(out)) if as_json else print_files(present(out))


def _wanted(stages: Sequence[str], run: Run) -> list[str]:
    """In a row of stages `judge` has its turn only if the config says so; the scores then count at once."""
    if len(stages) == 1 or run.rates:
        return [*stages, *(["prepare"] if len(stages) > 1 and run.min_score is not None else [])]
    return [stage for stage in stages if stage != "judge"]


def command_for(stage: str, help_text: str, *shown: str) -> click.Command:
    """The command of one stage that follows `generate`; `shown` are examples."""

    @click.command(stage, cls=BackendCommand, help=help_text, epilog=examples(*shown, more=EXITS))
    @out_option
    @paid_options
    @quiet_option
    def command(out: Path, **given: Any) -> None:
        run_stages([stage], out, None, given)

    return command
