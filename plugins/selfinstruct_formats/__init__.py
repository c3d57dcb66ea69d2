"""Training formats: how one training example becomes one row of a training file."""

from __future__ import annotations

from typing import Any

from selfinstruct.api import EXPORT, Component, NoOptions, hookimpl
from selfinstruct_formats.alpaca import Alpaca
from selfinstruct_formats.chat import ChatOptions, Messages, ShareGPT
from selfinstruct_formats.text import Text, TextOptions

SELFINSTRUCT_API = 1


@hookimpl
def selfinstruct_encoders() -> list[Component[Any]]:
    """Offer the formats."""
    stages = (EXPORT,)
    return [
        Component("messages", "OpenAI's and TRL's conversations: a list of messages", ChatOptions, Messages, stages),
        Component("alpaca", "Alpaca's columns: instruction, input, output", NoOptions, Alpaca, stages),
        Component("sharegpt", "ShareGPT's conversations between human and gpt", ChatOptions, ShareGPT, stages),
        Component("text", "one text a row, by a chat template or a file of your own", TextOptions, Text, stages),
    ]
