"""`selfinstruct generate`: grow new instructions from seed tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from selfinstruct.cli.options import BackendCommand, out_option, paid_options
from selfinstruct.cli.stages import EPILOG, quiet_option, run_stages


@click.command("generate", cls=BackendCommand, epilog=EPILOG)
@out_option
@click.option("--target", type=click.IntRange(1), help="How many instructions the run is to hold in the end.")
@paid_options
@quiet_option
def command(out: Path, target: int | None, quiet: bool, **given: Any) -> None:
    """Grow new instructions from seed tasks until TARGET are accepted.

    A run folder that holds a run is resumed: nothing that was paid for is asked again. Every flag can stand in
    selfinstruct.toml instead (see: selfinstruct init).
    """
    run_stages(["generate"], out, target, quiet, given)
