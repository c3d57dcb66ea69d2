"""The one guard of every output: no file that a command writes replaces an input, a run or a file of its own."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from selfinstruct.errors import RunError
from selfinstruct.files.names import CONTRACTS, DATABASES, INSTRUCTIONS, RUN_FILE

_SQLITE = b"SQLite format 3\0"


def refuse_output(path: Path, inputs: Iterable[Path] = (), hint: str = "Choose another output.") -> None:
    """Raise `RunError` if a file that the user named as output must not be replaced.

    That is a file among `inputs`, a file of a run, any other database, and what is no regular file, such as a device.
    """
    for source in inputs:
        if _is_same(path, source):
            raise RunError(f"{path} would replace {source}, which this command uses", hint)
    if path.exists() and not path.is_file():
        raise RunError(f"{path} is {'a folder' if path.is_dir() else 'no regular file'}", hint)
    if path.name in DATABASES or _is_database(path):
        raise RunError(f"{path} is a database or belongs to one", hint)
    if any(_is_same(path, run / name) and (run / RUN_FILE).exists() for run, name in _places(path)):
        raise RunError(f"{path} is a file of the run in that folder", hint)


def refuse_old_files(folder: Path, hint: str) -> None:
    """Raise `RunError` if a folder without a run holds files that a run would replace, with words on importing them."""
    found = [folder / name for name in CONTRACTS if (folder / name).exists()]
    if found:
        files = " ".join(shlex.quote(str(path)) for path in found if path.name != "rejected.jsonl")
        hint += f" If {RUN_FILE} was lost, copy it back first."
        if (folder / INSTRUCTIONS).exists():
            hint += f" To continue from these files: selfinstruct import {files} --seeds FILE --out NEW_FOLDER"
        raise RunError(f"{found[0]} exists already, and the run would overwrite it", hint)


def _places(path: Path) -> Iterable[tuple[Path, str]]:
    """The run folders that a path could belong to, each with the contract file that it would be."""
    for name in CONTRACTS:
        if path.name == Path(name).name:
            yield path.parent.parent if "/" in name else path.parent, name


def _is_same(path: Path, other: Path) -> bool:
    if path.exists() and other.exists():
        return path.samefile(other)
    return path.resolve() == other.resolve()


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False
