"""Cuts the lines of waiting requests into files that a provider takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(slots=True)
class Line:
    """One request's line, and the tokens that it is estimated to cost."""

    index: int
    line: bytes
    prompt_tokens: int
    completion_tokens: int


class LineFiles:
    """Cuts a stream of lines into files that a provider takes."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._next: Line | None = None

    def has_more(self) -> bool:
        """Whether there is a line left."""
        self._next = self._next or next(self._lines, None)
        return self._next is not None

    def write(self, file: BinaryIO, max_requests: int, max_bytes: int) -> list[Line]:
        """Write as many lines as one file may hold, and at least one; returns them without their text."""
        held: list[Line] = []
        size = 0
        while self.has_more() and (line := self._next) is not None:
            size += len(line.line)
            if held and (len(held) == max_requests or size > max_bytes):
                break
            file.write(line.line)
            line.line = b""
            held.append(line)
            self._next = None
        return held
