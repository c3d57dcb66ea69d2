"""Every page and command works on an import without similarities, on a run with one row, and with quarantined items."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from selfinstruct import SelfInstruct
from tests.command_line import command

TASKS = (
    "Name three rivers that flow north.",
    "Write a haiku about snow now.",
    "Say why the sky is blue.",
)
READING = ("status", "status --json", "status --more 5", "report", "export", "why g0.0", "trace g0.0", "why rivers")

BROKEN = """
from selfinstruct.api import *
from selfinstruct.api import Component, Draft, Filter, NoOptions, hookimpl, keep

class Broken(Filter[Draft]):
    def evaluate(self, item):
        if len(item.text) % 3:
            raise ValueError("this length is not known")
        return keep()

@hookimpl
def selfinstruct_filters():
    return [Component("broken", "Fails on most items", NoOptions, lambda _: Broken(), ("generate",))]
"""


def imported(out: Path) -> None:
    Path("old.jsonl").write_text("".join(json.dumps({"instruction": text}) + "\n" for text in TASKS))
    command("import", "old.jsonl", "--seeds", "builtin", "--out", out).done()


def one_row(out: Path) -> None:
    SelfInstruct(backend="demo", out=out).run(1)


def quarantined(out: Path) -> None:
    Path("broken.py").write_text(BROKEN)
    line = (
        "generate --backend demo --target 4 --plugin ./broken.py --filter broken --set run.on_plugin_error=quarantine"
    )
    command(*line.split(), "--out", out).done()


@pytest.mark.parametrize("make", [imported, one_row, quarantined])
def test_every_reading_command_works_on_a_small_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: object
) -> None:
    monkeypatch.chdir(tmp_path)
    assert callable(make)
    make(Path("run"))
    for line in READING:
        ended = command(*line.split(), "--out", "run")
        assert ended.code in (0, 2), (line, ended)
        assert ended.code == 0 or line.startswith("why rivers"), (line, ended)
        assert "bug of selfinstruct" not in ended.err


@pytest.mark.parametrize("line", READING)
def test_every_reading_command_says_that_there_is_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    Path("run/run.sqlite").touch()
    command(*line.split(), "--out", "run").failed(2, "there is no run in run")
