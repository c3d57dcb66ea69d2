"""`selfinstruct instances`: ask the model for worked instances of every accepted instruction."""

from __future__ import annotations

from selfinstruct.cli.stages import command_for

command = command_for(
    "instances",
    """Ask the model for worked instances of every accepted instruction.

    Classification tasks are asked for labels first, so that inputs are not all of one kind.
    """,
    "selfinstruct instances --out runs/first --max-tokens 500000",
)
