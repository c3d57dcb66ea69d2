"""Opens a run's database file: to write, to read, and brought up to the newest schema."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from stat import S_ISREG

from selfinstruct.errors import RunError
from selfinstruct.files.names import RUN_FILE, with_sidecars
from selfinstruct.store.damage import DamagedRunError, RunConnection, check_facts, damage_of
from selfinstruct.store.lock import Lock
from selfinstruct.store.write_ahead import has_lost_log, move_log_often, roll_back
from selfinstruct.store.write_errors import write_error


class NoRunError(RunError):
    """The folder holds no run."""


@dataclass(frozen=True, slots=True)
class OpenedDatabase:
    """A run's database: its lock, one connection to read, and one for the thread that writes.

    `lost_log` says that the last writer was killed and that its write-ahead log is gone, as in a copy without it.
    `made` are the files and folders that opening it made, inner ones first; empty if the database existed.
    """

    lock: Lock
    read: sqlite3.Connection
    write: sqlite3.Connection
    lost_log: bool
    made: Sequence[Path]


def open_to_write(folder: Path) -> OpenedDatabase:
    """Lock a run folder and open its database.

    Makes both if they do not exist. Raises `RunError` if the folder cannot be used, or another process writes to it.
    """
    path = folder / RUN_FILE
    made = [new for new in (folder, *folder.parents) if not new.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise RunError(f"{folder} cannot be made: a file is in the way", "Choose another --out.") from None
    except OSError as error:
        raise write_error(f"{folder} cannot be made", error, hint="Choose another --out.") from None
    refuse_links(path)
    opened: list[sqlite3.Connection] = []
    try:
        lock = Lock(folder)
    except RunError:
        _remove_empty(made)
        raise
    made = [] if path.exists() else [path, *made]
    try:
        lost_log = has_lost_log(path)
        opened.append(_connect(path))
        _migrate(opened[0], path)
        check_facts(opened[0], path)
        opened.append(_connect(path))
        return OpenedDatabase(lock, opened[0], opened[1], lost_log, made)
    except BaseException as error:
        if is_sqlite := isinstance(error, sqlite3.Error):  # the cause is looked for before any file is closed
            error = write_error(f"{path} cannot be used", error, hint="Choose another --out.")
        for connection in opened:
            connection.close()
        release(folder, lock, made)
        if is_sqlite:
            raise error from None
        raise


def release(folder: Path, lock: Lock, made: Sequence[Path] = ()) -> None:
    """Free a run folder whose database is closed; remove the database and the empty folders, if `made` names them."""
    with suppress(OSError):
        for file in with_sidecars(RUN_FILE) if made else ():
            (folder / file).unlink(missing_ok=True)
    lock.release(remove=bool(made))
    _remove_empty(made[1:])


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders that were made for a run, inner ones first, up to the first that holds anything."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def open_to_read(folder: Path) -> sqlite3.Connection:
    """A connection to a run's database that can only read; raises `NoRunError` if there is no run."""
    path = folder / RUN_FILE
    connection = _connect_to_read(path) if path.is_file() else None
    if connection is None or not _has_facts(connection):
        if connection is not None:
            connection.close()
        raise NoRunError(
            f"there is no run in {folder}",
            f"Name another folder with --out, or start a run: selfinstruct run --out {folder}, in Python run()",
        )
    try:
        if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'run'").fetchone()[0]:
            raise RunError(f"{path} is not a run of this program, or is damaged")
        check_facts(connection, path)
        _schema_version(connection, path, len(_schema()))
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise write_error(f"{path} cannot be read", error, hint="Make it and its folder readable.") from None
        raise
    return connection


def find_damage(folder: Path) -> Iterator[str]:
    """Each damage of a run's database in words, after a look at every page and row; raises as `open_to_read`."""
    with closing(open_to_read(folder)) as connection:
        yield from damage_of(connection)


def run_exists(folder: Path) -> bool:
    """Whether a folder holds a run. A database that a kill left without facts is none yet."""
    path = folder / RUN_FILE
    if not path.is_file():
        return False
    with closing(_connect_to_read(path)) as connection:
        return _has_facts(connection)


def refuse_links(path: Path, hint: str = "Choose another --out.") -> None:
    """Raise `RunError` if a database, or a file that SQLite keeps beside it, is a link or has a second name."""
    for file in (path.with_name(name) for name in with_sidecars(path.name)):
        if file.is_symlink():
            raise RunError(f"{file} is a link, and a run must not lead out of its folder", hint)
        with suppress(OSError):  # SQLite deletes its files at any time
            found = file.stat()
            if S_ISREG(found.st_mode) and found.st_nlink > 1:  # as after `cp -l`: the names share neither lock nor log
                copy = f"Copy {path.parent} with cp -r, without -l, and use the copy."
                raise RunError(f"{file} is the same file as one in another folder, which would be changed too", copy)


def _connect(path: Path) -> sqlite3.Connection:
    """A connection that writes, durably."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30, factory=RunConnection)
    connection.path = str(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        move_log_often(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    roll_back(path)
    address = f"{path.absolute().as_uri()}?mode=ro"
    if not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists():
        address += "&immutable=1"  # SQLite would write beside it, to share a log that is not there
    connection = sqlite3.connect(address, uri=True, check_same_thread=False, timeout=30, factory=RunConnection)
    connection.path = str(path)
    return connection


def _has_facts(connection: sqlite3.Connection) -> bool:
    try:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return bool(tables and connection.execute("SELECT count(*) FROM run").fetchone()[0])
    except (sqlite3.Error, DamagedRunError):
        return True  # opening this file raises the error


def _schema() -> list[str]:
    """The numbered schema files, in order."""
    folder = resources.files("selfinstruct.store") / "schema"
    steps = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [step.read_text("utf-8") for step in steps]


def _schema_version(connection: sqlite3.Connection, path: Path, newest: int) -> int:
    """How many schema files the database has seen; raises `RunError` if it is from a newer program."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > newest:
        raise RunError(f"{path} was made by a newer selfinstruct", "Upgrade: pip install -U selfinstruct")
    return int(version)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply the schema files that the database has not seen; refuse another program's, or a newer one's."""
    steps = _schema()
    version = _schema_version(connection, path, len(steps))
    if not version and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise RunError(f"{path} is not a run of this program, or is damaged", "Choose another --out.")
    for number, step in enumerate(steps[version:], start=version + 1):
        connection.executescript(f"BEGIN;{step};PRAGMA user_version = {number};COMMIT;")
