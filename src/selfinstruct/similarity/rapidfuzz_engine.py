"""The plain engines: decisions by the plain index, statistics by rapidfuzz and numpy or by the standard library."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from selfinstruct.similarity.cell_index import Cells
from selfinstruct.similarity.scores import Ranking, bit_parallel, f_measure, mean_of

if TYPE_CHECKING:
    import numpy as np

Codes = str | tuple[int, ...]
"""A text as rapidfuzz takes it: a character a token, or numbers where the vocabulary outgrows the characters."""

_FIRST_SURROGATE, _SURROGATES = 0xD800, 0x800
_CHARACTERS = 0x10FFFF - _SURROGATES
_FEW = 8
"""Fewer comparisons than this are made one by one."""

_MOST_CELLS = 1 << 17
"""Tables of scores are made up to this size; beyond, only for the scores that occur."""

_AT_ONCE = 1 << 26
"""Common lengths held at once, at most."""

_ANEW, _SMALL, _LARGE = 8, 64, 1 << 17
"""The index is made anew, with the frequencies of then, when the pool has grown so many times since it was made, was
not smaller than this, and is not larger than that: the frequencies of some thousand entries are good enough."""

_PART = 1 << 17
"""Entries that all texts are compared with before the next ones: what is counted stays in the processor's cache."""


class PlainEngine:
    """Uses the standard library alone; the index is made when it is first asked for."""

    _numpy = False

    def __init__(self) -> None:
        self._codes: list[Codes] = []
        self._lengths = array("I")
        self._cells: tuple[float, Cells] | None = None
        self._indexed = 0

    def __len__(self) -> int:
        return len(self._codes)

    def add(self, tokens: array[int]) -> None:
        """Take the next entry."""
        self._codes.append(self._pack(tokens))
        self._lengths.append(len(tokens))
        if _ANEW * max(self._indexed, _SMALL) <= len(self._codes) <= _LARGE:
            self._cells = None
        if self._cells is not None:
            self._cells[1].add(tokens)

    def decide(self, tokens: array[int], threshold: float) -> tuple[int, float] | None:
        """The nearest entry above a threshold and its score, the oldest of equals; `None` if there is none."""
        if self._cells is None or self._cells[0] != threshold:
            self._cells = (threshold, self._index(threshold))
        found = list(self._cells[1].near(tokens))
        length, best = len(tokens), None
        barely = (threshold - 1e-9) / 2  # spares most of them the exact formula
        for entry, common in zip(found, self._common(self._pack(tokens), found), strict=True):
            other = self._lengths[entry]
            if common <= barely * (length + other):
                continue
            score = f_measure(common, length, other)
            if score > threshold and (best is None or (-score, entry) < (-best[1], best[0])):
                best = (entry, score)
        return best

    def compare(self, texts: Sequence[array[int]], sizes: Sequence[int], nearest: int) -> list[Ranking]:
        """Compare each text with as many of the oldest entries as `sizes` says."""
        return [self._rank(tuple(text), size, nearest) for text, size in zip(texts, sizes, strict=True)]

    def _index(self, threshold: float) -> Cells:
        cells = Cells(threshold, self._numpy, self._by_frequency())
        for codes in self._codes:
            cells.add(self._unpack(codes))
        self._indexed = len(self._codes)
        return cells

    def _by_frequency(self) -> array[int]:
        """The tokens of the pool, from the most frequent on."""
        counts = array("I")
        for codes in self._codes:
            tokens = self._unpack(codes)
            if (more := max(tokens, default=-1) + 1 - len(counts)) > 0:
                counts.extend([0] * more)
            for token in tokens:
                counts[token] += 1
        return array("I", sorted(filter(counts.__getitem__, range(len(counts))), key=counts.__getitem__, reverse=True))

    def _pack(self, tokens: array[int]) -> Codes:
        return tuple(tokens)

    def _unpack(self, codes: Codes) -> Sequence[int]:
        assert not isinstance(codes, str)
        return codes

    def _common(self, codes: Codes, entries: Sequence[int]) -> Sequence[int]:
        """Common lengths of a text and some entries."""
        return list(map(bit_parallel(codes), [self._codes[entry] for entry in entries]))

    def _rank(self, codes: Codes, size: int, nearest: int) -> Ranking:
        common = list(map(bit_parallel(codes), self._codes[:size]))
        scores: list[float] = []
        sums: dict[int, int] = {}
        containment = 0.0
        for length, other in zip(common, self._lengths, strict=False):
            scores.append(f_measure(length, len(codes), other))
            sums[other] = sums.get(other, 0) + length
            if length:
                containment = max(containment, length / min(len(codes), other))
        best = heapq.nsmallest(nearest, range(size), key=lambda entry: (-scores[entry], entry))
        mean = mean_of({other: total for other, total in sums.items() if total}, len(codes), size)
        return Ranking(tuple((entry, scores[entry]) for entry in best), mean, containment)


