"""Keeps the first of near-duplicates in a JSONL file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfinstruct.errors import DataError
from selfinstruct.files.atomic import write_lines
from selfinstruct.similarity import TOKENISERS, Pool
from selfinstruct.text.encoding import clean


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a file's rows."""

    rows: int
    kept: int
    dropped: int


def deduplicate(
    file: Path, out: Path, field: str, threshold: float, tokeniser: str = "unicode", aside: Path | None = None
) -> Counts:
    """Write the rows whose text is near to no row kept before; those dropped, with their nearest, to `aside` if given.

    Kept lines are written as they stand. Raises `DataError` naming the line that is no object with a text under that
    key, and `RunError` if a file cannot be written; an older file then stands as it was.
    """
    pool = Pool(TOKENISERS[tokeniser])
    dropped: list[dict[str, Any]] = []
    count = 0

    def kept() -> Iterator[str]:
        nonlocal count
        for line, row, text in _rows(file, field):
            match = pool.decide(text, threshold)
            if match is None:
                pool.add(text)
                yield line
                continue
            count += 1
            if aside is not None:
                dropped.append({**row, "dropped_for": {"nearest": match.text, "score": match.score}})

    written = write_lines(out, kept())
    if aside is not None:
        write_lines(aside, (clean(json.dumps(row, ensure_ascii=False)) for row in dropped))
    return Counts(written + count, written, count)


def _rows(file: Path, field: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Each line as it stands, what it says, and the text to compare; blank lines are passed over."""
    try:
        with file.open(encoding="utf-8-sig", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                row: Any = None
                with suppress(json.JSONDecodeError, RecursionError):
                    row = json.loads(line)
                if not isinstance(row, dict):
                    raise DataError(f"{file}, line {number} is not a JSON object")
                if not isinstance(text := row.get(field), str):
                    known = ", ".join(map(str, row)) or "none"
                    raise DataError(f"{file}, line {number} has no text under {field!r}", f"Its keys: {known}.")
                yield line.rstrip("\r\n"), row, text
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read: {error}") from None
