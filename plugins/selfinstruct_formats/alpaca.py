"""Rows with a column for each part of an example."""

from __future__ import annotations

from collections.abc import Mapping

from selfinstruct.api import Example, Json, NoOptions, TrainingEncoder


class AlpacaEncoder(TrainingEncoder):
    """A row of three texts, as the Alpaca data has them; the input is empty where the task needs none."""

    def __init__(self, options: NoOptions) -> None:
        del options

    def encode(self, example: Example) -> Mapping[str, Json]:
        """Put instruction, input and output in a column each."""
        return {"instruction": example.instruction, "input": example.input, "output": example.output}
