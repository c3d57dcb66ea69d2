"""Finds the entry of a growing pool that stands in a text, or that the text stands in, by tokens and in their order."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Protocol

from selfinstruct.similarity.kernel import kernel
from selfinstruct.similarity.pool import lcs_length

STRETCH = 0.2
"""How many words, as a share of its own, may stand between the words of a copy."""


class ContainmentEngine(Protocol):
    """Answers for entries and texts of numbers, each of which is a token; 0 is a token that no entry has."""

    def add(self, numbers: array[int]) -> None:
        """Add the next entry."""

    def find(self, numbers: array[int]) -> tuple[int, float] | None:
        """The entry that shares most of the shorter side, the oldest of equals, and that share; `None` if none does."""


class ContainmentIndex:
    """Entries as tokens, and the question which of them a text holds, or is held by.

    threshold  share of the shorter side's tokens, from 0 to 1, that must stand in both, in order, in one stretch of the
               longer side that is at most a fifth longer than the shorter side
    fewest     tokens of a side that is compared; a shorter one is too common to be a copy

    Every entry counts, and the result is exact. The compiled kernel answers where there is one.
    """

    def __init__(self, threshold: float, fewest: int) -> None:
        self._numbers: dict[str, int] = {}
        self._lengths = array("I")
        self._engine = _engine(threshold, fewest)
        self._latest: tuple[tuple[str, ...], array[int]] = (), array("I")

    def __len__(self) -> int:
        return len(self._lengths)

    def length(self, entry: int) -> int:
        """How many tokens an entry has."""
        return self._lengths[entry]

    def add(self, tokens: Sequence[str]) -> None:
        """Add the next entry; one that is too short is counted, and never found."""
        known = self._numbers
        latest, numbers = self._latest
        if tokens != latest or 0 in numbers:
            numbers = array("I", [known.setdefault(token, len(known) + 1) for token in tokens])
        self._lengths.append(len(tokens))
        self._engine.add(numbers)

    def most_contained(self, tokens: Sequence[str]) -> tuple[int, float] | None:
        """The entry that shares most of the shorter side, the oldest of equals, and that share; `None` if none does."""
        known = self._numbers.get
        self._latest = tuple(tokens), (numbers := array("I", [known(token, 0) for token in tokens]))
        return self._engine.find(numbers)


class PythonContainmentEngine:
    """The engine without compiled code of our own. Two files lead from a token to the few entries worth comparing.

    Where the longer side of a pair may lack k of the shorter side's tokens, any k + 1 of them hold one that is in
    both: so the rarest can be asked for. An entry is filed under those tokens alone, to be found by a longer text, and
    under all its tokens, to be found by a shorter one. What is found must pass a check of token hashes first.
    """

    def __init__(self, threshold: float, fewest: int) -> None:
        self._threshold = threshold
        self._fewest = fewest
        self._entries: list[array[int]] = []
        self._marks = array("Q")
        self._spare = array("I")
        self._by_rare: list[array[int]] = [array("I")]
        self._by_any: list[array[int]] = [array("I")]

    def add(self, numbers: array[int]) -> None:
        """Add the next entry."""
        entry = len(self._entries)
        self._entries.append(numbers)
        self._marks.append(_mark(numbers))
        self._spare.append(self._spared(len(numbers)))
        while len(self._by_any) <= max(numbers, default=0):
            self._by_rare.append(array("I"))
            self._by_any.append(array("I"))
        if len(numbers) < self._fewest:
            return
        for number in self._rarest(numbers):
            self._by_rare[number].append(entry)
        for number in set(numbers):
            self._by_any[number].append(entry)

    def find(self, numbers: array[int]) -> tuple[int, float] | None:
        """The entry that shares most of the shorter side, the oldest of equals, and that share; `None` if none does."""
        if len(numbers) < self._fewest:
            return None
        best: tuple[int, float] | None = None
        for entry in sorted({*self._shorter(numbers), *self._longer(numbers)}):
            other = self._entries[entry]
            share = lcs_length(numbers, other) / min(len(numbers), len(other))
            is_best = share >= self._threshold and (best is None or share > best[1])
            shorter, longer = sorted((numbers, other), key=len)
            if is_best and stands_together(shorter, longer, self._threshold):
                best = entry, share
        return best

    def _shorter(self, numbers: array[int]) -> Iterator[int]:
        """Entries that are not longer than a text, and may stand in it."""
        entries, marks, spare, absent = self._entries, self._marks, self._spare, ~_mark(numbers)
        for number in set(numbers):
            for entry in self._by_rare[number]:
                if (marks[entry] & absent).bit_count() <= spare[entry] and len(entries[entry]) <= len(numbers):
                    yield entry

    def _longer(self, numbers: array[int]) -> Iterator[int]:
        """Entries that are longer than a text, and may hold it."""
        entries, marks, mark, spare = self._entries, self._marks, _mark(numbers), self._spared(len(numbers))
        for number in self._rarest(numbers):
            for entry in self._by_any[number]:
                if (mark & ~marks[entry]).bit_count() <= spare and len(entries[entry]) > len(numbers):
                    yield entry

    def _rarest(self, numbers: Sequence[int]) -> set[int]:
        """Tokens of a shorter side, of which at least one is in any text that contains it."""
        return set(sorted(numbers, key=lambda number: len(self._by_any[number]))[: self._spared(len(numbers)) + 1])

    def _spared(self, length: int) -> int:
        """How many tokens of a shorter side of this length may be missing in the longer one."""
        spared = int(length - self._threshold * length) + 1
        while spared and (length - spared) / max(length, 1) < self._threshold:
            spared -= 1
        return spared


def stands_together(shorter: Sequence[int], longer: Sequence[int], threshold: float) -> bool:
    """Whether some stretch of the longer side, a fifth longer than the shorter one, holds its share of that."""
    size = len(shorter) + max(1, int(STRETCH * len(shorter)))
    step = max(1, len(shorter) // 20)
    starts = range(0, max(1, len(longer) - size + step), step)
    return any(lcs_length(shorter, longer[at : at + size]) >= threshold * len(shorter) for at in starts)


def _mark(numbers: Sequence[int]) -> int:
    """One bit for each of 64 classes of tokens: whether there is any. A token that no entry has keeps a bit empty."""
    bits = 0
    for number in numbers:
        if number:
            bits |= 1 << (number * 2654435769 >> 26 & 63)
    return bits


def _engine(threshold: float, fewest: int) -> ContainmentEngine:
    if kernel() != "native":
        return PythonContainmentEngine(threshold, fewest)
    from selfinstruct.similarity.native import NativeContainmentEngine

    return NativeContainmentEngine(threshold, STRETCH, fewest)
