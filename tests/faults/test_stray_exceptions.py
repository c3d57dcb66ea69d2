"""Whatever a plugin raises ends the run with exit code 3 and its name, or in quarantine: never with a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import command

PLUGIN = """
import asyncio, sys
from selfinstruct.api import *
from selfinstruct.api import Component, Draft, Filter, NoOptions, hookimpl, keep

class Unreadable(Exception):
    def __str__(self):
        raise ValueError("no words")

class Odd(BaseException):
    pass

def stray():
    {raises}

class Stray(Filter[Draft]):
    def prefetch(self, items):
        if "{place}" == "prefetch":
            stray()
    def evaluate(self, item):
        if "{place}" == "evaluate":
            stray()
        return keep()
    def observe(self, item):
        if "{place}" == "observe":
            stray()

def build(options):
    if "{place}" == "build":
        stray()
    return Stray()

if "{place}" == "observer":
    @hookimpl
    def selfinstruct_settled(settlement):
        stray()

@hookimpl
def selfinstruct_filters():
    if "{place}" == "register":
        stray()
    return [Component("stray", "Raises what no plugin should raise", NoOptions, build, ("generate",))]
"""

RAISES = {
    "exit 0": "sys.exit(0)",
    "exit": "raise SystemExit",
    "cancelled": "raise asyncio.CancelledError('gone')",
    "generator exit": "raise GeneratorExit",
    "stop iteration": "raise StopIteration",
    "base": "raise Odd('odd')",
    "unreadable": "raise Unreadable",
    "no memory": "raise MemoryError",
}
PLACES = ("register", "build", "prefetch", "evaluate", "observe")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def generate(raises: str, place: str, *more: str) -> tuple[int, str]:
    Path("stray.py").write_text(PLUGIN.format(raises=RAISES[raises], place=place))
    line = "generate --backend demo --target 5 --plugin ./stray.py --filter stray --out run"
    ended = command(*line.replace("", "").split(), *more)
    return ended.code, ended.err


@pytest.mark.parametrize("raises", RAISES)
@pytest.mark.parametrize("place", PLACES)
def test_a_stray_exception_is_the_plugins_fault(raises: str, place: str) -> None:
    code, words = generate(raises, place)
    assert code == 3, words
    assert "stray" in words
    assert "Traceback" not in words
    assert "bug of selfinstruct" not in words


@pytest.mark.parametrize("raises", RAISES)
@pytest.mark.parametrize("place", ["prefetch", "evaluate"])
def test_quarantine_holds_for_a_stray_exception(raises: str, place: str) -> None:
    more = ("--set", "run.on_plugin_error=quarantine", "--set", "generate.max_candidates=9")
    code, words = generate(raises, place, *more)
    assert code == 5, words
    assert "cap of 9 candidates" in words


@pytest.mark.parametrize("raises", RAISES)
def test_an_observer_that_raises_is_named_and_muted(raises: str) -> None:
    code, words = generate(raises, "observer")
    assert code == 0, words
    assert words.count("plugin 'stray' failed in selfinstruct_settled") == 1
