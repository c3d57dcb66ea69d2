"""`selfinstruct generate`: grow new instructions from seed tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from selfinstruct.cli.options import BackendCommand, config_options, out_option, settings_from


@click.command(
    "generate",
    cls=BackendCommand,
    epilog="Exit codes: 0 done, 2 usage or data, 3 a plugin, 4 the model cannot be used, 5 stopped and resumable.",
)
@out_option
@click.option("--target", type=click.IntRange(1), help="How many instructions the run is to hold in the end.")
@config_options
@click.option("--quiet", is_flag=True, help="Say nothing but how it ended.")
def command(out: Path, target: int | None, quiet: bool, **given: Any) -> None:
    """Grow new instructions from seed tasks until TARGET are accepted.

    A run folder that holds a run is resumed: nothing that was paid for is asked again. Every flag can stand in
    selfinstruct.toml instead (see: selfinstruct init).
    """
    from selfinstruct.app import Run, run_with_signals
    from selfinstruct.cli.progress import Progress, say, tell_end
    from selfinstruct.types import GENERATE

    with Run(settings_from(out, given), say=say) as run:
        with Progress(quiet) as progress:
            summary = run_with_signals(run, lambda: run.stage(GENERATE, target, [progress]))
        tell_end(summary, out)
