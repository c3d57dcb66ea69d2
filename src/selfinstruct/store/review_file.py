"""The file that holds reviews: its schema, and how it is opened beside the run's database."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from selfinstruct.errors import RunError
from selfinstruct.store.run import RUN_FILE

REVIEW_FILE = "reviews.sqlite"

_PATIENCE = 10.0
"""Seconds to wait for another process that writes."""

_VERSION = 1
_SCHEMA = """
CREATE TABLE reviews (                   -- one row for everything that a person did; none is ever changed or removed
    id          INTEGER PRIMARY KEY,
    stage       TEXT NOT NULL,
    idx         INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    version     INTEGER NOT NULL,        -- counts the rows of an item from 1; a stale writer finds its number taken
    at          TEXT NOT NULL,
    who         TEXT NOT NULL,
    what        TEXT NOT NULL CHECK (what IN ('accept', 'reject', 'edit', 'undo')),
    changed     TEXT NOT NULL,           -- of an edit: part to [old text, new text]
    back_to     INTEGER NOT NULL,        -- of an undo: the version whose standing holds again
    fingerprint TEXT NOT NULL,           -- of the item as the run had it
    verdict     TEXT NOT NULL CHECK (verdict IN ('', 'accepted', 'rejected')),
    reason      TEXT NOT NULL,           -- these three: where the item stands after this row
    texts       TEXT NOT NULL,           -- edited part to its text
    UNIQUE (stage, idx, position, version)
);
"""


def connect(folder: Path) -> sqlite3.Connection:
    """The file for writing, made if it is not there; raises `RunError` if it cannot be used.

    The run's database is attached under the name `run`, and is only ever read.
    """
    path = folder / REVIEW_FILE
    for written in (path, *(Path(f"{path}-{beside}") for beside in ("wal", "shm", "journal"))):
        if written.is_symlink():
            raise RunError(f"{written} is a link, and a run must not lead out of its folder", "Remove it.")
    opened = _open(folder, "rwc")
    assert opened is not None
    return opened


def connect_to_read(folder: Path) -> sqlite3.Connection | None:
    """The same for reading only; `None` if there is no such file yet, or a kill left it empty."""
    return _open(folder, "ro") if (folder / REVIEW_FILE).is_file() else None


def _open(folder: Path, mode: str) -> sqlite3.Connection | None:
    path, run = folder / REVIEW_FILE, folder / RUN_FILE
    connection: sqlite3.Connection | None = None
    try:
        address = f"{path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(
            address, uri=True, isolation_level=None, check_same_thread=False, timeout=_PATIENCE
        )
        if not _has_tables(connection, path):
            if mode == "ro":
                connection.close()
                return None
            _begin(connection, path)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("SELECT 1 FROM reviews LIMIT 1").fetchone()
        connection.execute("ATTACH ? AS run", (f"{run.absolute().as_uri()}?mode=ro",))
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.Error):
            raise RunError(f"{path} cannot be used: {error}", "Make it and its folder writable, or move it.") from None
        raise
    return connection


def _has_tables(connection: sqlite3.Connection, path: Path) -> bool:
    # In this order: another process may make both between the two questions, and it makes them at once.
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _VERSION:
        raise RunError(f"{path} was made by a newer selfinstruct", "Upgrade: pip install -U selfinstruct")
    if tables and not version:
        raise RunError(f"{path} holds no reviews", "Move it away.")
    return bool(version)


def _begin(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables, unless another process has done so meanwhile."""
    _write_ahead(connection)
    connection.execute("BEGIN IMMEDIATE")
    if not _has_tables(connection, path):
        connection.execute(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; for this alone SQLite does not wait for others by itself."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
