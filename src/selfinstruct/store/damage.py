"""Recognises a damaged run: what SQLite says of broken pages, what does not parse, and checksums of rows."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from selfinstruct.errors import RunError
from selfinstruct.files.names import RUN_FILE
from selfinstruct.store.write_errors import write_error

P = ParamSpec("P")
T = TypeVar("T")

TABLES = {
    "run": slice(2),
    "seeds": slice(2),
    "requests": slice(4),
    "replies": slice(10),
    "settlements": slice(5),
    "decisions": slice(11),  # its similarity may be written again later
    "calls": slice(9),
    "retries": slice(1, 7),  # SQLite numbers them
    "batches": slice(6),  # the provider's id and the end come later
}
"""The tables with checksums, and the columns that count."""

OF_REQUESTS = ("requests", "replies", "settlements", "decisions")
"""Those whose rows begin with a stage and the index of a request."""

_SHORT_READ = 522  # SQLITE_IOERR_SHORT_READ: the file ends before its last page
_FAULTS = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class DamagedRunError(RunError):
    """A run's database holds what was never written to it."""


def damaged(path: object, why: object) -> DamagedRunError:
    """The error for a database at `path`, with the cause in words."""
    hint = (
        "Copy the run folder before anything else. selfinstruct doctor --out shows the damage. Use a backup, or save"
        " the rows that are whole: selfinstruct export --out RUN --salvage NEW_FOLDER"
    )
    return DamagedRunError(f"{path} is damaged: {why}", hint)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error of SQLite, met while reading, means a damaged file, and not a busy or a full disk."""
    if type(error) not in (sqlite3.DatabaseError, sqlite3.OperationalError):
        return False
    code = getattr(error, "sqlite_errorcode", None)  # a text that is no UTF-8 has none
    return code is None or code == _SHORT_READ or code & 0xFF in _FAULTS


def reads_row(read: Callable[P, T]) -> Callable[P, T]:
    """Make a function that reads a row raise `DamagedRunError` for content that nothing ever wrote."""

    @wraps(read)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
            raise damaged(RUN_FILE, f"a row cannot be read ({type(error).__name__}: {error})") from error

    return checked


UNREADABLE = "Check the disk and who may read the folder, then run the same command again."
_ROWS_AT_ONCE = 64


class RunConnection(sqlite3.Connection):
    """A connection to a run's database that raises `DamagedRunError` if the file turns out to be damaged."""

    path = ""

    def execute(self, *args: Any) -> Any:
        """Run a statement with a cursor of a kind that does so."""
        return self.cursor(_Cursor).execute(*args)


class _Cursor(sqlite3.Cursor):
    connection: RunConnection

    def execute(self, *args: Any) -> Any:
        return self._read(super().execute, *args)

    def fetchone(self) -> Any:
        return self._read(super().fetchone)

    def fetchall(self) -> Any:
        return self._read(super().fetchall)

    def __next__(self) -> Any:
        return self._read(super().__next__)

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """The rows, read some at a time, since a call of Python for each would cost more than SQLite."""
        while rows := self._read(super().fetchmany, _ROWS_AT_ONCE):
            yield from rows

    def _read(self, work: Callable[..., Any], *args: Any) -> Any:
        try:
            found = work(*args)
        except UnicodeDecodeError:  # the words of an error of SQLite, which quotes the damaged schema
            raise damaged(self.connection.path, "its schema cannot be read") from None
        except sqlite3.Error as error:
            if is_damage(error):
                raise damaged(self.connection.path, error) from None
            if _is_read(work, args) and isinstance(error, sqlite3.OperationalError):
                raise write_error(f"{self.connection.path} cannot be read", error, hint=UNREADABLE) from None
            raise
        rows = found if type(found) is list else [found] if type(found) is tuple else []
        if any(bytes in map(type, row) for row in rows):
            raise damaged(self.connection.path, "a row holds bytes, and only texts and numbers were ever written")
        return found


def _is_read(work: Callable[..., Any], args: Sequence[Any]) -> bool:
    """Whether a cursor reads rows, and does not write, for which the writer has its own words."""
    return work.__name__ != "execute" or str(args[0]).startswith("SELECT")


def insert(table: str, values: Sequence[Any], how: str = "INSERT") -> tuple[str, Sequence[Any]]:
    """The statement that writes a row of one of `TABLES` with its checksum."""
    row = (*values, checksum(values[TABLES[table]]))
    return f"{how} INTO {table} VALUES ({', '.join('?' * len(row))})", row


def checksum(values: Sequence[Any]) -> int:
    """The CRC-32 of the values of a row."""
    return zlib.crc32("\0".join(map(repr, values)).encode("utf-8", "surrogatepass"))


def seeds_digest(tasks: Iterable[str]) -> str:
    """The SHA-256 digest of seed tasks, each as its row has it, by which a run recognizes its seeds."""
    return hashlib.sha256(f"[{','.join(tasks)}]".encode("utf-8", "surrogatepass")).hexdigest()


def read_seeds_digests(read: sqlite3.Connection) -> tuple[str | None, str]:
    """The digest that the run recorded of its seed tasks, if any, and that of the seed tasks it holds."""
    row = read.execute("SELECT value FROM run WHERE key = 'seeds_digest'").fetchone()
    tasks = (str(task) for (task,) in read.execute("SELECT task FROM seeds ORDER BY position"))
    return _text_of(row[0]) if row else None, seeds_digest(tasks)


@reads_row
def _text_of(value: str) -> str:
    return str(json.loads(value))


def damage_of(read: sqlite3.Connection) -> Iterator[str]:
    """Each damage in a run's database, in words: broken pages, then the rows that differ from their checksums."""
    for (words,) in read.execute("PRAGMA integrity_check(20)"):
        if words != "ok":
            yield words
    names = {name for (name,) in read.execute("SELECT name FROM sqlite_master")}
    for table in (table for table in TABLES if table in names):
        yield from _edited_rows(read, table)
    recorded, found = read_seeds_digests(read)
    if recorded and recorded != found:
        yield "seeds: the seed tasks are not those that the run began with"


def check_facts(read: sqlite3.Connection, path: object) -> None:
    """Raise `DamagedRunError` if a fact of the run differs from its checksum, before its words are believed."""
    for words in _edited_rows(read, "run"):
        raise damaged(path, words)


def _edited_rows(read: sqlite3.Connection, table: str) -> Iterator[str]:
    columns = TABLES[table]
    for row in read.execute(f"SELECT * FROM {table}"):  # noqa: S608 - a name of ours
        if len(row) > columns.stop and isinstance(row[-1], int) and row[-1] != checksum(row[columns]):
            place = f"stage {row[0]}, request {row[1]}" if table in OF_REQUESTS else str(row[0])
            yield f"{table}, {place}: the row is not as it was written"
