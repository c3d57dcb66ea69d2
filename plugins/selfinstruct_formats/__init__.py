"""Training formats: how one training example becomes one row of a training file."""

from __future__ import annotations

from typing import Any

from selfinstruct.api import EXPORT, Component, NoOptions, hookimpl
from selfinstruct_formats.alpaca import AlpacaEncoder
from selfinstruct_formats.chat import ChatOptions, MessagesEncoder, ShareGPTEncoder
from selfinstruct_formats.text import TextEncoder, TextOptions

SELFINSTRUCT_API = 1


@hookimpl
def selfinstruct_encoders() -> list[Component[Any]]:
    """Offer the formats."""
    stages = (EXPORT,)
    return [
        Component(
            "messages", "OpenAI's and TRL's conversations: a list of messages", ChatOptions, MessagesEncoder, stages
        ),
        Component("alpaca", "Alpaca's columns: instruction, input, output", NoOptions, AlpacaEncoder, stages),
        Component("sharegpt", "ShareGPT's conversations between human and gpt", ChatOptions, ShareGPTEncoder, stages),
        Component("text", "one text a row, by a chat template or a file of your own", TextOptions, TextEncoder, stages),
    ]
