"""The prompt that asks a chat model for new tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field, field_validator

from selfinstruct.api import Instruction, Message, Options, PromptEncoder, Sampling
from selfinstruct_chat.prompts.hints import choose, read_hints
from selfinstruct_chat.prompts.schemas import TEXT, Schema, numbered
from selfinstruct_chat.prompts.system_message import fill_in, read_words

_TASKS = (
    "You write tasks that will teach an assistant to follow instructions. You are shown examples. Write new tasks "
    "that differ from the examples, and from one another, in subject and in kind: vary the verb, the length and the "
    "form, and mix questions with commands. Each task must stand on its own: if it works on a text, a list or "
    "numbers, include them. An assistant that only reads and writes text must be able to do it, without images, "
    "sound, files or the web. "
)

SYSTEM = (
    f"{_TASKS}Put each task on one line of a numbered list. Write the tasks only: no introduction, "
    "no titles, no answers, no remarks."
)
"""The same for every request of a run, so that providers can cache it."""

SYSTEM_FOR_JSON = (
    f"{_TASKS}Write the tasks only: no titles, no answers, no remarks. Answer with one JSON object of numbered tasks: "
    '{"1": "...", "2": "..."}'
)
"""The same where the reply must keep to a schema."""

TOKENS_PER_TASK, JSON_TOKENS_PER_TASK = 128, 16
"""Tokens that a task may take, and beyond them its key in JSON, with the white space that models write there."""


class ChatTasksOptions(Options):
    """Options of the prompt for new tasks."""

    count: int = Field(8, ge=1, le=64, description="How many new tasks to ask for in one request.")
    topic: str = Field("", description="Topic of the new tasks; empty for any topic.")
    language: str = Field("", description="Language of the tasks; empty to follow the examples.")
    topics: tuple[str, ...] | None = Field(
        None, description="Topics, one drawn for each request: a list, or a file with one per line."
    )
    personas: tuple[str, ...] | None = Field(
        None, description="People who may ask, one drawn for each request: a list, or a file."
    )

    system: str | None = Field(
        None, description="A file with your own system message; {count}, {topic} and {language} are filled in."
    )

    @field_validator("system", mode="before")
    @classmethod
    def _read_system(cls, given: Any) -> Any:
        """Read the file when the config is read, so that the run freezes its text and not its name."""
        return read_words(given, "count", "topic", "language")

    @field_validator("topics", "personas", mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        """Read a file when the config is read, so that the run records its content and not its name."""
        return read_hints(given)


class ChatTasksEncoder(PromptEncoder):
    """A system message that never changes, and a user message with the numbered examples."""

    prefers_schema = False
    """Long free texts are where a schema is said to harm: see docs/structured.md."""

    def __init__(self, options: ChatTasksOptions, as_json: bool = False) -> None:
        self._options = options
        self._as_json = as_json
        self._system = Message("system", _system_text(options, as_json))
        task = TOKENS_PER_TASK + (JSON_TOKENS_PER_TASK if as_json else 0)
        self.sampling = Sampling(temperature=0.8, max_tokens=max(1024, task * options.count))

    def with_schema(self) -> PromptEncoder:
        """The encoder that asks for a JSON object of numbered tasks."""
        return ChatTasksEncoder(self._options, as_json=True)

    def schema(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Schema | None:  # noqa: ARG002
        """A text for each of the tasks."""
        return numbered(self._options.count, TEXT) if self._as_json else None

    def encode(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Sequence[Message]:  # noqa: ARG002
        """Show the examples, each folded onto one line, and ask for `count` new tasks.

        With topics or personas, the prompt names one of each, chosen by a hash of the examples: see `choose`.
        """
        lines = [f"{number}. {' '.join(example.text.split())}" for number, example in enumerate(examples, start=1)]
        shown = "\n".join(["Examples:", *lines, "", ""]) if lines else ""
        return (self._system, Message("user", shown + self._hints(examples) + self._closing()))

    def _closing(self) -> str:
        """The request itself, last, where models heed it most."""
        count = self._options.count
        if self._as_json:
            return 'Write 1 new task, under "1".' if count == 1 else f'Write {count} new tasks, under "1" to "{count}".'
        return "Write 1 new task, numbered 1." if count == 1 else f"Write {count} new tasks, numbered 1 to {count}."

    def _hints(self, examples: Sequence[Instruction]) -> str:
        """The topic and persona of this request; empty if the config has neither."""
        hints = ""
        if self._options.topics:
            hints += f"Topic of the new tasks: {choose(self._options.topics, 'topics', examples)}.\n"
        if self._options.personas:
            asking = choose(self._options.personas, "personas", examples)
            hints += f"The tasks are such as this person would give an assistant: {asking}.\n"
        return hints


def _system_text(options: ChatTasksOptions, as_json: bool) -> str:
    """The system message, with the run's topic and language if there are any."""
    words = options.system or ""
    values = {"count": str(options.count), "topic": options.topic, "language": options.language}
    parts = [fill_in(words, values) if words else SYSTEM_FOR_JSON if as_json else SYSTEM]
    if options.topic and "{topic}" not in words:
        parts.append(f"All tasks are about this topic: {options.topic}.")
    if options.language and "{language}" not in words:
        parts.append(f"Write the tasks in {options.language}.")
    return " ".join(parts)
