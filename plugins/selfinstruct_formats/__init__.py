"""Training formats: how one training example becomes one row of a training file."""

from __future__ import annotations

from typing import Any

from selfinstruct.api import EXPORT, Component, NoOptions, hookimpl
from selfinstruct_formats.chat import Messages

SELFINSTRUCT_API = 1


@hookimpl
def selfinstruct_encoders() -> list[Component[Any]]:
    """Offer the formats."""
    stages = (EXPORT,)
    return [Component("messages", "OpenAI's and TRL's conversations: a list of messages", NoOptions, Messages, stages)]
