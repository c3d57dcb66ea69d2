"""Takes the place of the writer for large writes: one transaction that waits for the disk once, at its end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from selfinstruct.errors import RunError
from selfinstruct.store.write_errors import write_error
from selfinstruct.store.writer import CommitFuture, Statement


class BulkWriter:
    """Executes groups of statements immediately, inside the transaction that `transaction` holds open."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._done = CommitFuture()
        self._done.set_result(None)

    def write(self, statements: Sequence[Statement]) -> CommitFuture:
        """Execute one group; raises `RunError` if that fails."""
        try:
            for sql, values in statements:
                self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise self._unwritable(error) from None
        return self._done

    def close(self) -> None:
        """Do nothing: no group is waiting, and the store closes its connection itself."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything written inside the block at its end, or nothing if the block raises."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):
                self._connection.rollback()
            if isinstance(error, sqlite3.Error):
                raise self._unwritable(error) from None
            raise

    def _unwritable(self, error: sqlite3.Error) -> RunError:
        hint = "Nothing was recorded. Make it writable, then run the same command again."
        return write_error(f"{self._path} cannot be written", error, hint=hint)
