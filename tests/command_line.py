"""Runs the command line as a user does: in this process where that is enough, else in one of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from selfinstruct.cli import main
from tests.forking import start

COMMAND = (sys.executable, "-m", "selfinstruct")
KEYS = ("GROQ_API_KEY", "GROQ_API_BASE", "GROQ_BASE_URL", "OLLAMA_HOST", "OLLAMA_API_KEY", "LANGSMITH_TRACING")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    def failed(self, code: int, *words: str) -> None:
        """It must have failed in a user's words: this code, these words, no traceback, and no bug of ours."""
        assert self.code == code, (self.code, self.out, self.err)
        for word in words:
            assert word in self.err, self.err
        assert "Traceback" not in self.err
        assert "bug of selfinstruct" not in self.err

    def done(self) -> Ended:
        """It must have succeeded."""
        assert self.code == 0, (self.code, self.out, self.err)
        return self


def command(*args: str | Path) -> Ended:
    """Run `selfinstruct` in this process and folder; what it does to the environment is undone."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.object(sys, "argv", ["selfinstruct", *map(str, args)]),
        mock.patch.dict(os.environ),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ending:
            code = int(ending.code or 0)
    return Ended(code, out.getvalue(), err.getvalue())


def environment(**changes: str) -> dict[str, str]:
    """This environment without keys and addresses of providers, and with the changes."""
    return {name: value for name, value in os.environ.items() if name not in KEYS} | changes


def process(*args: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Ended:
    """Run `selfinstruct` in a process of its own."""
    started = start("-m", "selfinstruct", *args, cwd=cwd, env=env or environment())
    return Ended(started.wait(), started.out(), started.err())


def python(code: str, cwd: Path, env: Mapping[str, str] | None = None) -> Any:
    """Run Python code in a process of its own; what it prints last must be JSON, and is given back."""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=env or environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
