"""Stands in for the writer while very much is written at once: one transaction, and no waiting for the disk in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from selfinstruct.errors import RunError
from selfinstruct.store.writer import CommitFuture, Statement


class BulkWriter:
    """Applies groups of statements at once, inside the transaction that `transaction` holds open."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._done = CommitFuture()
        self._done.set_result(None)

    def write(self, statements: Sequence[Statement]) -> CommitFuture:
        """Apply one group; raises `RunError` if that fails."""
        try:
            for sql, values in statements:
                self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise self._unwritable(error) from None
        return self._done

    def close(self) -> None:
        """Nothing waits, and the connection is another's."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside the block is committed at its end, or, if anything is raised there, not at all."""
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
        hint = "Nothing was recorded: make room, then run the same command again."
        return RunError(f"{self._path} cannot be written: {error}", hint)
