"""Rows of one text: an example inside a chat template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from selfinstruct.api import Example, Json, Options, TrainingEncoder
from selfinstruct_formats.chat import question
from selfinstruct_formats.templates import TEMPLATES, fill, read_template


class TextOptions(Options):
    """Which template, and what stands before the example."""

    template: Literal["llama-3", "chatml", "plain"] = Field("llama-3", description="A template that is built in.")
    template_file: str | None = Field(
        None,
        description="A text file in its place, with {question} (or {instruction} and {input}) and {output}.",
    )
    system: str | None = Field(None, description="A system message that every row begins with; default: none.")
    begin: bool = Field(
        False, description="Begin rows with the template's first token too; most trainers add it themselves."
    )

    @model_validator(mode="after")
    def _file_says_all(self) -> Self:
        if self.template_file is not None and (self.system is not None or self.begin):
            raise ValueError("with template_file, write what stands before the example into the file")
        return self


class TextEncoder(TrainingEncoder):
    """A row of one text, for trainers that are given no chat template."""

    def __init__(self, options: TextOptions) -> None:
        file = options.template_file
        self._template = read_template(file) if file is not None else TEMPLATES[options.template]
        system = fill(self._template.system, {"system": options.system}) if options.system is not None else ""
        self._before = (self._template.begin if options.begin else "") + system

    def encode(self, example: Example) -> Mapping[str, Json]:
        """Put the example into the template."""
        parts = {
            "instruction": example.instruction,
            "input": example.input,
            "question": question(example),
            "output": example.output,
        }
        return {"text": self._before + fill(self._template.turn, parts)}
