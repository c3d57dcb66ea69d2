"""Training formats: each turns a training example into a row of a training file."""

from __future__ import annotations

from typing import Any

from selfinstruct.api import EXPORT, Component, NoOptions, hookimpl
from selfinstruct_formats.alpaca import AlpacaEncoder
from selfinstruct_formats.chat import ChatOptions, ConversationalPairEncoder, MessagesEncoder, ShareGPTEncoder
from selfinstruct_formats.text import TextEncoder, TextOptions

SELFINSTRUCT_API = 1


@hookimpl
def selfinstruct_encoders() -> list[Component[Any]]:
    """Register the training formats."""
    stages = (EXPORT,)
    return [
        Component(
            "messages", "A list of messages with roles, as OpenAI and TRL read it", ChatOptions, MessagesEncoder, stages
        ),
        Component("alpaca", "The columns of Alpaca: instruction, input, output", NoOptions, AlpacaEncoder, stages),
        Component(
            "sharegpt", "Conversations between human and gpt, as in ShareGPT", ChatOptions, ShareGPTEncoder, stages
        ),
        Component(
            "conversational-prompt-completion",
            "A prompt and a completion, both lists of messages, as TRL reads them",
            ChatOptions,
            ConversationalPairEncoder,
            stages,
        ),
        Component(
            "text", "One text per row, from a chat template or a template file", TextOptions, TextEncoder, stages
        ),
    ]
