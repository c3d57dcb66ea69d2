"""The index in Python that finds the entries too near to a text without reading the whole pool."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import isqrt
from typing import TypeAlias

from selfinstruct.similarity.scores import least_above

_MAX_POSTINGS = 256
"""A place with more postings than this has them sorted into cells. Fewer are checked one by one."""

_MIN_NUMPY = 200
"""From so many entries on, numpy compares their parities faster than a loop does."""

_MAX_FILED_LENGTH = 4096
"""Longer entries are in no cell. There are few, and every candidate of a similar length is compared with them."""

_MAX_CACHED_LENGTH = 128
"""The needs of candidates of up to this length are kept from one candidate to the next."""

_MAX_TABULATED_LENGTH, _MIN_TABULATED_THRESHOLD = 48, 0.4
"""For candidates up to this length and thresholds from here on, the shapes of all cells to open are tabulated."""

_IMPOSSIBLE = 1 << 62


_Filed: TypeAlias = "int | array[int] | dict[int, array[int]] | None"
"""The entries of a place: one posting (shape << 32 | entry), some postings, or cells of entries by shape."""


class CellIndex:
    """Entries filed under their rare tokens, by length and rank.

    Two texts whose common subsequence is long share many tokens. Sort the tokens of both by one fixed order, rare
    tokens first: then the first token they share stands early in both. An entry of length n that needs l common tokens
    to be near any text is filed under its first n - l + 1 tokens, each with its rank. A candidate opens only the cells
    that stand so early that enough common tokens could follow. The entries in them must pass a parity check of token
    hashes, which bounds the number of tokens that two texts share.

    Any order is correct, and a good one opens fewer cells. `common` lists tokens, the most frequent first. Other tokens
    count as rarer, and the later they appear, the rarer. The index knows a token by its place in this order.
    """

    def __init__(self, threshold: float, common: Iterable[int] = ()) -> None:
        self._threshold = threshold
        self._places = array("I", [0])
        self._placed = 0
        for token in common:
            self._place(token)
        self._filed: list[_Filed] = []
        self._shapes: dict[int, int] = {}
        self._long: list[tuple[int, int]] = []
        self._parities = array("Q")
        self._fewest: dict[int, int] = {}
        self._needs: dict[int, _CellNeeds] = {}

    def __len__(self) -> int:
        return len(self._parities)

    def add(self, tokens: Sequence[int]) -> None:
        """File the next entry; its tokens are numbered from 1."""
        entry, length = len(self._parities), len(tokens)
        self._parities.append(_parity(tokens))
        if length > _MAX_FILED_LENGTH:
            self._long.append((entry, length))
            return
        last = None
        order = sorted(map(self._place, tokens), reverse=True)
        shape = _shape(length, 0)
        for rank in range(length - self._fewest_for(length) + 1):
            if order[rank] != last:
                last = order[rank]
                self._file(last, shape + rank, entry)

    def near(self, tokens: Sequence[int]) -> set[int]:
        """Every entry above the threshold, and a few others. 0 is a token that no entry has."""
        length, parity, unknown = len(tokens), _parity(tokens), tokens.count(0)
        needs = self._needs_of(length)
        fewest = self._fewest_for(length)
        found = [
            entry for entry, other in self._long if least_above(self._threshold, length, other) <= min(length, other)
        ]
        opened: list[tuple[int, array[int]]] = []
        last = None
        order = sorted([self._places[token] for token in tokens], reverse=True)
        for rank, place in enumerate(order[: length - unknown], start=unknown):
            if length - rank < fewest:
                break
            if place != last and place < len(self._filed):
                found += self._open(place, length - rank, needs, parity=parity, opened=opened)
            last = place
        found += self._passing(opened, parity)
        return set(found)

    def _open(
        self, place: int, left: int, needs: _CellNeeds, *, parity: int, opened: list[tuple[int, array[int]]]
    ) -> list[int]:
        """Open the cells of a place that can have enough in common if `left` tokens of the candidate can be common.

        Adds each cell to `opened`, with the number of bits by which parities can differ there. Returns the entries of
        single postings that pass.
        """
        filed, slack = self._filed[place], needs.slack
        found: list[int] = []
        if isinstance(filed, dict):
            opened += [(slack[shape], filed[shape]) for shape in needs.shapes(left, filed)]
        elif filed is not None:
            for posting in (filed,) if isinstance(filed, int) else filed:
                if needs[posting >> 32] <= left:
                    entry = posting & 0xFFFFFFFF
                    if (self._parities[entry] ^ parity).bit_count() <= slack[posting >> 32]:
                        found.append(entry)
        return found

    def _passing(self, opened: list[tuple[int, array[int]]], parity: int) -> list[int]:
        """The entries of opened cells whose parities pass."""
        import numpy as np

        sizes = [len(cell) for _, cell in opened]
        if sum(sizes) < _MIN_NUMPY or not hasattr(np, "bitwise_count"):  # numpy 1 has none
            parities = self._parities
            return [entry for most, cell in opened for entry in cell if (parities[entry] ^ parity).bit_count() <= most]
        entries = np.frombuffer(b"".join([cell for _, cell in opened]), dtype=np.uint32)
        most = np.repeat(np.array([most for most, _ in opened], dtype=np.uint16), sizes)
        differing = np.bitwise_count(np.frombuffer(self._parities, dtype=np.uint64)[entries] ^ np.uint64(parity))
        found: list[int] = entries[differing <= most].tolist()
        return found

    def _place(self, token: int) -> int:
        """The place of a token; it gets the next one if it has none yet."""
        if token >= len(self._places):
            self._places.extend([0] * (token - len(self._places) + 1))
        if not self._places[token]:
            self._placed += 1
            self._places[token] = self._placed
        return self._places[token]

    def _needs_of(self, length: int) -> _CellNeeds:
        if (needs := self._needs.get(length)) is None:
            needs = _CellNeeds(self._threshold, length)
            if length <= _MAX_CACHED_LENGTH:
                self._needs[length] = needs
        return needs

    def _file(self, place: int, shape: int, entry: int) -> None:
        while place >= len(self._filed):
            self._filed.append(None)
        filed, posting = self._filed[place], shape << 32 | entry
        if isinstance(filed, dict):
            self._file_in_cell(filed, shape, entry)
        elif filed is None:
            self._filed[place] = posting
        elif isinstance(filed, int):
            self._filed[place] = array("Q", (filed, posting))
        else:
            filed.append(posting)
            if len(filed) > _MAX_POSTINGS:
                cells: dict[int, array[int]] = {}
                self._filed[place] = cells
                for posting in filed:
                    self._file_in_cell(cells, posting >> 32, posting & 0xFFFFFFFF)

    def _file_in_cell(self, cells: dict[int, array[int]], shape: int, entry: int) -> None:
        if (entries := cells.get(shape)) is None:
            shape = self._shapes.setdefault(shape, shape)  # one number object for all cells of a shape
            cells[shape] = array("I", (entry,))
        else:
            entries.append(entry)

    def _fewest_for(self, length: int) -> int:
        """The fewest common tokens that bring any text near to one of this length; if none can, more than it has."""
        if (known := self._fewest.get(length)) is None:
            needs = ((least_above(self._threshold, other, length), other) for other in range(1, length + 1))
            known = next((need for need, other in needs if need <= other), length + 1)
            if length <= _MAX_FILED_LENGTH:
                self._fewest[length] = known
        return known


class _CellNeeds(dict[int, int]):
    """For candidates of one length, the common tokens needed by shape of cell, or `_IMPOSSIBLE`; computed on demand.

    `slack` is the number of bits by which the parities of two texts can differ if they have so many tokens in common.
    """

    def __init__(self, threshold: float, length: int) -> None:
        self._threshold = threshold
        self._length = length
        self._shapes: dict[int, frozenset[int]] = {}
        self.slack: dict[int, int] = {}

    def shapes(self, left: int, cells: Mapping[int, object]) -> Collection[int]:
        """The shapes of the cells to open if `left` tokens of the candidate can be common."""
        if self._length > _MAX_TABULATED_LENGTH or self._threshold < _MIN_TABULATED_THRESHOLD:
            return [shape for shape in cells if self[shape] <= left]
        if (shapes := self._shapes.get(left)) is None:
            shapes = self._shapes[left] = frozenset(self._tabulate(left))
        return shapes & cells.keys()

    def _tabulate(self, left: int) -> Iterator[int]:
        other = 1
        while (need := least_above(self._threshold, self._length, other)) <= left:
            for shape in range(_shape(other, 0), _shape(other, other - need) + 1):
                if self[shape] <= left:
                    yield shape
            other += 1

    def __missing__(self, shape: int) -> int:
        other = (isqrt(8 * shape + 1) - 1) // 2
        rank = shape - _shape(other, 0)
        need = least_above(self._threshold, self._length, other)
        self.slack[shape] = min(self._length + other - 2 * need, 64)  # a parity has 64 bits
        self[shape] = found = need if need <= min(self._length, other - rank) else _IMPOSSIBLE
        return found


def _shape(length: int, rank: int) -> int:
    """One number for the length of an entry and a rank below it."""
    return length * (length + 1) // 2 + rank


def _parity(tokens: Sequence[int]) -> int:
    """A bit for each of 64 classes of tokens, set if the number of tokens in the class is odd."""
    bits = 0
    for token in tokens:
        bits ^= 1 << (token * 2654435769 >> 26 & 63)
    return bits
