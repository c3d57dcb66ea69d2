"""Atomic writes: a file appears complete or not at all, by a temporary file, a sync and a rename."""

from __future__ import annotations

import errno
import json
import os
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any, BinaryIO

from selfinstruct.errors import DiskFullError, RunError

_JSON = json.JSONEncoder(ensure_ascii=False)
_FULL = ("the disk is full", "Make room")
DISK_FULL = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: ("the file may not become larger", "Raise the limit on files, such as ulimit -f unlimited"),
}
"""The error numbers of a full disk, and of a limit on the size of files: what each means, and what to do."""

_MARKS = "\x85\u2028\u2029"
_LINE_ENDS = {ord(mark): f"\\u{ord(mark):04x}" for mark in _MARKS}
"""The ends of lines that JSON leaves raw, as Unicode and Python's `str.splitlines` know them."""


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` at the end of the block, and is deleted if the block raises.

    Deletes the temporary files of that name that commands left when they were killed. Raises `RunError` if the file
    cannot be written. An older file then stays as it was.
    """
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _delete_leftovers(path)
        with open(temporary, "xb") as file:
            with suppress(OSError):  # a file system without locks keeps its leftovers
                _lock(file)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        _delete(temporary)
        if error.errno in DISK_FULL:
            cause, remedy = DISK_FULL[error.errno]
            raise DiskFullError(f"{path} cannot be written: {cause}", f"{remedy}, or choose another folder.") from None
        raise RunError(f"{path} cannot be written: {error.strerror}", "Choose another folder.") from None
    except BaseException:
        _delete(temporary)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic_write(path) as file:
        file.write(text.encode())


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write one JSON object per line, UTF-8, atomically; returns the number of lines."""
    return write_lines(path, map(json_line, rows))


def json_line(row: Mapping[str, Any]) -> str:
    """One line of JSON for every reader: what some of them take for the end of a line is escaped."""
    line = _JSON.encode(row)
    return line.translate(_LINE_ENDS) if any(map(line.__contains__, _MARKS)) else line


def write_lines(path: Path, lines: Iterable[str]) -> int:
    """Write lines of text, UTF-8, atomically; returns their number."""
    count = 0
    with atomic_write(path) as file:
        for line in lines:
            file.write(line.encode() + b"\n")
            count += 1
    return count


def _delete_leftovers(path: Path) -> None:
    """Delete the temporary files of a path that no process is writing."""
    for left in path.parent.glob(f".{escape(path.name)}.{'[0-9a-f]' * 8}"):
        with suppress(OSError), open(left, "rb") as file:
            _lock(file)
            left.unlink()


def _lock(file: BinaryIO) -> None:
    """Lock an open file until it is closed; raises `OSError` if another process holds it, or where there are no locks.

    Windows deletes no file that is open, so a lock is not needed there, and what a killed command left stays.
    """
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _delete(temporary: Path) -> None:
    with suppress(OSError):
        temporary.unlink()
