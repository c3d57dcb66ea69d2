"""Rows with one column for each part of an example."""

from __future__ import annotations

from collections.abc import Mapping

from selfinstruct.api import Example, Json, NoOptions, TrainingEncoder


class AlpacaEncoder(TrainingEncoder):
    """Writes rows of three texts, as in the Alpaca data. The input is empty if the task needs none."""

    def __init__(self, options: NoOptions) -> None:
        del options

    def encode(self, example: Example) -> Mapping[str, Json]:
        """The row of an example: instruction, input and output."""
        return {"instruction": example.instruction, "input": example.input, "output": example.output}
