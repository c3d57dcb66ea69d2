"""Opens a run's database file: to write, to read, and brought up to the newest schema."""

from __future__ import annotations

import sqlite3
from importlib import resources
from pathlib import Path

from selfinstruct.errors import RunError


def connect(path: Path) -> sqlite3.Connection:
    """A connection that writes, durably."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that can only read."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False, timeout=30)


def schema() -> list[str]:
    """The numbered schema files, in order."""
    folder = resources.files("selfinstruct.store") / "schema"
    steps = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [step.read_text("utf-8") for step in steps]


def refuse_newer(connection: sqlite3.Connection, path: Path, steps: int) -> int:
    """How many schema files the database has seen; raises `RunError` if it is from a newer program."""
    (done,) = connection.execute("PRAGMA user_version").fetchone()
    if done > steps:
        raise RunError(f"{path} was made by a newer selfinstruct", "Upgrade: pip install -U selfinstruct")
    return int(done)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply the schema files that the database has not seen; refuse another program's, or a newer one's."""
    steps = schema()
    done = refuse_newer(connection, path, len(steps))
    if not done and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise RunError(f"{path} is not a run of this program", "Choose another --out.")
    for number, step in enumerate(steps[done:], start=done + 1):
        connection.executescript(f"BEGIN;{step};PRAGMA user_version = {number};COMMIT;")
