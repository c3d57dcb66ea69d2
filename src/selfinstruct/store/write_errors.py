"""Tells a full disk, after which a run continues once there is room, from what else keeps a file from being written."""

from __future__ import annotations

import sqlite3

from selfinstruct.errors import DiskFullError, RunError
from selfinstruct.files.atomic import DISK_FULL

_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
"""The codes of SQLite for a full disk; by the second, the index of its log finds no room."""


def write_error(words: str, error: OSError | sqlite3.Error, *, hint: str) -> RunError:
    """The error to raise because of `error`: its cause follows `words`; `hint` is for a disk that is not full."""
    if isinstance(error, OSError):
        cause, is_full = error.strerror, error.errno in DISK_FULL
    else:
        code = getattr(error, "sqlite_errorcode", 0)
        cause, is_full = str(error), code in _FULL
    if is_full:
        return DiskFullError(
            f"{words}: the disk is full",
            "Nothing that was recorded is lost. Make room, then run the same command again.",
        )
    return RunError(f"{words}: {cause}", hint)
