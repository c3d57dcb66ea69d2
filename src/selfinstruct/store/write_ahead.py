"""The write-ahead log of a run: when its pages reach `run.sqlite`, and how a copy without the log is recognised."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

_BEING_WRITTEN = 0x53495752
"""The application id of a database while a process has it open for writing; 0 after it was closed in good order."""

_CHECKPOINT_PAGES = 256
"""Pages in the log, of 4 KB, after which a commit moves them to the database."""


def has_log(path: Path) -> bool:
    """Whether a database has a write-ahead log beside it; asked before it is opened, since that makes one."""
    return Path(f"{path}-wal").exists()


def begin_writing(connection: sqlite3.Connection, had_log: bool) -> bool:
    """Mark the database as being written; returns whether its last writer was killed and its log is gone."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    connection.execute(f"PRAGMA application_id = {_BEING_WRITTEN}")
    move_log(connection)
    return bool(mark == _BEING_WRITTEN and not had_log)


def end_writing(connection: sqlite3.Connection) -> None:
    """Mark the database as closed in good order; without room for that, the next process will look again."""
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA application_id = 0")


def move_log(connection: sqlite3.Connection) -> None:
    """Move what the log holds into the database, as far as no reader still needs it; not inside a transaction."""
    if not connection.in_transaction:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def move_log_often(connection: sqlite3.Connection) -> None:
    """Have commits do the same, so that the log never holds much."""
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
