"""Observers are called in order, and are harmless when they break."""

from __future__ import annotations

from typing import Any

import pytest

from selfinstruct.engine.events import Events
from selfinstruct.types import Retry, StageStart, StageSummary

START = StageStart("generate", 10, 0, 0)
RETRY = Retry("generate", 3, 1, 0.5, "busy")
END = StageSummary("generate", "done", 0, 1, 2, 3, 4, 5)


class Loud:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def breaks(self, value: Any) -> None:
        self.heard.append(value)
        raise ValueError("I am\nbroken")


def test_every_observer_is_called_in_order() -> None:
    calls: list[str] = []
    observers = [("a", lambda _: calls.append("a")), ("b", lambda _: calls.append("b"))]
    Events({"selfinstruct_stage_started": observers}, print).started(START)
    assert calls == ["a", "b"]


def test_each_event_reaches_its_own_hook_with_its_value() -> None:
    calls: list[tuple[str, Any]] = []
    hooks = ("stage_started", "settled", "request_retried", "stage_finished")
    observers = {f"selfinstruct_{hook}": [("a", lambda v, h=hook: calls.append((h, v)))] for hook in hooks}
    events = Events(observers, print)
    events.started(START)
    events.retried(RETRY)
    events.finished(END)
    assert calls == [("stage_started", START), ("request_retried", RETRY), ("stage_finished", END)]


def test_an_observer_that_raises_is_reported_once_by_name_and_not_called_again() -> None:
    said: list[str] = []
    heard: list[Any] = []
    loud = Loud()
    hooks = ("selfinstruct_stage_started", "selfinstruct_request_retried")
    events = Events({hook: [("loud", loud.breaks), ("calm", heard.append)] for hook in hooks}, said.append)
    events.started(START)
    events.started(START)
    events.retried(RETRY)
    assert loud.heard == [START]
    assert heard == [START, START, RETRY]
    assert said == [
        "plugin 'loud' failed in selfinstruct_stage_started and is not called again: ValueError: I am broken"
    ]


def test_a_keyboard_interrupt_in_an_observer_is_no_fault_of_it() -> None:
    def interrupted(_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Events({"selfinstruct_settled": [("a", interrupted)]}, print).settled(None)  # type: ignore[arg-type]
