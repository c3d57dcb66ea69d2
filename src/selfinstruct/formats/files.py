"""A file appears whole or not at all: temporary file, sync, rename."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from selfinstruct.errors import RunError


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write one object a line, UTF-8, over any older file; returns the number of lines.

    Raises `RunError` if the folder cannot be written; the older file then stands as it was.
    """
    return write_lines(path, (json.dumps(row, ensure_ascii=False) for row in rows))


def write_lines(path: Path, lines: Iterable[str]) -> int:
    """Write lines of text as `write_jsonl` writes rows; returns their number."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}", "Choose another folder.") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            count = 0
            for line in lines:
                file.write(line)
                file.write("\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes it private
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        raise RunError(
            f"{path} cannot be written: {error.strerror}", "Make room, then run: selfinstruct export"
        ) from None
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    return count


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
