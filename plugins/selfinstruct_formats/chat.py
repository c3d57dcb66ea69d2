"""Conversational rows: the user asks, the assistant answers."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from selfinstruct.api import Example, Json, Options, TrainingEncoder


class ChatOptions(Options):
    """What the conversational formats can be told."""

    system: str | None = Field(None, description="A system message that every row begins with; default: none.")


def question(example: Example) -> str:
    """The instruction, and the input after a blank line where there is one."""
    return f"{example.instruction}\n\n{example.input}" if example.input else example.instruction


class MessagesEncoder(TrainingEncoder):
    """A row of messages with roles, as OpenAI's fine-tuning and TRL's conversational format have it."""

    def __init__(self, options: ChatOptions) -> None:
        self._system = options.system

    def encode(self, example: Example) -> Mapping[str, Json]:
        """The system message if there is one, the question, and the output as the answer."""
        turns = [("user", question(example)), ("assistant", example.output)]
        if self._system is not None:
            turns.insert(0, ("system", self._system))
        return {"messages": [{"role": role, "content": text} for role, text in turns]}


class ShareGPTEncoder(TrainingEncoder):
    """A row of turns between `human` and `gpt`, as ShareGPT's files have it."""

    def __init__(self, options: ChatOptions) -> None:
        self._system = options.system

    def encode(self, example: Example) -> Mapping[str, Json]:
        """The system message if there is one, the question, and the output as the answer."""
        turns = [("human", question(example)), ("gpt", example.output)]
        if self._system is not None:
            turns.insert(0, ("system", self._system))
        return {"conversations": [{"from": speaker, "value": text} for speaker, text in turns]}
