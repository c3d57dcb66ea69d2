"""Conversational rows: the user asks, the assistant answers."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from selfinstruct.api import Example, Json, Options, TrainingEncoder


class ChatOptions(Options):
    """Options of the conversational formats."""

    system: str | None = Field(None, description="System message at the start of every row.")


def question(example: Example) -> str:
    """The instruction, followed by a blank line and the input if there is one."""
    return f"{example.instruction}\n\n{example.input}" if example.input else example.instruction


class MessagesEncoder(TrainingEncoder):
    """Writes rows of messages with roles, as OpenAI's fine-tuning and TRL read them."""

    def __init__(self, options: ChatOptions) -> None:
        self._system = options.system

    def encode(self, example: Example) -> Mapping[str, Json]:
        """The row of an example: the system message if there is one, the question, and the output as the answer."""
        return {"messages": self.messages(example)}

    def messages(self, example: Example) -> list[Json]:
        """The messages of an example, the answer last."""
        turns = [("user", question(example)), ("assistant", example.output)]
        if self._system is not None:
            turns.insert(0, ("system", self._system))
        return [{"role": role, "content": text} for role, text in turns]


class ShareGPTEncoder(TrainingEncoder):
    """Writes rows of turns between `human` and `gpt`, as in the files of ShareGPT."""

    def __init__(self, options: ChatOptions) -> None:
        self._system = options.system

    def encode(self, example: Example) -> Mapping[str, Json]:
        """The row of an example: the system message if there is one, the question, and the output as the answer."""
        turns = [("human", question(example)), ("gpt", example.output)]
        if self._system is not None:
            turns.insert(0, ("system", self._system))
        return {"conversations": [{"from": speaker, "value": text} for speaker, text in turns]}


class ConversationalPairEncoder(TrainingEncoder):
    """Writes rows with a prompt and a completion, both lists of messages: TRL then trains on the completion alone.

    The chat template of the model puts its own end-of-turn token, so none stands in the texts.
    """

    def __init__(self, options: ChatOptions) -> None:
        self._messages = MessagesEncoder(options)

    def encode(self, example: Example) -> Mapping[str, Json]:
        """The row of an example: the messages up to the question, and the answer."""
        messages = list(self._messages.messages(example))
        return {"prompt": messages[:-1], "completion": messages[-1:]}
