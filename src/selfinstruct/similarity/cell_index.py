"""The plain index that finds entries too near to a text without looking at the whole pool."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import isqrt
from typing import TypeAlias

from selfinstruct.similarity.scores import least_above

_FEW = 256
"""A place with more entries than this gets its entries sorted into cells; below, they are looked at one by one."""

_MANY = 200
"""From so many entries on, numpy looks at their parities faster than a loop does."""

_LONGEST = 4096
"""Longer entries stand in no cell: there are few, and every candidate of a like length is compared with them."""

_KEPT = 128
"""What candidates of up to this length need is remembered from one to the next."""

_TABULATED, _LOW = 48, 0.4
"""For candidates of up to this length and thresholds from here on, the shapes of all cells to open are tabulated."""

_NEVER = 1 << 62


_Filed: TypeAlias = "int | array[int] | dict[int, array[int]] | None"
"""What stands under a place: a posting (shape << 32 | entry), some, or so many that they are sorted into cells."""


class Cells:
    """Entries filed under their rare tokens, by length and rank.

    Two texts whose common subsequence is long share many tokens. Let the tokens of both be sorted by one fixed order,
    rare ones first: then the first token they share stands early in both. An entry of length n that needs l common
    tokens to be near anything is filed under its first n - l + 1 tokens, each with its rank, and a candidate opens only
    what stands so early that enough could follow. What is left must pass a parity check of token hashes, which bounds
    the tokens two texts can share.

    Any order is right; a good one opens fewer cells. `common` are tokens from the most frequent on; tokens that are not
    among them are taken for rarer, the later they appear. A token's place in this order stands for it from here on.
    """

    def __init__(self, threshold: float, numpy: bool = False, common: Iterable[int] = ()) -> None:
        self._threshold = threshold
        self._numpy = numpy
        self._places = array("I", [0])
        self._placed = 0
        for token in common:
            self._place(token)
        self._filed: list[_Filed] = []
        self._shapes: dict[int, int] = {}
        self._long: list[tuple[int, int]] = []
        self._parities = array("Q")
        self._fewest: dict[int, int] = {}
        self._wanted: dict[int, _Wanted] = {}

    def __len__(self) -> int:
        return len(self._parities)

    def add(self, tokens: Sequence[int]) -> None:
        """File the next entry; its tokens are numbered from 1."""
        entry, length = len(self._parities), len(tokens)
        self._parities.append(_parity(tokens))
        if length > _LONGEST:
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
        """Every entry above the threshold, and a few that are not. A token that no entry has is 0."""
        length, parity, unknown = len(tokens), _parity(tokens), tokens.count(0)
        wanted = self._wanted_by(length)
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
                self._open(place, length - rank, wanted, parity, opened, found)
            last = place
        found += self._in_many(opened, parity) if self._numpy else self._in_few(opened, parity)
        return set(found)

    def _open(
        self,
        place: int,
        left: int,
        wanted: _Wanted,
        parity: int,
        opened: list[tuple[int, array[int]]],
        found: list[int],
    ) -> None:
        """Open the cells of a place that can have enough in common, if `left` tokens of the candidate may be.

        Each cell comes with the bits by which parities may differ there; of single postings, entries come that pass.
        """
        filed, slack = self._filed[place], wanted.slack
        if isinstance(filed, dict):
            opened += [(slack[shape], filed[shape]) for shape in wanted.shapes(left, filed)]
        elif filed is not None:
            for posting in (filed,) if isinstance(filed, int) else filed:
                if wanted[posting >> 32] <= left:
                    entry = posting & 0xFFFFFFFF
                    if (self._parities[entry] ^ parity).bit_count() <= slack[posting >> 32]:
                        found.append(entry)

    def _in_few(self, opened: list[tuple[int, array[int]]], parity: int) -> list[int]:
        """The entries of cells whose parities pass."""
        parities = self._parities
        return [entry for most, cell in opened for entry in cell if (parities[entry] ^ parity).bit_count() <= most]

    def _in_many(self, opened: list[tuple[int, array[int]]], parity: int) -> list[int]:
        """The same in numpy, where that is worth its start."""
        sizes = [len(cell) for _, cell in opened]
        if sum(sizes) < _MANY:
            return self._in_few(opened, parity)
        import numpy as np

        if not hasattr(np, "bitwise_count"):  # numpy 1
            return self._in_few(opened, parity)
        entries = np.frombuffer(b"".join([cell for _, cell in opened]), dtype=np.uint32)
        most = np.repeat(np.array([most for most, _ in opened], dtype=np.uint16), sizes)
        apart = np.bitwise_count(np.frombuffer(self._parities, dtype=np.uint64)[entries] ^ np.uint64(parity))
        found: list[int] = entries[apart <= most].tolist()
        return found

    def _place(self, token: int) -> int:
        """The place of a token; the next one, if it has none yet."""
        if token >= len(self._places):
            self._places.extend([0] * (token - len(self._places) + 1))
        if not self._places[token]:
            self._placed += 1
            self._places[token] = self._placed
        return self._places[token]

    def _wanted_by(self, length: int) -> _Wanted:
        if (wanted := self._wanted.get(length)) is None:
            wanted = _Wanted(self._threshold, length)
            if length <= _KEPT:
                self._wanted[length] = wanted
        return wanted

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
            if len(filed) > _FEW:
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
        """The fewest common tokens that make anything near to a text of this length; more than it has if nothing is."""
        if (known := self._fewest.get(length)) is None:
            needs = ((least_above(self._threshold, other, length), other) for other in range(1, length + 1))
            known = next((need for need, other in needs if need <= other), length + 1)
            if length <= _LONGEST:
                self._fewest[length] = known
        return known


class _Wanted(dict[int, int]):
    """For a candidate's length: shape of a cell -> common tokens needed, or never. Filled as shapes are met.

    `slack` says by how many bits the parities of two texts that have so much in common can differ at most.
    """

    def __init__(self, threshold: float, length: int) -> None:
        self._threshold = threshold
        self._length = length
        self._shapes: dict[int, frozenset[int]] = {}
        self.slack: dict[int, int] = {}

    def shapes(self, left: int, cells: Mapping[int, object]) -> Collection[int]:
        """The shapes of the cells to open, where `left` tokens of the candidate may be common."""
        if self._length > _TABULATED or self._threshold < _LOW:
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
        self.slack[shape] = min(self._length + other - 2 * need, 64)  # no more bits than that can differ
        self[shape] = found = need if need <= min(self._length, other - rank) else _NEVER
        return found


def _shape(length: int, rank: int) -> int:
    """One number for a length and a rank below it."""
    return length * (length + 1) // 2 + rank


def _parity(tokens: Sequence[int]) -> int:
    """One bit for each of 64 classes of tokens: whether their number is odd."""
    bits = 0
    for token in tokens:
        bits ^= 1 << (token * 2654435769 >> 26 & 63)
    return bits
