"""`selfinstruct classify`: ask the model which accepted instructions are classification tasks."""

from __future__ import annotations

from selfinstruct.cli.stages import command_for

command = command_for(
    "classify",
    """Ask the model which accepted instructions are classification tasks.

    Those without a clear answer are asked about again, then stay unknown and are listed as such.
    """,
    "selfinstruct classify --out runs/first",
)
