"""Reads old files: one JSON object per line, and the kind of the file. Broken lines are reported, not fatal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfinstruct.errors import DataError
from selfinstruct.files.inputs import open_input

INSTRUCTIONS, LABELS, RAW_INSTANCES, EXAMPLES, NOTHING = "instructions", "labels", "instances", "examples", "nothing"
KINDS = (INSTRUCTIONS, RAW_INSTANCES, EXAMPLES, LABELS, NOTHING)
"""The kinds of files in the order of import: instructions come before what is known about them."""

KNOWN = (
    "Known are rows with instruction; instruction and is_classification; instruction and raw_instances; or "
    "instruction, input and output."
)
ONE_A_LINE = "Each line must be one JSON object, in UTF-8. To turn a JSON array into such lines: jq -c '.[]' FILE"

JsonRow = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file to import: the kind of its rows, and its SHA-256 digest."""

    path: Path
    kind: str
    digest: str

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.name


def import_sources(paths: Sequence[Path]) -> list[ImportFile]:
    """The files to import, in the order of import; raises `DataError` for the first that cannot be used.

    Files of one kind stay in the order of the command line. A file that is given twice, or a copy of it, counts once.
    """
    found: dict[str, ImportFile] = {}
    for path in paths:
        source = ImportFile(path, _kind(path), _digest(path))
        found.setdefault(source.digest, source)
    if all(source.kind == NOTHING for source in found.values()):
        raise DataError(f"there is no row in {', '.join(map(str, paths))}", "Name the files of the old run.")
    return sorted(found.values(), key=lambda source: KINDS.index(source.kind))


def rows(path: Path) -> Iterator[tuple[int, JsonRow | str]]:
    """The number and object of every line that is not blank, or why it has none; raises `DataError`."""
    try:
        with open_input(path) as file:
            for number, line in enumerate(file, start=1):
                found = _row(line, first=number == 1)
                if found is not None:
                    yield number, found
    except FileNotFoundError:
        raise DataError(f"there is no file {path}", "Name files of the old run.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "Name files of the old run.") from None


def kind_of(row: Mapping[str, Any]) -> str:
    """The kind of a row, by its keys; empty if it is of no known kind."""
    if "instruction" not in row:
        return ""
    if "raw_instances" in row:
        return RAW_INSTANCES
    if "input" in row and "output" in row:
        return EXAMPLES
    return LABELS if "is_classification" in row else INSTRUCTIONS


def _kind(path: Path) -> str:
    """The kind of the first row that has one."""
    trouble = ""
    hint = KNOWN
    for number, row in rows(path):
        where = f"{path}, line {number}"
        if isinstance(row, str):
            trouble, hint = (trouble, hint) if trouble else (f"{where}: {row}", ONE_A_LINE)
        elif "instruction" in row and isinstance(row.get("instances"), list):
            raise DataError(f"{where}: this is a seed task", "Give seed tasks with --seeds; they need no import.")
        elif kind := kind_of(row):
            return kind
        else:
            keys = ", ".join(repr(key[:40]) for key in list(row)[:8]) or "none"
            trouble = trouble or f"{where}: a row of no known kind; its keys: {keys}"
    if trouble:
        raise DataError(trouble, hint)
    return NOTHING


def _digest(path: Path) -> str:
    with open_input(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _row(line: bytes, first: bool) -> JsonRow | str | None:
    try:
        text = line.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError:
        return "not UTF-8 text"
    if not text.strip():
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return "not JSON" if line.endswith(b"\n") else "cut off"
    return found if isinstance(found, dict) else "not a JSON object"
