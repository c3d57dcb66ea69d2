"""The one thread that writes: it commits all waiting groups in one transaction, so that durability costs few syncs."""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from selfinstruct.errors import RunError
from selfinstruct.store.write_ahead import begin_writing, move_log
from selfinstruct.store.write_errors import write_error

Statement = tuple[str, Sequence[Any]]


class CommitFuture(Future[None]):
    """Done when a group is committed and synced. Inside an event loop, await `wait`: a commit wakes each loop once."""

    def __init__(self) -> None:
        super().__init__()
        self.waiters: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        """Wait inside an event loop; raises the `RunError` if the group could not be written."""
        if not self.done():
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.waiters.append(waiter)
            if not self.done():  # otherwise the writer may have missed this waiter
                await waiter
        self.result()


_MAX_GROUPS = 512

MOVED = "If the folder was moved, name its new place with --out."


class Writer:
    """Takes groups of statements from any thread and executes them in order, each group completely or not at all."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._waiting: queue.SimpleQueue[tuple[Sequence[Statement], CommitFuture] | None] = queue.SimpleQueue()
        self._broken: RunError | None = None
        self._has_written = False
        self._thread = threading.Thread(target=self._work, name="selfinstruct-writer", daemon=True)
        self._thread.start()

    def write(self, statements: Sequence[Statement]) -> CommitFuture:
        """Queue one group; the future is done when it is committed and synced, or carries a `RunError`."""
        done = CommitFuture()
        done.set_running_or_notify_cancel()  # from here on it cannot be cancelled, since the group will be written
        self._waiting.put((statements, done))
        return done

    def close(self) -> None:
        """Write what is waiting, then end the thread and the connection."""
        self._waiting.put(None)
        self._thread.join()
        self._connection.close()

    def _work(self) -> None:
        ended = False
        while not ended:
            groups = [self._waiting.get()]
            while len(groups) < _MAX_GROUPS and not self._waiting.empty():
                groups.append(self._waiting.get())
            ended = None in groups
            self._commit([group for group in groups if group is not None])

    def _commit(self, groups: list[tuple[Sequence[Statement], CommitFuture]]) -> None:
        if self._broken is None and groups:
            try:
                if not os.path.exists(self._path):  # what is written to a deleted file is lost with the process
                    raise RunError(f"{self._path} was moved or deleted while it was in use", MOVED)
                self._connection.execute("BEGIN IMMEDIATE")
                if is_first := not self._has_written:
                    begin_writing(self._connection)
                for statements, _ in groups:
                    for sql, values in statements:
                        self._connection.execute(sql, values)
                self._connection.execute("COMMIT")
                self._has_written = True
                if is_first:  # the mark of a killed writer must be in the database, and not in the log alone
                    move_log(self._connection)
            except Exception as error:  # any error: if this thread died, all waiters would wait forever
                self._broken = _broken(self._path, error)
                with suppress(sqlite3.Error):
                    self._connection.rollback()
        for _, done in groups:
            if self._broken is None:
                done.set_result(None)
            else:
                done.set_exception(self._broken)
        _wake([waiter for _, done in groups for waiter in done.waiters])


def _broken(path: str, error: Exception) -> RunError:
    if isinstance(error, RunError):
        return error
    hint = "Nothing that was recorded is lost. Make it writable, then run the same command again."
    if isinstance(error, sqlite3.Error):
        return write_error(f"{path} cannot be written", error, hint=hint)
    return RunError(f"{path} cannot be written: {error}", hint)


def _wake(waiters: list[asyncio.Future[None]]) -> None:
    """Wake all waiters, each loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for waiter in waiters:
        by_loop.setdefault(waiter.get_loop(), []).append(waiter)
    for loop, waiting in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed, so nothing waits in it
            loop.call_soon_threadsafe(_set_all, waiting)


def _set_all(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
