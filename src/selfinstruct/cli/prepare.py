"""`selfinstruct prepare`: turn raw instances into training examples; nothing is asked of a model."""

from __future__ import annotations

from selfinstruct.cli.stages import command_for

command = command_for(
    "prepare",
    """Turn raw instances into training examples; nothing is asked of a model.

    May be run again with other settings: it then begins anew, from the same recorded replies.
    """,
)
