"""`selfinstruct classify`: ask the model which accepted instructions are classification tasks."""

from __future__ import annotations

from selfinstruct.cli.stages import command_for

command = command_for(
    "classify",
    """Ask the model which accepted instructions are classification tasks.

    Instructions without a clear answer are asked about again, and then stay unlabelled.
    """,
    "selfinstruct classify --out runs/first",
)
