"""Reads the rows of a database file page by page, for a file that SQLite can no longer read.

After the description of the format at https://www.sqlite.org/fileformat2.html, with texts in UTF-8.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

Value = str | int | float | bytes | None

_MAGIC = b"SQLite format 3\0"
_USUAL_PAGE_SIZE = 4096
_LOG_HEADER, _FRAME_HEADER = 32, 24
_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER = 13, 10, 2
_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)


class PageFile:
    """The pages of a database as its last commit left them: those of its write-ahead log come before those of the file.

    Pages are numbered from 1. Close it, or use it in a `with` statement.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        log = Path(f"{path}-wal")
        self._log: BinaryIO | None = log.open("rb") if log.is_file() else None
        header = self._file.read(20)
        size = int.from_bytes(header[16:18], "big")
        is_usual = header[:16] != _MAGIC or size & (size - 1) or size < 512
        self.page_size = _USUAL_PAGE_SIZE if is_usual else size
        self._logged = self._committed_frames()
        self.count = max([self._file.seek(0, 2) // self.page_size, *self._logged])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()
        if self._log is not None:
            self._log.close()

    def page(self, number: int) -> bytes:
        """The bytes of a page; raises `ValueError` if it is not there."""
        if not 0 < number <= self.count:
            raise ValueError(f"there is no page {number}")
        if self._log is not None and number in self._logged:
            self._log.seek(self._logged[number])
            content = self._log.read(self.page_size)
        else:
            self._file.seek((number - 1) * self.page_size)
            content = self._file.read(self.page_size)
        if len(content) < self.page_size:
            raise ValueError(f"page {number} is cut")
        return content

    def rows(self) -> Iterator[tuple[Value, ...]]:
        """Each row that is whole, of every table and index; the row number stands for a column that is its alias."""
        free = self._free_pages()
        for number in range(1, self.count + 1):
            if number not in free:
                yield from self._rows_of(number)

    def _committed_frames(self) -> dict[int, int]:
        """Where the log holds the newest version of each page, up to its last commit."""
        found: dict[int, int] = {}
        pending: dict[int, int] = {}
        if self._log is None:
            return found
        salt = self._log.read(_LOG_HEADER)[16:24]
        while len(header := self._log.read(_FRAME_HEADER)) == _FRAME_HEADER and header[8:16] == salt:
            number, is_commit = struct.unpack(">II", header[:8])
            pending[number] = self._log.tell()
            self._log.seek(self.page_size, 1)
            if is_commit:
                found |= pending
                pending.clear()
        return found

    def _free_pages(self) -> set[int]:
        """The pages that hold deleted rows, as far as their list can be read."""
        free: set[int] = set()
        try:
            trunk = int.from_bytes(self.page(1)[32:36], "big")
            while trunk and trunk not in free:
                free.add(trunk)
                following, count, *leaves = struct.unpack(f">{self.page_size // 4}I", self.page(trunk))
                free.update(leaves[:count])
                trunk = following
        except ValueError:
            pass
        return free

    def _rows_of(self, number: int) -> Iterator[tuple[Value, ...]]:
        try:
            page = self.page(number)
        except ValueError:
            return
        head = 100 if number == 1 else 0
        kind = page[head]
        if kind not in (_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER):
            return
        first = head + (12 if kind == _INDEX_INNER else 8)
        count = int.from_bytes(page[head + 3 : head + 5], "big")
        for at in range(first, min(first + 2 * count, self.page_size - 1), 2):
            try:
                yield self._row(page, int.from_bytes(page[at : at + 2], "big"), kind)
            except (ValueError, IndexError, struct.error):
                continue

    def _row(self, page: bytes, at: int, kind: int) -> tuple[Value, ...]:
        row_number = None
        size, at = _varint(page, at + (4 if kind == _INDEX_INNER else 0))
        if kind == _TABLE_LEAF:
            row_number, at = _varint(page, at)
        content = self._content(page, at, size, kind=kind)
        values = list(_values(content))
        if values and values[0] is None and row_number is not None:
            values[0] = row_number
        return tuple(values)

    def _content(self, page: bytes, at: int, size: int, *, kind: int) -> bytes:
        """The bytes of a row: those on its page, and the rest from a chain of further pages."""
        usable = self.page_size
        least = (usable - 12) * 32 // 255 - 23
        most = usable - 35 if kind == _TABLE_LEAF else (usable - 12) * 64 // 255 - 23
        here = size
        if size > most:
            here = least + (size - least) % (usable - 4)
            here = here if here <= most else least
        content = page[at : at + here]
        if here < size <= self.count * usable:
            parts, next_page = [content], int.from_bytes(page[at + here : at + here + 4], "big")
            left = size - here
            while left > 0:
                further = self.page(next_page)
                parts.append(further[4 : 4 + left])
                left -= usable - 4
                next_page = int.from_bytes(further[:4], "big")
            content = b"".join(parts)
        if len(content) != size:
            raise ValueError("a row reaches beyond its page")
        return content


def _values(content: bytes) -> Iterator[Value]:
    """The columns of a row; raises `ValueError` or `IndexError` for bytes that are no row."""
    body, at = _varint(content, 0)
    end = body
    while at < end:
        kind, at = _varint(content, at)
        if kind >= 12:
            size = (kind - 12) // 2
        elif kind == 7:
            size = 8
        else:
            size = _INTEGER_BYTES[kind] if kind < len(_INTEGER_BYTES) else 0
        raw = content[body : body + size]
        body += size
        if len(raw) != size or kind in (10, 11):
            raise ValueError("a row ends within a column")
        yield _value(kind, raw)


def _value(kind: int, raw: bytes) -> Value:
    if kind == 0:
        return None
    if kind < 7:
        return int.from_bytes(raw, "big", signed=True)
    if kind == 7:
        return float(struct.unpack(">d", raw)[0])
    if kind < 10:
        return kind - 8
    return raw.decode() if kind % 2 else raw


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    value = 0
    for place in range(9):
        byte = content[at + place]
        if place == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + place + 1
    raise AssertionError("nine bytes are read")
