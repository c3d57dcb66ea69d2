"""One writer per run folder: a lock that the operating system drops when its process ends, however it ends."""

from __future__ import annotations

import os
from pathlib import Path

from selfinstruct.errors import RunError

LOCK_FILE = "run.lock"


class Lock:
    """Held from construction to `release`; raises `RunError` naming the process that holds it already."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_FILE
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        try:
            self._file = os.open(self._path, flags, 0o666)
        except OSError as error:
            raise RunError(f"{self._path} cannot be written: {error.strerror}", "Choose another --out.") from None
        try:
            _take(self._file)
        except OSError:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() if hasattr(os, "pread") else ""
            os.close(self._file)
            raise RunError(
                f"{folder} is in use by another process{f' (pid {holder})' if holder else ''}",
                "Wait for it, or look on with: selfinstruct status --out " + str(folder),
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Release the folder. The file stays, since removing it would race with the next process, but names no one."""
        os.ftruncate(self._file, 0)
        os.close(self._file)


def holder(folder: Path) -> int | None:
    """The process that works on a run folder, as far as can be told without touching its lock; `None` if none does."""
    if os.name == "nt":  # there a signal 0 is no question
        return None
    try:
        pid = int((folder / LOCK_FILE).read_text("ascii"))
        os.kill(pid, 0)
    except PermissionError:  # it lives, and is somebody else's
        return pid
    except (OSError, ValueError, OverflowError):
        return None
    return pid


def _take(file: int) -> None:
    if os.name == "nt":  # pragma: no cover - not tried: there is no Windows machine among ours
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
