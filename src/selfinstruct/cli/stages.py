"""The commands that run a stage of a run folder: `classify`, `instances`, `prepare`, and `run` for all in a row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from selfinstruct.cli.options import (
    BackendCommand,
    config_options,
    known_registry,
    out_option,
    paid_options,
    settings_from,
)

EPILOG = "Exit codes: 0 done, 2 usage or data, 3 a plugin, 4 the model cannot be used, 5 stopped and resumable."
quiet_option = click.option("--quiet", is_flag=True, help="Say nothing but how it ended.")


def run_stages(stages: Sequence[str], out: Path, target: int | None, quiet: bool, given: dict[str, Any]) -> None:
    """Open the run folder and run stages one after the other, telling how each ended."""
    from selfinstruct.app import Run, run_with_signals
    from selfinstruct.cli.progress import Progress, hush, say, tell_end, tell_files
    from selfinstruct.store import RunStore

    if stages[0] != "generate":
        RunStore.look(out).close()  # a stage that follows another needs a run; generate makes one
    with Run(settings_from(out, given), known_registry(), say=hush if quiet else say) as run:

        async def work() -> None:
            for stage in stages:
                with Progress(quiet) as progress:
                    run.say = progress.say
                    try:
                        await run.stage(stage, target if stage == "generate" else None, [progress])
                    finally:
                        progress.stop()
                        tell_end(progress.summary)

        try:
            run_with_signals(run, work)
        finally:
            tell_files(out)


def command_for(stage: str, help_text: str) -> click.Command:
    """The command of one stage that follows `generate`."""

    @click.command(stage, cls=BackendCommand, help=help_text, epilog=EPILOG)
    @out_option
    @(config_options if stage == "prepare" else paid_options)
    @quiet_option
    def command(out: Path, quiet: bool, **given: Any) -> None:
        run_stages([stage], out, None, quiet, given)

    return command
