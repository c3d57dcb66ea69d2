"""The exceptions that users meet, each with a hint and an exit code.

SelfInstructError               1   a bug in selfinstruct, if raised as this class
├── UsageError                  2   a wrong command line or argument
│   ├── ConfigError             2   a wrong option, component or recipe
│   ├── DataError               2   a seed file or an import that cannot be read
│   └── RunError                2   a run folder that is locked, foreign or cannot be written
│       └── DiskFullError       5   the disk or the size of a file is at its limit: the same command continues
├── PluginError                 3   a plugin that cannot be loaded, lacks a package, or failed while running
├── ModelError                  4   a model that cannot be used: key, name, server
└── Stopped                     5   the run stopped and can be resumed: Ctrl-C, budget, quota
"""

from __future__ import annotations

import difflib
import threading
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


OPEN_FILES = "Raise the limit, such as ulimit -n 4096, or lower run.concurrency. Nothing that was recorded is lost."
"""What to do where the system opens no more files."""

WARNING = "warning: "
"""The start of a note that changes what a run means, so that `--quiet` prints it too."""


class SelfInstructError(Exception):
    """Base of all errors that this package raises on purpose. Holds a sentence and a hint about what to do next."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(SelfInstructError):
    """A wrong command line or argument."""

    exit_code = 2


class ConfigError(UsageError):
    """A wrong option, component or recipe. `problems` lists every problem found, each with its path."""

    def __init__(self, problems: list[str] | str, hint: str = "") -> None:
        self.problems = [problems] if isinstance(problems, str) else problems
        super().__init__("\n".join(self.problems), hint)


class DataError(UsageError):
    """A seed file or an import that cannot be read; the message names the line."""


class RunError(UsageError):
    """A run folder that is locked by another process, holds another run, or cannot be written."""


class PluginError(SelfInstructError):
    """A plugin that cannot be loaded, lacks a package, or failed while running. The message names it."""

    exit_code = 3


class ModelError(SelfInstructError):
    """A model that cannot be used: a missing or wrong key, an unknown model, no server."""

    exit_code = 4


class DiskFullError(RunError):
    """The disk is full, or a file may not grow. What is recorded is kept, and the same command continues later."""

    exit_code = 5


class Stopped(SelfInstructError):
    """The run stopped before its goal and can be resumed with the same command."""

    exit_code = 5


def text_of(error: BaseException) -> str:
    """The text of an exception; pydantic's without the input that it quotes, which may hold a key cut in the middle."""
    if type(error).__name__ != "ValidationError" or not callable(rows := getattr(error, "errors", None)):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, row['loc'])) or 'arguments'}: {row['msg']}" for row in rows())


def plugin_cause(error: BaseException) -> str:
    """What a plugin raised, with file and line. `SystemExit` and `CancelledError` are a plugin's faults too.

    Raises the error itself if it is Ctrl-C, which only the main thread receives.
    """
    if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
        raise error
    if isinstance(error, SelfInstructError):
        return error.message
    try:
        words = " ".join(text_of(error).split())
    except Exception:  # an exception of a stranger, whose text may be broken as well
        words = "its message cannot be read"
    frames = plugin_frames(error)
    place = f" ({Path(frames[-1][0].f_code.co_filename).name}, line {frames[-1][1]})" if frames else ""
    return (f"{type(error).__name__}: {words}" if words else type(error).__name__) + place


def plugin_frames(error: BaseException) -> list[tuple[FrameType, int]]:
    """Where a plugin failed: the frames and lines of its file, the innermost last; empty if it was not called."""
    found: list[tuple[FrameType, int]] = []
    for frame, line in walk_tb(error.__traceback__):
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        file = found[0][0].f_code.co_filename if found else frame.f_code.co_filename
        if package not in ("selfinstruct", "importlib") and frame.f_code.co_filename == file:
            found.append((frame, line))
    return found


def shorten(text: str, most: int = 80) -> str:
    """A text for an error: its first `most` characters, with an ellipsis if there are more."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def pluralize(count: int, one: str, more: str = "") -> str:
    """A count with its noun, such as `1 request` or `2 requests`."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def suggest(word: str, known: Sequence[str]) -> str:
    """The text `; did you mean X?` if a known word is similar, otherwise an empty string."""
    cases = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), cases, n=1)
    return f"; did you mean '{cases[close[0]]}'?" if close else ""
