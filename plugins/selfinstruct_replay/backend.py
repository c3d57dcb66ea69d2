"""The replay backend: creates a chat model that answers from a recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from selfinstruct.api import Backend, Check, Diagnosis, Exhausted, Fault, Json, Rejected, Sampling, chat
from selfinstruct_replay import ReplayOptions
from selfinstruct_replay.recording import read_recording

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class ReplayBackend(Backend):
    """A backend of recorded replies, which are read once when it is built."""

    local = True
    repeatable = True

    def __init__(self, options: ReplayOptions) -> None:
        self._path = options.path
        self._rows = read_recording(options.path)

    def chat_model(self, sampling: Sampling) -> BaseChatModel:  # noqa: ARG002 - the replies are fixed
        """Create a model that answers from the recording and ignores the sampling."""
        from selfinstruct_replay.model import ReplayModel

        return ReplayModel(rows=self._rows, cache=False)

    def accepts_schema(self) -> bool:
        """Whether the recorded replies are JSON objects, as of a run that asked with a schema."""
        texts = [row.text for row in self._rows if row.text]
        return bool(texts) and all(text.lstrip().startswith("{") for text in texts)

    def read_error(self, error: Exception) -> Fault:
        """`Exhausted` at the end of the recording, `Rejected` for a recorded failure, or another fault."""
        from selfinstruct_replay.model import RecordedFailure, RecordingEnded

        if isinstance(error, RecordingEnded):
            return Exhausted(str(error))
        if isinstance(error, RecordedFailure | LookupError):
            return Rejected(str(error))
        return chat.read_exception(error)

    def describe(self) -> Mapping[str, Json]:
        """The path of the file and the number of its rows."""
        return {"provider": "replay", "model": "replay", "path": str(self._path), "rows": len(self._rows)}

    def check(self) -> Diagnosis:
        """Report how many replies there are. Whether they can be read was checked when the backend was built."""
        return Diagnosis((Check("recording", bool(self._rows), f"{len(self._rows)} recorded replies"),))
