"""The write-ahead log of a run: when its pages reach `run.sqlite`, and how a copy without the log is recognised."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

_BEING_WRITTEN = 0x53495752
"""The application id of a database while a process has it open for writing; 0 after it was closed in good order."""

_APPLICATION_ID = 68
"""Where the application id is in the file, as four bytes."""

LOST_LOG = (
    "{0} was not closed in good order and {0}-wal is missing: if this is a copy, its last replies are in that file,"
    " so stop and copy it too"
)
"""What to tell about a database that was being written and has no log beside it."""

_CHECKPOINT_PAGES = 256
"""Pages in the log, of 4 KB, after which a commit moves them to the database."""


def _has_log(path: Path) -> bool:
    """Whether a database has a write-ahead log beside it that holds anything; reading a database makes an empty one."""
    log = Path(f"{path}-wal")
    return log.exists() and log.stat().st_size > 0


def has_lost_log(path: Path) -> bool:
    """Whether a database was not closed in good order and the log of its last writer is gone; ask before opening it."""
    if _has_log(path) or not path.is_file():
        return False
    with path.open("rb") as file:
        file.seek(_APPLICATION_ID)
        return int.from_bytes(file.read(4)) == _BEING_WRITTEN


def roll_back(path: Path) -> None:
    """Undo what a killed process left half done before there was a log, since who only reads a database cannot."""
    if Path(f"{path}-journal").exists():
        address = f"{path.absolute().as_uri()}?mode=rw"
        with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master")


def begin_writing(connection: sqlite3.Connection) -> None:
    """Mark the database as being written, in the transaction that writes first."""
    connection.execute(f"PRAGMA application_id = {_BEING_WRITTEN}")


def end_writing(connection: sqlite3.Connection) -> None:
    """Mark the database as closed in good order; if there is no room for that, the mark stays."""
    with suppress(sqlite3.Error):
        if connection.execute("PRAGMA application_id").fetchone()[0] == _BEING_WRITTEN:
            connection.execute("PRAGMA application_id = 0")


def move_log(connection: sqlite3.Connection) -> None:
    """Move what the log holds into the database, as far as no reader still needs it; not inside a transaction.

    If the disk refuses, the log keeps it.
    """
    if not connection.in_transaction:
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def move_log_often(connection: sqlite3.Connection) -> None:
    """Have commits do the same, so that the log never holds much."""
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
