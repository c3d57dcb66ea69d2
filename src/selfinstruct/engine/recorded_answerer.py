"""Answers requests from the journal, for stages that ask no model."""

from __future__ import annotations

from collections.abc import Sequence

from selfinstruct.engine.live_answerer import Answer
from selfinstruct.store import RunStore
from selfinstruct.types import Reply, Request


class RecordedAnswerer:
    """Answers requests with texts from the journal. `places` says where each text is; `None` stands for no text."""

    is_repeatable = True

    def __init__(self, store: RunStore, places: Sequence[tuple[int, int] | None]) -> None:
        self._store = store
        self._places = places

    async def answer(self, request: Request) -> Answer:
        """A reply with the text at the request's place."""
        place = self._places[request.index]
        if place is None:
            return Reply("", "stop")
        text, finish = self._store.raw_text(*place)
        return Reply(text, finish)

    def stop(self) -> None:
        """Do nothing: no call is in flight."""
