"""The prompts that ask for worked examples of a task, and the reader that keeps the reply as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field, field_validator

from selfinstruct.api import (
    ConfigError,
    Instruction,
    Json,
    Message,
    Options,
    PostProcessor,
    PromptEncoder,
    RawInstances,
    Reply,
    Request,
    Sampling,
)
from selfinstruct.api.text import final_text
from selfinstruct_chat.prompts.schemas import TEXT, Schema, fields, numbered, or_null
from selfinstruct_chat.prompts.system_message import fill_in, read_words
from selfinstruct_chat.readers.replies import without_prompt

INPUT, OUTPUT = "<<INPUT>>", "<<OUTPUT>>"
"""What stands on a line of its own above an example's parts."""

TOKENS_PER_EXAMPLE, JSON_TOKENS_PER_EXAMPLE = 340, 60
"""Tokens that an example may take, and beyond them its keys in JSON, with the white space that models write there."""

INPUT_FIRST = (
    "You write worked examples that teach an assistant a task: an input and its right, complete output. "
    "Write {wanted}, in this form:\n\n"
    f"{INPUT}\nthe text or data that the task works on\n{OUTPUT}\nthe answer\n\n"
    "If the task needs no input because everything is in it, write just one answer below one "
    f"{OUTPUT}. Make inputs up in full: real words and numbers, no placeholders, no links. Never repeat the task. "
    "Write nothing else."
)
"""The same for every task that is no classification task."""

OUTPUT_FIRST = (
    "You write worked examples that teach an assistant a classification task. Name a label first, then make up an "
    "input that it fits. Write {wanted}, in this form:\n\n"
    f"{OUTPUT}\nthe label alone, as the task wants it\n{INPUT}\nthe text or data to classify\n\n"
    "If the task already holds what is to be classified, write just one label below one "
    f"{OUTPUT}. Make inputs up in full: real words and numbers, no placeholders, and not the label itself. "
    "Write nothing else."
)
"""The same for every classification task: input-first, models write inputs for one label only (paper, section 2.2)."""

_NO_LINKS = "Make inputs up in full: real words and numbers, no placeholders, "

INPUT_FIRST_AS_JSON = (
    "You write worked examples that teach an assistant a task: an input and its right, complete output. "
    "Write {wanted}. If the task needs no input because everything is in it, write just one, with an empty input. "
    f"{_NO_LINKS}no links. Never repeat the task. Answer as JSON, null for what you leave out: "
    '{{"1": {{"input": "...", "output": "..."}}, "2": null}}'
)
"""The same for every task that is no classification task, where the reply must keep to a schema.

Dots stand where words would say what belongs there: a tiny model recited the words as its example.
"""

OUTPUT_FIRST_AS_JSON = (
    "You write worked examples that teach an assistant a classification task. Name a label first, alone and as the "
    "task wants it, then make up an input that it fits. Write {wanted}. If the task already holds what is to be "
    f"classified, write just one, with an empty input. {_NO_LINKS}and not the label itself. Answer as JSON, null for "
    'what you leave out: {{"1": {{"output": "...", "input": "..."}}, "2": null}}'
)
"""The same for every classification task."""

EXAMPLE, LABELLED = fields(input=TEXT, output=TEXT), fields(output=TEXT, input=TEXT)

CLOSING, CLOSING_FOR_JSON = "Write its examples, in the form given.", "Write its examples as JSON."


class ChatInstancesOptions(Options):
    """Options of the prompt for examples."""

    count: int = Field(3, ge=1, le=10, description="How many examples of a task to ask for; more than 5 differ little.")
    system: str | None = Field(
        None, description="A file with your own system message; {wanted} becomes words such as 'up to 3 examples'."
    )
    system_labels: str | None = Field(
        None, description="The same for classification tasks, which are asked for a label first."
    )

    @field_validator("system", "system_labels", mode="before")
    @classmethod
    def _read_system(cls, given: Any) -> Any:
        """Read the file when the config is read, so that the run freezes its text and not its name."""
        return read_words(given, "wanted")


class ChatInstancesEncoder(PromptEncoder):
    """One of two system messages that never change, and a user message with the task as it is."""

    def __init__(self, options: ChatInstancesOptions, as_json: bool = False) -> None:
        self._options = options
        self._as_json = as_json
        wanted = _wanted(options.count, "different in content and difficulty")
        own = INPUT_FIRST_AS_JSON if as_json else INPUT_FIRST
        self._input_first = Message("system", _system_text(options.system, own, wanted))
        wanted = _wanted(options.count, "each with another label while there are labels")
        own = OUTPUT_FIRST_AS_JSON if as_json else OUTPUT_FIRST
        self._output_first = Message("system", _system_text(options.system_labels, own, wanted))
        example = TOKENS_PER_EXAMPLE + (JSON_TOKENS_PER_EXAMPLE if as_json else 0)
        self.sampling = Sampling(temperature=0.7, max_tokens=max(1024, example * options.count))

    def with_schema(self) -> PromptEncoder:
        """The encoder that asks for a JSON object of numbered examples."""
        return ChatInstancesEncoder(self._options, as_json=True)

    def schema(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Schema | None:  # noqa: ARG002
        """An input and an output for the first example, and for each of the others, or null."""
        if not self._as_json:
            return None
        example = LABELLED if subjects[0].is_classification else EXAMPLE
        return numbered(self._options.count, or_null(example), first=example)

    def encode(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Sequence[Message]:  # noqa: ARG002
        """Ask about one task: label first if it is a classification task, input first if it is not, or not known."""
        if len(subjects) != 1:
            raise ConfigError(
                "the prompt chat-instances asks about one instruction at a time", "Set instances.batch=1."
            )
        system = self._output_first if subjects[0].is_classification else self._input_first
        closing = CLOSING_FOR_JSON if self._as_json else CLOSING
        return (system, Message("user", f"Task:\n{subjects[0].text.strip()}\n\n{closing}"))


class ChatInstancesReader(PostProcessor):
    """Keeps the reply without its thinking: reading it is the work of the stage prepare, which costs nothing."""

    def process(self, request: Request, reply: Reply) -> Sequence[RawInstances]:
        """One raw text for the one subject; the note `cut` says that the reply's tokens ran out."""
        notes: dict[str, Json] = {"cut": True} if reply.ended_early else {}
        text = final_text(without_prompt(reply.text, request), is_cut=reply.finish == "length").strip("\r\n")
        return [RawInstances(text, subject.id, notes) for subject in request.subjects[:1]]


def _system_text(words: str | None, template: str, wanted: str) -> str:
    """The user's own words, or else ours."""
    return fill_in(words, {"wanted": wanted}) if words else template.format(wanted=wanted)


def _wanted(count: int, variety: str) -> str:
    return f"up to {count} examples, {variety}" if count > 1 else "one example"
