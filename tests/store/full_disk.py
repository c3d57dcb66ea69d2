"""Makes the disk look full to this process."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOM = 64 * 1024


@contextmanager
def disk_full(folder: Path) -> Iterator[None]:
    """Let no file of this process grow more than `ROOM` beyond the folder's largest one (Python ignores SIGXFSZ)."""
    largest = max(entry.stat().st_size for entry in folder.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
