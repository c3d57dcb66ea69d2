"""Calls observers and writes log lines. An observer that raises is reported once by name and not called again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from selfinstruct.api.secret_finder import mask_environment
from selfinstruct.errors import WARNING, plugin_cause
from selfinstruct.types import Retry, Settlement, StageStart, StageSummary

Observer = tuple[str, Callable[[Any], None]]

LOG = logging.getLogger("selfinstruct")
"""The package's one logger, silent unless the caller configures logging. No line holds a prompt or a reply."""
LOG.addHandler(logging.NullHandler())


class Events:
    """Calls observers in order. `observers` maps a hook's name to pairs of a plugin's name and its function."""

    def __init__(self, observers: Mapping[str, Sequence[Observer]], report: Callable[[str], None]) -> None:
        self._observers = observers
        self._report = report
        self._muted: set[str] = set()

    def started(self, stage: StageStart) -> None:
        """Call the observers of `selfinstruct_stage_started`."""
        LOG.info("%s started: %d requests and %d accepted so far", stage.stage, stage.requests, stage.accepted)
        self._notify("selfinstruct_stage_started", stage)

    def settled(self, settlement: Settlement) -> None:
        """Call the observers of `selfinstruct_settled`."""
        request, accepted = settlement.request, settlement.accepted
        LOG.debug("%s: request %d settled, %d accepted so far", request.stage, request.index, accepted)
        self._notify("selfinstruct_settled", settlement)

    def retried(self, retry: Retry) -> None:
        """Call the observers of `selfinstruct_request_retried`."""
        LOG.info("%s: request %d again in %.1f s: %s", retry.stage, retry.index, retry.wait, retry.message)
        self._notify("selfinstruct_request_retried", retry)

    def finished(self, summary: StageSummary) -> None:
        """Call the observers of `selfinstruct_stage_finished`."""
        LOG.info("%s ended: %s; %d accepted in all", summary.stage, summary.reason, summary.accepted)
        self._notify("selfinstruct_stage_finished", summary)

    def _notify(self, hook: str, value: object) -> None:
        for name, observe in self._observers.get(hook, ()):
            if name not in self._muted:
                try:
                    observe(value)
                except BaseException as error:
                    self._muted.add(name)
                    cause = mask_environment(plugin_cause(error))
                    self._report(f"{WARNING}plugin '{name}' failed in {hook} and is not called again: {cause}")
