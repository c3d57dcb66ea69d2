"""Rows of one text: an example in a chat template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from selfinstruct.api import Example, Json, Options, TrainingEncoder
from selfinstruct_formats.chat import question
from selfinstruct_formats.templates import TEMPLATES, fill, read_template


class TextOptions(Options):
    """Options of the format `text`."""

    template: Literal["llama-3", "chatml", "plain"] = Field("llama-3", description="Name of a built-in template.")
    template_file: str | None = Field(
        None,
        description="Text file to use instead of a built-in template.",
    )
    system: str | None = Field(None, description="System message at the start of every row.")
    begin: bool = Field(False, description="Start rows with the first token, which most trainers add themselves.")

    @model_validator(mode="after")
    def _template_file_is_alone(self) -> Self:
        if self.template_file is not None and (self.system is not None or self.begin):
            raise ValueError("system and begin have no effect on a template_file: write that text into the file")
        return self


class TextEncoder(TrainingEncoder):
    """Writes rows of one text, for trainers that apply no chat template."""

    def __init__(self, options: TextOptions) -> None:
        file = options.template_file
        self._template = read_template(file) if file is not None else TEMPLATES[options.template]
        system = fill(self._template.system, {"system": options.system}) if options.system is not None else ""
        self._before = (self._template.begin if options.begin else "") + system

    def encode(self, example: Example) -> Mapping[str, Json]:
        """The row of an example: the filled-in template."""
        parts = {
            "instruction": example.instruction,
            "input": example.input,
            "question": question(example),
            "output": example.output,
        }
        return {"text": self._before + fill(self._template.turn, parts)}
