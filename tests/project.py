"""A run folder and everything that tests do with one, in this process or in others."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from selfinstruct import SelfInstruct
from selfinstruct.files.names import INSTRUCTIONS, REJECTED
from selfinstruct.store import RunStore
from tests.forking import Started, start

DEADLINE = 120.0
"""Seconds after which something that should have happened counts as never happening."""


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition and return what it gave; fails after the deadline."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"it did not happen in {DEADLINE:g} s: {what}")


@dataclass(frozen=True)
class EndedCommand:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str

    def succeeded(self) -> Self:
        assert self.code == 0, f"exit code {self.code}\n{self.stdout}\n{self.stderr}"
        return self


@dataclass
class Project:
    """A run folder, and the commands that work on it; `args` go to every `generate`."""

    folder: Path
    args: tuple[str, ...] = ("--backend", "demo")
    env: Mapping[str, str] = field(default_factory=dict)
    processes: list[Started] = field(default_factory=list)

    def another(self, name: str, *args: str) -> Project:
        """A second run folder beside this one, whose processes end with this one's."""
        return Project(self.folder.parent / name, (*self.args, *args), self.env, self.processes)

    # --- other processes ----------------------------------------------------------------------------------------------

    def start(self, command: str, *args: str) -> Started:
        """Start a command in a process of its own."""
        given = self.args if command == "generate" else ()
        words = ("selfinstruct", command, "--out", str(self.folder), *given, *args)
        process = start("-m", *words, cwd=self.folder.parent, env={**os.environ, **self.env})
        self.processes.append(process)
        return process

    def run(self, command: str, *args: str) -> EndedCommand:
        """Run a command to its end."""
        return ended(self.start(command, *args))

    def kill_all(self) -> None:
        for process in self.processes:
            process.kill()

    # --- this process -------------------------------------------------------------------------------------------------

    def grow(self, target: int, **settings: Any) -> Self:
        """Generate in this process, with the demo backend if nothing else is said."""
        options = {"backend": "demo"} if "model" not in settings else {}
        SelfInstruct(out=self.folder, **{**options, **settings}).generate(target)
        return self

    def open_readonly(self) -> RunStore:
        """The run's database, for reading."""
        return RunStore.open_readonly(self.folder)

    def replies(self) -> int:
        """How many replies the journal holds by now; 0 before there is a journal."""
        if not RunStore.exists(self.folder):
            return 0
        store = self.open_readonly()
        try:
            return store.totals("generate").replies
        finally:
            store.close()

    # --- files --------------------------------------------------------------------------------------------------------

    def rows(self, name: str = INSTRUCTIONS) -> list[dict[str, Any]]:
        """The rows of a contract file."""
        return [json.loads(line) for line in (self.folder / name).read_text("utf-8").splitlines()]

    def instructions(self) -> list[str]:
        return [row["instruction"] for row in self.rows()]

    def exported(self) -> dict[str, str]:
        """The contract files byte for byte, but for the times of day in them."""
        return {name: self._timeless(name) for name in (INSTRUCTIONS, REJECTED)}

    def _timeless(self, name: str) -> str:
        text = (self.folder / name).read_text("utf-8")
        for row in self.rows(name):
            if "metadata" in row:
                text = text.replace(row["metadata"]["created_at"], "TIME")
        return text


def ended(process: Started) -> EndedCommand:
    """Wait for the end of a process."""
    code = process.wait(2 * DEADLINE)
    return EndedCommand(code, process.out(), process.err())
