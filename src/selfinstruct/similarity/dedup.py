"""Removes near-duplicate rows from a JSONL file and keeps the first of each group."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from selfinstruct.errors import DataError
from selfinstruct.files.atomic import json_line, write_lines
from selfinstruct.files.inputs import open_input
from selfinstruct.files.outputs import refuse_output
from selfinstruct.similarity import TOKENISERS, Pool
from selfinstruct.text.encoding import clean

_PATH_PART = re.compile(r"([^.\[\]]+)|\[(-?\d+)\]")


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
    field: str | None = None,
    threshold: float,
    tokeniser: str = "unicode",
    dropped_file: Path | None = None,
) -> DedupCounts:
    """Write to `out` the rows that are not too near to an earlier kept row, unchanged and in order.

    The texts at the path `field` are compared, such as `text` or `messages[0].content`; without one, the task of each
    row, in any of our training formats: see `task_of`. A row is dropped if its ROUGE-L F1 with a kept row is above
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
        write_lines(dropped_file, (clean(json_line(row)) for row in dropped))
    return DedupCounts(written + count, written, count)


def value_at(row: Any, path: str) -> Any:
    """What stands at a path such as `messages[0].content` or `turns[-1]`; `None` if nothing does."""
    if path in row:
        return row[path]
    for key, index in _PATH_PART.findall(path):
        try:
            row = row[int(index)] if index else row[key]
        except (LookupError, TypeError):
            return None
    return row


def task_of(row: Mapping[str, Any]) -> Any:
    """The task of a row in one of our training formats: its instruction, prompt, first question, or text."""
    for key in ("instruction", "prompt", "messages", "conversations", "text"):
        if isinstance(turns := row.get(key), list):
            asked = (turn for turn in turns if isinstance(turn, Mapping))
            first = next((turn for turn in asked if turn.get("role", turn.get("from")) in ("user", "human")), {})
            return first.get("content", first.get("value"))
        if key in row:
            return row[key]
    return None


def _rows(file: Path, field: str | None) -> Iterator[tuple[str, dict[str, Any], str]]:
    """For each line that is not blank: the line unchanged, its object, and the text to compare."""
    try:
        with TextIOWrapper(open_input(file), "utf-8-sig", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                row: Any = None
                with suppress(ValueError, RecursionError):
                    row = json.loads(line)
                if not isinstance(row, dict):
                    raise DataError(f"{file}, line {number} is not a JSON object")
                text = task_of(row) if field is None else value_at(row, field)
                if not isinstance(text, str):
                    known = ", ".join(map(str, row)) or "none"
                    raise DataError(
                        f"{file}, line {number} has no text under {field or 'instruction'!r}",
                        f"Its keys: {known}. Name one with --field, such as --field messages[0].content.",
                    )
                yield line.rstrip("\r\n"), row, text
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"{file} cannot be read: {why}", "Name a JSONL file in UTF-8.") from None
