"""Tells observers what happens; one that raises is reported once by name and then left alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from selfinstruct.errors import plugin_cause
from selfinstruct.types import Retry, Settlement, StageStart, StageSummary

Observer = tuple[str, Callable[[Any], None]]


class Events:
    """Calls observers in order. `observers` maps a hook's name to pairs of a plugin's name and its function."""

    def __init__(self, observers: Mapping[str, Sequence[Observer]], report: Callable[[str], None]) -> None:
        self._observers = observers
        self._report = report
        self._muted: set[str] = set()

    def started(self, stage: StageStart) -> None:
        """A stage is about to ask its first request."""
        self._notify("selfinstruct_stage_started", stage)

    def settled(self, settlement: Settlement) -> None:
        """A reply's decisions are committed."""
        self._notify("selfinstruct_settled", settlement)

    def retried(self, retry: Retry) -> None:
        """A request will be asked again."""
        self._notify("selfinstruct_request_retried", retry)

    def finished(self, summary: StageSummary) -> None:
        """A stage has ended."""
        self._notify("selfinstruct_stage_finished", summary)

    def _notify(self, hook: str, value: object) -> None:
        for name, observe in self._observers.get(hook, ()):
            if name not in self._muted:
                try:
                    observe(value)
                except BaseException as error:
                    self._muted.add(name)
                    self._report(f"plugin '{name}' failed in {hook} and is not told any more: {plugin_cause(error)}")
