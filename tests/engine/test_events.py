"""Observers are called in order, and are harmless when they break."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
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
    (line,) = said
    assert re.fullmatch(
        "warning: plugin 'loud' failed in selfinstruct_stage_started and is not called again: "
        r"ValueError: I am broken \(test_events\.py, line \d+\)",
        line,
    )


def test_a_keyboard_interrupt_in_an_observer_is_no_fault_of_it() -> None:
    def interrupted(_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Events({"selfinstruct_request_retried": [("a", interrupted)]}, print).retried(RETRY)


def test_events_are_logged_for_those_who_configure_logging(caplog: pytest.LogCaptureFixture) -> None:
    events = Events({"selfinstruct_stage_finished": [("odd", Loud().breaks)]}, lambda _: None)
    with caplog.at_level("INFO", logger="selfinstruct"):
        events.started(START)
        events.retried(RETRY)
        events.finished(END)
    line = Loud.breaks.__code__.co_firstlineno + 2
    fault = f"ValueError: I am broken (test_events.py, line {line})"
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", "generate started: 0 requests and 0 accepted so far"),
        ("INFO", "generate: request 3 again in 0.5 s: busy"),
        ("INFO", "generate ended: done; 1 accepted in all"),
        ("WARNING", f"plugin 'odd' failed in selfinstruct_stage_finished and is not called again: {fault}"),
    ]


def test_no_log_line_is_printed_unless_logging_is_configured(tmp_path: Path) -> None:
    grow = "from selfinstruct import SelfInstruct; SelfInstruct(backend='demo', out='run').generate(2)"
    output = subprocess.run([sys.executable, "-c", grow], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "started" not in output.stdout + output.stderr
