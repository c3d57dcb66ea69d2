"""A file appears whole or not at all: temporary file, sync, rename."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from selfinstruct.errors import RunError


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when the block ends well, and is gone when it does not.

    Raises `RunError` if the disk refuses; an older file then stands as it was.
    """
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        _drop(temporary)
        raise RunError(f"{path} cannot be written: {error.strerror}", "Make room, or choose another folder.") from None
    except BaseException:
        _drop(temporary)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file, UTF-8, over any older one."""
    with atomic_write(path) as file:
        file.write(text.encode())


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write one object a line, UTF-8, over any older file; returns the number of lines."""
    return write_lines(path, (json.dumps(row, ensure_ascii=False) for row in rows))


def write_lines(path: Path, lines: Iterable[str]) -> int:
    """Write lines of text as `write_jsonl` writes rows; returns their number."""
    count = 0
    with atomic_write(path) as file:
        for line in lines:
            file.write(line.encode() + b"\n")
            count += 1
    return count


def _drop(temporary: Path) -> None:
    with suppress(OSError):
        temporary.unlink()
