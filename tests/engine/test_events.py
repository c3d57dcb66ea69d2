"""Observers are called in order, and are harmless when they break."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from selfinstruct import SelfInstruct
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
    events = Events({}, print)
    with caplog.at_level("INFO", logger="selfinstruct"):
        events.started(START)
        events.retried(RETRY)
        events.finished(END)
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", "generate started: 0 requests and 0 accepted so far"),
        ("INFO", "generate: request 3 again in 0.5 s: busy"),
        ("INFO", "generate ended: done; 1 accepted in all"),
    ]


def test_no_log_line_is_printed_unless_logging_is_configured(tmp_path: Path) -> None:
    grow = "from selfinstruct import SelfInstruct; SelfInstruct(backend='demo', out='run').generate(2)"
    output = subprocess.run([sys.executable, "-c", grow], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert output.stdout + output.stderr == ""


def test_notices_of_a_run_are_logged_and_its_warnings_reach_the_caller(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seeds = tmp_path / "seeds.jsonl"
    rows = [{"instruction": f"Name {number} rivers.", "output": "The Nile."} for number in range(2, 12)]
    seeds.write_text("\n".join(map(json.dumps, rows)))
    with caplog.at_level("INFO", logger="selfinstruct"):
        SelfInstruct(backend="demo", out=tmp_path / "run", seeds=seeds).generate(2)
    assert f"seeds: 10 tasks from {seeds}" in caplog.messages
    seeds.write_text(json.dumps(rows[0]))
    with pytest.warns(UserWarning, match="was edited; this run keeps its first seed tasks"):
        SelfInstruct(backend="demo", out=tmp_path / "run", seeds=seeds).generate(3)
