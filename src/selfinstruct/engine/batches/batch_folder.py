"""Batches as files in a folder: another program, such as `vllm run-batch`, answers them where the user likes."""

from __future__ import annotations

import gzip
import os
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

from selfinstruct.api.batches import Batches, BatchStatus, UnknownBatchError
from selfinstruct.files.atomic import atomic_write

RESULTS = (".jsonl", ".json", ".ndjson")
"""How the names of files with results end, or go on with `.gz`. They may stand anywhere in the folder."""


class FolderBatches(Batches):
    """Writes requests into a folder, and reads every result that it finds there, also while more are written.

    Requests are files `STAGE-KEY.requests.jsonl`; all other JSON Lines files are taken for results.
    """

    max_bytes = 1_000_000_000_000
    max_requests = 10_000_000
    SUFFIX = ".requests.jsonl"

    def __init__(self, folder: Path, price_share: float) -> None:
        self._folder = folder
        self.price_share = price_share

    def submit(self, file: Path, key: str) -> str:
        """Put the file into the folder, complete or not at all; returns the folder's path."""
        del key  # it is in the file's name
        with file.open("rb") as lines, atomic_write(self.place(self._folder, file)) as out:
            shutil.copyfileobj(lines, out)
        return str(self._folder.absolute())

    def find(self, key: str) -> str | None:
        """The folder, if it holds the file with this key."""
        return str(self._folder.absolute()) if any(self._folder.glob(f"*-{key}{self.SUFFIX}")) else None

    @classmethod
    def place(cls, folder: Path, file: Path) -> Path:
        """Where in a folder a file of requests is put."""
        return folder / f"{file.stem}{cls.SUFFIX}"

    @staticmethod
    def wrote(batch: str) -> bool:
        """Whether a batch's id is that of a folder, and not one that a provider gave."""
        return Path(batch).is_absolute()

    def poll(self, batch: str) -> BatchStatus:
        """There may always be more to come, as long as the folder is there."""
        if not Path(batch).is_dir():
            raise UnknownBatchError
        return BatchStatus("partial")

    def fetch(self, batch: str, folder: Path) -> Iterator[bytes]:
        """The lines of all files with results; a line that is still being written is no JSON, and read next time."""
        del folder
        for path in sorted(_files_in(batch)):
            name = path.name.removesuffix(".gz")
            if name.endswith(RESULTS) and not name.endswith(self.SUFFIX) and path.is_file():
                yield from _lines_of(path)


def _files_in(folder: str) -> Iterator[Path]:
    """The files of a folder, of those in it and of those that links lead to; raises `OSError` for a closed folder."""

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # an engine's temporary folder
            raise error

    seen: set[str] = set()
    for place, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        if (real := os.path.realpath(place)) in seen:
            folders.clear()  # a link to a folder above
            continue
        seen.add(real)
        yield from (Path(place, name) for name in names)


def _lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file, which is none if it has just been renamed."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            yield from lines
    except FileNotFoundError:
        return
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield str(error).encode()  # its rest cannot be read, or not yet: it counts as one line that is no result
