"""Tells a full disk and a process's limits, after which a run continues, from other causes of files not written."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import ExitStack

from selfinstruct.errors import OPEN_FILES, DiskFullError, RunError
from selfinstruct.files.atomic import DISK_FULL

_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
"""The codes of SQLite for a full disk; by the second, the index of its log finds no room."""

_FILES_OF_A_DATABASE = 4
"""The most files that SQLite opens at once for one connection: the database, its log, the log's index, the folder."""


def write_error(words: str, error: OSError | sqlite3.Error, *, hint: str) -> RunError:
    """The error to raise because of `error`: its cause follows `words`; `hint` is for a cause that is no limit."""
    if isinstance(error, OSError):
        cause, number = error.strerror, error.errno
    else:
        cause, number = str(error), _errno(getattr(error, "sqlite_errorcode", 0))
    if number in (errno.EMFILE, errno.ENFILE):
        return RunError(f"{words}: too many files are open", OPEN_FILES)
    if number in DISK_FULL:
        cause, remedy = DISK_FULL[number]
        hint = f"Nothing that was recorded is lost. {remedy}, then run the same command again."
        return DiskFullError(f"{words}: {cause}", hint)
    return RunError(f"{words}: {cause}", hint)


def _errno(code: int) -> int:
    """What the system said to SQLite, which keeps it to itself; 0 where that cannot be told from its code."""
    if code in _FULL:
        return errno.ENOSPC
    if code == sqlite3.SQLITE_IOERR_WRITE and _has_size_limit():
        return errno.EFBIG
    return errno.EMFILE if code & 0xFF == sqlite3.SQLITE_CANTOPEN and _lacks_open_files() else 0


def _has_size_limit() -> bool:
    """Whether `ulimit -f` bounds the files of this process."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return False
    return resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY


def _lacks_open_files() -> bool:
    """Whether this process may not open the files of one more database."""
    with ExitStack() as opened:
        try:
            for _ in range(_FILES_OF_A_DATABASE):
                opened.enter_context(open(os.devnull, "rb"))
        except OSError as error:
            return error.errno in (errno.EMFILE, errno.ENFILE)
    return False
