"""Reads a file of recorded replies, one JSON object per line."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfinstruct.api import DataError
from selfinstruct.api.text import read_input

FORM = 'Each line must look like {"response": {"choices": [{"text": "...", "finish_reason": "stop"}]}}'


@dataclass(frozen=True, slots=True)
class RecordedReply:
    """One recorded reply; `text` is `None` if the request failed."""

    text: str | None
    finish_reason: str = ""


def read_recording(path: Path) -> list[RecordedReply]:
    """The replies of a file, without blank lines. Raises `DataError` with the file, the line and the problem."""
    try:
        lines = read_input(path).removeprefix(BOM_UTF8).split(b"\n")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"the recorded replies cannot be read: {path}: {reason}", "Check the backend's path.") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                rows.append(_read_row(json.loads(line)))
            except ValueError as error:
                raise DataError(f"{path}, line {number}: {_reason(error)}", FORM) from None
    return rows


def _read_row(row: Any) -> RecordedReply:
    if not isinstance(row, dict) or "response" not in row:
        raise ValueError("there is no 'response'")
    response = row["response"]
    if response is None:
        return RecordedReply(None)
    choices = response.get("choices") if isinstance(response, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    text = choice.get("text") if isinstance(choice, dict) else None
    if not isinstance(text, str):
        raise ValueError("there is no text at response.choices[0].text")
    finish = choice.get("finish_reason") if isinstance(choice, dict) else None
    return RecordedReply(text, finish if isinstance(finish, str) else "")


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON ({error.msg} at column {error.colno})"
    return "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