class RapidfuzzEngine(PlainEngine):
    """Keeps entries as strings of code points, compares many at once in compiled code, and counts with numpy."""

    _numpy = True

    def __init__(self, ties: str = "older") -> None:
        super().__init__()
        self._ties = ties

    def compare(self, texts: Sequence[array[int]], sizes: Sequence[int], nearest: int) -> list[Ranking]:
        """Compare each text with as many of the oldest entries as `sizes` says."""
        upto = max(sizes, default=0)
        part = _PART if self._ties == "older" else max(upto, 1)  # numpy's order of ties is that of all scores at once
        step = max(1, _AT_ONCE // part)
        packed = [self._pack(text) for text in texts]
        tallies = [_PartialRanking(len(text), nearest) for text in texts]
        for first in range(0, upto, part):
            for start in range(0, len(texts), step):
                few = slice(start, start + step)
                self._count(packed[few], tallies[few], sizes[few], first, min(first + part, upto))
        return [tally.ranking(size) for tally, size in zip(tallies, sizes, strict=True)]

    def _count(
        self, batch: list[Codes], tallies: Sequence[_PartialRanking], sizes: Sequence[int], first: int, last: int
    ) -> None:
        """Count what texts have in common with the entries from `first` to `last`, as far as each of them sees."""
        import numpy as np
        from rapidfuzz.distance import LCSseq
        from rapidfuzz.process import cdist

        small = np.uint8 if max(map(len, batch)) < 256 else np.uint32
        common = cdist(batch, self._codes[first:last], scorer=LCSseq.similarity, dtype=small, workers=-1)
        lengths = np.frombuffer(self._lengths, dtype=np.uint32)[first:last].astype(np.intp)
        kinds = int(lengths.max()) + 1
        tables: dict[int, _Table] = {}
        for row, codes, size, tally in zip(common, batch, sizes, tallies, strict=True):
            if size <= first:
                continue
            cells = np.multiply(row[: size - first], kinds, dtype=np.intp)
            cells += lengths[: size - first]
            if (len(codes) + 1) * kinds > _MOST_CELLS:
                values, cells = np.unique(cells, return_inverse=True)
                table = _Table(len(codes), kinds, values)
            elif (known := tables.get(len(codes))) is None:
                values = np.arange((len(codes) + 1) * kinds)
                table = tables[len(codes)] = _Table(len(codes), kinds, values)
            else:
                table = known
            table.count(cells, tally, first, self._ties)

    def _pack(self, tokens: array[int]) -> Codes:
        return _codes(tokens)

    def _unpack(self, codes: Codes) -> Sequence[int]:
        numbers = [ord(code) for code in codes] if isinstance(codes, str) else codes
        return [number if number < _FIRST_SURROGATE else number - _SURROGATES for number in numbers]

    def _common(self, codes: Codes, entries: Sequence[int]) -> Sequence[int]:
        from rapidfuzz.distance import LCSseq
        from rapidfuzz.process import cdist

        if len(entries) < _FEW:
            return [LCSseq.similarity(codes, self._codes[entry]) for entry in entries]
        chosen = [self._codes[entry] for entry in entries]
        lengths: list[int] = cdist([codes], chosen, scorer=LCSseq.similarity)[0].tolist()
        return lengths


class _PartialRanking:
    """What has been counted of a text so far: the best entries, best first, sums of common lengths, the containment."""

    def __init__(self, length: int, nearest: int) -> None:
        self.length = length
        self.nearest = nearest
        self.best: list[tuple[int, float]] = []
        self.sums: dict[int, int] = {}
        self.containment = 0.0

    def ranking(self, size: int) -> Ranking:
        """The result, once `size` entries are counted."""
        return Ranking(tuple(self.best), mean_of(self.sums, self.length, size), self.containment)


class _Table:
    """Scores of a text of one length with entries of which each is one of these values: `common * kinds + length`."""

    def __init__(self, length: int, kinds: int, values: np.ndarray[Any, Any]) -> None:
        import numpy as np

        self._common, self._others = np.divmod(values, kinds)
        self._scores = f_measures(self._common, length, self._others)
        self._parts = self._common / np.maximum(np.minimum(self._others, length), 1)

    def count(self, cells: np.ndarray[Any, Any], tally: _PartialRanking, first: int, ties: str) -> None:
        """Count entries, numbered from `first`, of which each has its cell: the place of its value."""
        import numpy as np

        counts = np.bincount(cells)
        filled = np.flatnonzero(counts)
        if ties == "numpy":
            order = np.argsort(self._scores[cells])[-tally.nearest :][::-1]
        else:
            order = self._older_first(cells, filled, counts, tally.nearest)
        found = [(first + int(at), float(self._scores[cells[at]])) for at in order]
        tally.best = sorted(tally.best + found, key=lambda one: -one[1])[: tally.nearest]  # stable: older first
        columns = (self._common[filled], self._others[filled], counts[filled])
        for common, other, count in zip(*(column.tolist() for column in columns), strict=True):
            if common:
                tally.sums[other] = tally.sums.get(other, 0) + common * count
        tally.containment = max(tally.containment, float(self._parts[filled].max()))

    def _older_first(
        self, cells: np.ndarray[Any, Any], filled: np.ndarray[Any, Any], counts: np.ndarray[Any, Any], nearest: int
    ) -> np.ndarray[Any, Any]:
        import numpy as np

        by_score = filled[np.argsort(-self._scores[filled], kind="stable")]
        enough = np.searchsorted(np.cumsum(counts[by_score]), min(nearest, len(cells)))
        worst = self._scores[by_score[enough]]
        chosen = np.flatnonzero((self._scores >= worst)[cells])
        return chosen[np.lexsort((chosen, -self._scores[cells[chosen]]))][:nearest]


def f_measures(common: np.ndarray[Any, Any], length: int, lengths: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """ROUGE-L F-measures from subsequence lengths, in the library's own order of operations (0 where both are 0)."""
    import numpy as np

    precision = common / np.maximum(lengths, 1)
    recall = common / max(length, 1)
    total = precision + recall
    scores: np.ndarray[Any, Any] = np.divide(2 * precision * recall, total, out=np.zeros(total.shape), where=total > 0)
    return scores


def _codes(tokens: array[int]) -> Codes:
    if max(tokens, default=0) > _CHARACTERS:
        return tuple(map(_code, tokens))
    return "".join([chr(_code(token)) for token in tokens])


def _code(token: int) -> int:
    """The number of a character that is no surrogate half; larger ones stay distinct too."""
    return token if token < _FIRST_SURROGATE else token + _SURROGATES
