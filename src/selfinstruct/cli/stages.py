"""The commands that run a stage of a run folder: `classify`, `instances`, `prepare`, and `run` for all in a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from selfinstruct.cli.options import BackendCommand, config_options, out_option, paid_options, settings_from

EPILOG = "Exit codes: 0 done, 2 usage or data, 3 a plugin, 4 the model cannot be used, 5 stopped and resumable."
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
    from selfinstruct.app import Run, run_with_signals
    from selfinstruct.cli.events import JsonEvents, files, note
    from selfinstruct.cli.progress import Progress, hush, say, tell_end, tell_files
    from selfinstruct.formats.contracts import present
    from selfinstruct.store import RunStore

    quiet, as_json = given.pop("quiet"), given.pop("as_json")

    if stages[0] != "generate":
        RunStore.look(out).close()  # a stage that follows another needs a run; generate makes one
    with Run(settings_from(out, given), say=note if as_json else hush if quiet else say) as run:

        async def work() -> None:
            for stage in stages:
                with JsonEvents() if as_json else Progress(quiet, run.holdup, run.prices) as progress:
                    run.say = progress.say
                    try:
                        await run.stage(stage, target if stage == "generate" else None, [progress])
                    finally:
                        progress.stop()
                        if not as_json:
                            tell_end(progress.summary)

        try:
            run_with_signals(run, work)
        finally:
            files(present(out)) if as_json else tell_files(present(out))


def command_for(stage: str, help_text: str) -> click.Command:
    """The command of one stage that follows `generate`."""

    @click.command(stage, cls=BackendCommand, help=help_text, epilog=EPILOG)
    @out_option
    @(config_options if stage == "prepare" else paid_options)
    @quiet_option
    def command(out: Path, **given: Any) -> None:
        run_stages([stage], out, None, given)

    return command
