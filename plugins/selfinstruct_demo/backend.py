"""The backend `demo`, which creates the offline chat model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from selfinstruct.api import Backend, Check, Diagnosis, Json, Sampling
from selfinstruct_demo.options import DemoOptions

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

NOTE = (
    "a fixed grammar, not a language model: its answers are right, its tasks of some seventy kinds, whatever the seeds"
)


class DemoBackend(Backend):
    """An offline stand-in for a language model."""

    local = True
    repeatable = True

    def __init__(self, options: DemoOptions) -> None:
        self._options = options

    def chat_model(self, sampling: Sampling) -> BaseChatModel:
        """Create the model. It uses `max_tokens` and `stop` of the sampling, and ignores the rest."""
        from selfinstruct_demo.model import DemoChatModel

        return DemoChatModel(options=self._options, max_tokens=sampling.max_tokens, stop=list(sampling.stop) or None)

    def describe(self) -> Mapping[str, Json]:
        """The name of the model, and a note that it is not a language model."""
        return {"provider": "demo", "model": "demo", "note": NOTE}

    def check(self) -> Diagnosis:
        """Always succeeds, because the backend needs no server and no key."""
        return Diagnosis((Check("demo", True, NOTE),))
