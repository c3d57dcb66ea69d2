"""Conversational rows: the user asks, the assistant answers."""

from __future__ import annotations

from collections.abc import Mapping

from selfinstruct.api import Example, Json, NoOptions, TrainingEncoder


def question(example: Example) -> str:
    """The instruction, and the input after a blank line where there is one."""
    return f"{example.instruction}\n\n{example.input}" if example.input else example.instruction


class Messages(TrainingEncoder):
    """A row of messages with roles, as OpenAI's fine-tuning and TRL's conversational format have it."""

    def __init__(self, options: NoOptions) -> None:
        del options

    def encode(self, example: Example) -> Mapping[str, Json]:
        """Two messages: the question, and the output as the answer."""
        user, assistant = question(example), example.output
        return {"messages": [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]}
