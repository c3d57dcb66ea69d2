"""Removes near-duplicate rows from a JSONL file and keeps the first of each group."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from selfinstruct.errors import DataError
from selfinstruct.files.atomic import write_lines
from selfinstruct.files.inputs import open_input
from selfinstruct.files.outputs import refuse_output
from selfinstruct.similarity import TOKENISERS, Pool
from selfinstruct.text.encoding import clean


@dataclass(frozen=True, slots=True)
class DedupCounts:
    """How many rows a file had, and how many of them were kept and dropped."""

    rows: int
    kept: int
    dropped: int


def deduplicate(
    file: Path,
    out: Path,
    *,
    field: str,
    threshold: float,
    tokeniser: str = "unicode",
    dropped_file: Path | None = None,
) -> DedupCounts:
    """Write to `out` the rows that are not too near to an earlier kept row, unchanged and in order.

    The texts under the key `field` are compared: a row is dropped if its ROUGE-L F1 with a kept row is above
    `threshold`. Dropped rows go to `dropped_file`, if given, each with the nearest kept text and its score. Raises
    `DataError` for a line that is not a JSON object with a text under that key, and `RunError` if a file cannot be
    written; an older file then stays as it was.
    """
    for output in filter(None, (out, dropped_file)):
        refuse_output(output, [file], "Choose another -o.")
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
            if dropped_file is not None:
                dropped.append({**row, "dropped_for": {"nearest": match.text, "score": match.score}})

    written = write_lines(out, kept())
    if dropped_file is not None:
        write_lines(dropped_file, (clean(json.dumps(row, ensure_ascii=False)) for row in dropped))
    return DedupCounts(written + count, written, count)


def _rows(file: Path, field: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """For each line that is not blank: the line unchanged, its object, and the text to compare."""
    try:
        with TextIOWrapper(open_input(file), "utf-8-sig", newline="\n") as lines:
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
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"{file} cannot be read: {why}", "Name a JSONL file in UTF-8.") from None
