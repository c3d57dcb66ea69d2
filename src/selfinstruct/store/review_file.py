"""The file of reviews: its schema, and how it is opened beside the run's database."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from selfinstruct.errors import RunError
from selfinstruct.files.names import REVIEW_FILE, RUN_FILE
from selfinstruct.store.database import refuse_links
from selfinstruct.store.write_ahead import roll_back
from selfinstruct.store.write_errors import write_error

_BUSY_SECONDS = 10.0
"""Seconds to wait while another process writes."""

_VERSION = 1
_SCHEMA = """
CREATE TABLE reviews (                   -- one row for each review action; none is ever changed or removed
    id          INTEGER PRIMARY KEY,
    stage       TEXT NOT NULL,
    idx         INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    version     INTEGER NOT NULL,        -- counts the rows of an item from 1; a stale writer finds its number taken
    at          TEXT NOT NULL,
    who         TEXT NOT NULL,
    what        TEXT NOT NULL CHECK (what IN ('accept', 'reject', 'edit', 'undo')),
    changed     TEXT NOT NULL,           -- of an edit: part to [old text, new text]
    back_to     INTEGER NOT NULL,        -- of an undo: the version that holds again
    fingerprint TEXT NOT NULL,           -- of the item as the run had it
    verdict     TEXT NOT NULL CHECK (verdict IN ('', 'accepted', 'rejected')),
    reason      TEXT NOT NULL,           -- these three: the review after this row
    texts       TEXT NOT NULL,           -- edited part to its text
    UNIQUE (stage, idx, position, version)
);
"""


def connect(folder: Path) -> sqlite3.Connection:
    """Open the file for writing, and make it if it does not exist; raises `RunError` if it cannot be used.

    The run's database is attached under the name `run`, and is only ever read.
    """
    path = folder / REVIEW_FILE
    refuse_links(path, hint="Remove it.")
    opened = _open(folder, "rwc")
    assert opened is not None
    return opened


def connect_to_read(folder: Path) -> sqlite3.Connection | None:
    """Open the file read-only; `None` if it does not exist yet, or a kill left it empty."""
    path = folder / REVIEW_FILE
    roll_back(path)
    return _open(folder, "ro") if path.is_file() else None


def _open(folder: Path, mode: str) -> sqlite3.Connection | None:
    path, run = folder / REVIEW_FILE, folder / RUN_FILE
    connection: sqlite3.Connection | None = None
    try:
        address = f"{path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(
            address, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
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
            hint = "Make it and its folder writable, or move it."
            raise write_error(f"{path} cannot be used", error, hint=hint) from None
        raise
    return connection


def _has_tables(connection: sqlite3.Connection, path: Path) -> bool:
    # Tables first: another process, which makes both in one transaction, may do so between the two queries.
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _VERSION:
        raise RunError(f"{path} was made by a newer selfinstruct", "Upgrade: pip install -U selfinstruct")
    if tables and not version:
        raise RunError(f"{path} holds no reviews", "Move the file away.")
    return bool(version)


def _begin(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables, unless another process made them meanwhile."""
    _write_ahead(connection)
    connection.execute("BEGIN IMMEDIATE")
    if not _has_tables(connection, path):
        connection.execute(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log. For this statement alone SQLite does not wait for other processes by itself."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
