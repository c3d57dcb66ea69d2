"""The prompt that asks which of many tasks are classification tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field, field_validator

from selfinstruct.api import Instruction, Message, Options, PromptEncoder, Sampling, TaskFact
from selfinstruct_chat.prompts.schemas import YES_OR_NO, Schema, numbered
from selfinstruct_chat.prompts.system_message import read_words
from selfinstruct_chat.prompts.task_facts import answer_schema, question

_KINDS = (
    "You tell classification tasks from other tasks. A task is a classification task if every right output is one "
    "of a small, fixed set of labels: yes or no, true or false, a sentiment, a category, one of the options named. "
    "If the output is free text, a list, code, a number or a translation, it is not. Do not carry the tasks out. "
)

SYSTEM = f"{_KINDS}Answer one line for each task: its number, and yes or no. Example: 7. no"
"""The same for every request, so that providers can cache it."""

SYSTEM_FOR_JSON = f'{_KINDS}Answer with one JSON object, by number: {{"1": "no", "2": "yes"}}'
"""The same where the reply must keep to a schema."""

FACT_TOKENS = 400
"""Tokens of a reply that a fact about each of the tasks may take."""

LONGEST, TAIL = 400, 140
"""Characters that are shown of a task, and how many of them are its last: that is where labels often stand."""


class ChatClassifyOptions(Options):
    """Options of the prompt that asks which tasks are classification tasks."""

    system: str | None = Field(None, description="A file with your own system message, without placeholders.")

    @field_validator("system", mode="before")
    @classmethod
    def _read_system(cls, given: Any) -> Any:
        """Read the file when the config is read, so that the run freezes its text and not its name."""
        return read_words(given)


class ChatClassifyEncoder(PromptEncoder):
    """A system message that never changes, and a user message with the numbered tasks."""

    def __init__(self, options: ChatClassifyOptions, as_json: bool = False, facts: Sequence[TaskFact] = ()) -> None:
        self._options = options
        self._as_json = as_json
        self._facts = tuple(dict.fromkeys(facts))
        system = options.system or (SYSTEM_FOR_JSON if as_json else SYSTEM)
        if facts:
            system = f"{(options.system or _KINDS).rstrip()} {question(self._facts, as_json)}"
        self._system = Message("system", system)
        self.sampling = Sampling(temperature=0.0, max_tokens=(900 if as_json else 600) + FACT_TOKENS * len(self._facts))

    def with_schema(self) -> PromptEncoder:
        """The encoder that asks for a JSON object of numbered answers."""
        return ChatClassifyEncoder(self._options, as_json=True, facts=self._facts)

    def with_facts(self, facts: Sequence[TaskFact]) -> PromptEncoder:
        """The encoder that also asks for these facts."""
        return ChatClassifyEncoder(self._options, self._as_json, facts)

    def schema(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Schema | None:  # noqa: ARG002
        """Yes or no for each of the subjects, and its facts."""
        answer = answer_schema(self._facts) if self._facts else YES_OR_NO
        return numbered(len(subjects), answer) if self._as_json else None

    def encode(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Sequence[Message]:  # noqa: ARG002
        """Show every subject on one line."""
        lines = [f"{number}. {one_line(subject.text)}" for number, subject in enumerate(subjects, start=1)]
        asked = ", ".join(["yes or no", *self._facts])
        closing = f"Answer {asked} for task 1."
        if len(lines) > 1:
            closing = f"Answer {asked} for each, numbered 1 to {len(lines)}."
        return (self._system, Message("user", "\n".join(["Tasks:", *lines, "", closing])))


def one_line(text: str) -> str:
    """A task on one line; of a long one, its beginning and its end."""
    line = " ".join(text.split())
    if len(line) <= LONGEST:
        return line
    head, tail = line[: LONGEST - TAIL], line[-TAIL:]
    return f"{head.rpartition(' ')[0] or head} ... {tail.partition(' ')[2] or tail}"
