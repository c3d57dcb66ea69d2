"""The paper's training format: a prompt from one of several templates, and its completion."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from pydantic import Field

from selfinstruct.api import Example, Json, Options, TrainingEncoder
from selfinstruct_paper.templates import END, clean_input, encode_instance


class PromptCompletionOptions(Options):
    """Options of the encoder `prompt-completion`."""

    random_template: bool = Field(
        True, description="Draw one of the paper's 7 templates, or of 6 if there is no input."
    )
    end_token: str = Field(END, description="Text at the end of each completion; may be empty.")
    clean_input: bool = Field(True, description="Remove the field name from half of the inputs, as the reference does.")
    seed: int = Field(0, description="Seed of the draws.")


class PromptCompletion(TrainingEncoder):
    """Writes rows of `prompt` and `completion`, as `encode_instance` does."""

    def __init__(self, options: PromptCompletionOptions) -> None:
        self._options = options

    def encode(self, example: Example) -> Mapping[str, Json]:
        """The row of an example. The draws depend on the seed and the example, and not on its place in the file."""
        options = self._options
        parts = (example.subject, example.instruction, example.input, example.output)
        rng = Random(f"{options.seed}:{':'.join(parts)}")  # noqa: S311 - no secret is drawn
        clean = rng.random() < 0.5  # drawn in any case: the option does not change the template
        text = clean_input(example.input) if options.clean_input and clean else example.input
        row = encode_instance(
            example.instruction, text, example.output, options.random_template, rng=rng, end_token=options.end_token
        )
        return {"prompt": row["prompt"], "completion": row["completion"]}
