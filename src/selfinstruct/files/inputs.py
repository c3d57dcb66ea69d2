"""The one way to open a file that the user named: only regular files, since a pipe can be read just once."""

from __future__ import annotations

import errno
import stat
from io import BufferedReader, TextIOWrapper
from pathlib import Path

_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket"}


def open_input(path: Path) -> BufferedReader:
    """Open a file to read its bytes.

    Raises `OSError` if that fails, and, before anything is opened, for a pipe, a device or a socket: those may have no
    end, may wait for ever, and show their content only once.
    """
    if kind := _KINDS.get(stat.S_IFMT(path.stat().st_mode)):
        raise OSError(errno.EINVAL, f"it is {kind}, so save its content as a file first", str(path))
    return path.open("rb")


def read_input(path: Path) -> bytes:
    """All bytes of a file; raises `OSError` as `open_input` does."""
    with open_input(path) as file:
        return file.read()


def read_input_text(path: Path) -> str:
    """The text of a UTF-8 file; raises `OSError` as `open_input` does, and `UnicodeDecodeError`."""
    with TextIOWrapper(open_input(path), "utf-8-sig") as file:
        return file.read()
