"""One writer per run folder: a lock that the operating system frees when its process ends, however it ends."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from selfinstruct.errors import RunError
from selfinstruct.files.names import LOCK_FILE, PID_FILE
from selfinstruct.store.write_errors import write_error


class Lock:
    """Held from construction to `release`; raises `RunError` naming the process that holds it already."""

    def __init__(self, folder: Path) -> None:
        self._pid_path, lock_path = folder / PID_FILE, folder / LOCK_FILE
        is_new = not lock_path.exists()
        # The thread that closes a run may be another than the one that opened it, so the lock is not a thread's.
        self._lock = FileLock(lock_path, thread_local=False)
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            pid = _read_pid(folder)
            if pid == os.getpid():
                raise RunError(f"{folder} is in use by another call of this process", "Wait until it ends.") from None
            raise RunError(
                f"{folder} is in use by another process{f' (pid {pid})' if pid is not None else ''}",
                f"Wait until it ends, or see its progress with: selfinstruct status --out {folder}",
            ) from None
        except OSError as error:
            if is_new:  # the disk has no locks, so no other process holds this one
                lock_path.unlink(missing_ok=True)
            raise write_error(f"{lock_path} cannot be written", error, hint="Choose another --out.") from None
        try:
            lock_path.stat()  # a process that discards its run removes the file before it frees it
            self._pid_path.unlink(missing_ok=True)  # never written through: it could be a link
            with open(self._pid_path, "x", encoding="ascii") as file:
                file.write(f"{os.getpid()}\n")
        except OSError as error:
            self._lock.release()
            raise write_error(f"{self._pid_path} cannot be written", error, hint="Choose another --out.") from None

    def release(self, *, remove: bool = False) -> None:
        """Free the folder. The lock file stays unless it is to be removed: another process may be opening it."""
        with suppress(OSError):
            self._pid_path.unlink()
        if remove:
            with suppress(OSError):
                Path(self._lock.lock_file).unlink()
        self._lock.release()


def lock_holder(folder: Path) -> int | None:
    """The id of the process that writes to a run folder, without touching its lock; `None` if there is none."""
    pid = _read_pid(folder)
    if pid is None or os.name == "nt":  # on Windows os.kill ends the process instead of asking about it
        return None
    try:
        os.kill(pid, 0)
    except PermissionError:  # the process is alive, and another user's
        return pid
    except (OSError, OverflowError):
        return None
    return pid


def _read_pid(folder: Path) -> int | None:
    try:
        return int((folder / PID_FILE).read_text("ascii"))
    except (OSError, ValueError):
        return None
