"""The engine without compiled code of our own: decisions by an index in Python, statistics by rapidfuzz and numpy."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from selfinstruct.similarity.cell_index import CellIndex
from selfinstruct.similarity.scores import Ranking, f_measure, mean_of
from selfinstruct.types import Ties

if TYPE_CHECKING:
    import numpy as np

Codes = str | tuple[int, ...]
"""A text for rapidfuzz: one character a token, or numbers where the vocabulary is larger than Unicode."""

_FIRST_SURROGATE, _SURROGATES = 0xD800, 0x800
_CHARACTERS = 0x10FFFF - _SURROGATES
_MIN_BATCH = 8
"""Fewer comparisons than this are made one by one."""

_MAX_TABLE = 1 << 17
"""Largest table of scores. For longer texts, only the scores that occur are computed."""

_MAX_LENGTHS = 1 << 26
"""Common lengths that are held in memory at once, at most."""

_REBUILD_GROWTH, _FIRST_REBUILD, _LAST_REBUILD = 8, 64, 1 << 17
"""The index is rebuilt with current frequencies when the pool has grown by this factor, but not before it has this
factor times 64 entries, nor beyond the last number: the frequencies of some thousand entries are good enough."""

_PART = 1 << 17
"""Entries that all texts are compared with before the next part, so that the counts stay in the processor's cache."""


class RapidfuzzEngine:
    """Keeps entries as strings of code points, compares many at once in compiled code, and counts with numpy.

    `ties` says which of equal scores comes first: the `older` entry, or the one that `numpy` sorts last. The index for
    decisions is built when it is first needed.
    """

    def __init__(self, ties: Ties = "older") -> None:
        self._ties = ties
        self._codes: list[Codes] = []
        self._lengths = array("I")
        self._index: tuple[float, CellIndex] | None = None
        self._indexed = 0

    def __len__(self) -> int:
        return len(self._codes)

    def add(self, tokens: array[int]) -> None:
        """Add an entry."""
        self._codes.append(_pack(tokens))
        self._lengths.append(len(tokens))
        if _REBUILD_GROWTH * max(self._indexed, _FIRST_REBUILD) <= len(self._codes) <= _LAST_REBUILD:
            self._index = None
        if self._index is not None:
            self._index[1].add(tokens)

    def decide(self, tokens: array[int], threshold: float) -> tuple[int, float] | None:
        """The nearest entry above a threshold and its score, the oldest of equals; `None` if there is none."""
        if self._index is None or self._index[0] != threshold:
            self._index = (threshold, self._build_index(threshold))
        found = list(self._index[1].near(tokens))
        length, best = len(tokens), None
        barely = (threshold - 1e-9) / 2  # spares most of them the exact formula
        for entry, common in zip(found, self._common_lengths(_pack(tokens), found), strict=True):
            other = self._lengths[entry]
            if common <= barely * (length + other):
                continue
            score = f_measure(common, length, other)
            if score > threshold and (best is None or (-score, entry) < (-best[1], best[0])):
                best = (entry, score)
        return best

    def compare(self, texts: Sequence[array[int]], sizes: Sequence[int], nearest: int) -> list[Ranking]:
        """Compare each text with as many of the oldest entries as its number in `sizes`."""
        largest = max(sizes, default=0)
        part = _PART if self._ties == "older" else max(largest, 1)  # numpy's order of ties needs all scores at once
        step = max(1, _MAX_LENGTHS // part)
        packed = [_pack(text) for text in texts]
        rankings = [_PartialRanking(len(text), size, nearest) for text, size in zip(texts, sizes, strict=True)]
        for first in range(0, largest, part):
            for start in range(0, len(texts), step):
                few = slice(start, start + step)
                self._count(packed[few], rankings[few], range(first, min(first + part, largest)))
        return [ranking.complete() for ranking in rankings]

    def _build_index(self, threshold: float) -> CellIndex:
        index = CellIndex(threshold, self._tokens_by_frequency())
        for codes in self._codes:
            index.add(_unpack(codes))
        self._indexed = len(self._codes)
        return index

    def _tokens_by_frequency(self) -> array[int]:
        """The tokens of the pool, the most frequent first."""
        counts = array("I")
        for codes in self._codes:
            tokens = _unpack(codes)
            if (more := max(tokens, default=-1) + 1 - len(counts)) > 0:
                counts.extend([0] * more)
            for token in tokens:
                counts[token] += 1
        return array("I", sorted(filter(counts.__getitem__, range(len(counts))), key=counts.__getitem__, reverse=True))

    def _count(self, batch: list[Codes], rankings: Sequence[_PartialRanking], entries: range) -> None:
        """Count the common lengths of texts with a part of the entries, as far as each text is compared."""
        import numpy as np
        from rapidfuzz.distance import LCSseq
        from rapidfuzz.process import cdist

        first, last = entries.start, entries.stop
        small = np.uint8 if max(map(len, batch)) < 256 else np.uint32
        common = cdist(batch, self._codes[first:last], scorer=LCSseq.similarity, dtype=small, workers=-1)
        lengths = np.frombuffer(self._lengths, dtype=np.uint32)[first:last].astype(np.intp)
        kinds = int(lengths.max()) + 1
        tables: dict[int, _ScoreTable] = {}
        for row, codes, ranking in zip(common, batch, rankings, strict=True):
            if ranking.size <= first:
                continue
            places = np.multiply(row[: ranking.size - first], kinds, dtype=np.intp)
            places += lengths[: ranking.size - first]
            if (len(codes) + 1) * kinds > _MAX_TABLE:
                values, places = np.unique(places, return_inverse=True)
                table = _ScoreTable(len(codes), kinds, values)
            elif (known := tables.get(len(codes))) is None:
                values = np.arange((len(codes) + 1) * kinds)
                table = tables[len(codes)] = _ScoreTable(len(codes), kinds, values)
            else:
                table = known
            table.count(places, ranking, first, ties=self._ties)

    def _common_lengths(self, codes: Codes, entries: Sequence[int]) -> Sequence[int]:
        """Common lengths of a text and some entries."""
        from rapidfuzz.distance import LCSseq
        from rapidfuzz.process import cdist

        if len(entries) < _MIN_BATCH:
            return [LCSseq.similarity(codes, self._codes[entry]) for entry in entries]
        chosen = [self._codes[entry] for entry in entries]
        lengths: list[int] = cdist([codes], chosen, scorer=LCSseq.similarity)[0].tolist()
        return lengths


class _PartialRanking:
    """The ranking of a text by the entries counted so far: the best of them, sums of common lengths, containment."""

    def __init__(self, length: int, size: int, nearest: int) -> None:
        self.length = length
        self.size = size
        self.nearest = nearest
        self.best: list[tuple[int, float]] = []
        self.sums: dict[int, int] = {}
        self.containment = 0.0

    def complete(self) -> Ranking:
        """The ranking, once all `size` entries are counted."""
        return Ranking(tuple(self.best), mean_of(self.sums, self.length, self.size), self.containment)


class _ScoreTable:
    """Scores of a text of one length for every pair of common length and length of entry in `values`.

    A value stands for such a pair: common length times `kinds`, plus length of entry.
    """

    def __init__(self, length: int, kinds: int, values: np.ndarray[Any, Any]) -> None:
        import numpy as np

        self._common, self._others = np.divmod(values, kinds)
        self._scores = f_measures(self._common, length, self._others)
        self._parts = self._common / np.maximum(np.minimum(self._others, length), 1)

    def count(self, places: np.ndarray[Any, Any], ranking: _PartialRanking, first: int, *, ties: Ties) -> None:
        """Add entries, numbered from `first`, to a ranking. `places` has the index into `values` of each entry."""
        import numpy as np

        counts = np.bincount(places)
        filled = np.flatnonzero(counts)
        if ties == "numpy":
            order = np.argsort(self._scores[places])[-ranking.nearest :][::-1]
        else:
            order = self._older_first(places, counts, ranking.nearest)
        found = [(first + int(at), float(self._scores[places[at]])) for at in order]
        ranking.best = sorted(ranking.best + found, key=lambda one: -one[1])[: ranking.nearest]  # stable: older first
        columns = (self._common[filled], self._others[filled], counts[filled])
        for common, other, count in zip(*(column.tolist() for column in columns), strict=True):
            if common:
                ranking.sums[other] = ranking.sums.get(other, 0) + common * count
        ranking.containment = max(ranking.containment, float(self._parts[filled].max()))

    def _older_first(
        self, places: np.ndarray[Any, Any], counts: np.ndarray[Any, Any], nearest: int
    ) -> np.ndarray[Any, Any]:
        """The nearest entries, best first and the older first among equals, without sorting all of them."""
        import numpy as np

        filled = np.flatnonzero(counts)
        by_score = filled[np.argsort(-self._scores[filled], kind="stable")]
        enough = np.searchsorted(np.cumsum(counts[by_score]), min(nearest, len(places)))
        worst = self._scores[by_score[enough]]
        chosen = np.flatnonzero((self._scores >= worst)[places])
        return chosen[np.lexsort((chosen, -self._scores[places[chosen]]))][:nearest]


def f_measures(common: np.ndarray[Any, Any], length: int, lengths: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """ROUGE-L F-measures from common lengths, in `rouge_score`'s own order of operations; 0 where nothing is common."""
    import numpy as np

    precision = common / np.maximum(lengths, 1)
    recall = common / max(length, 1)
    total = precision + recall
    scores: np.ndarray[Any, Any] = np.divide(2 * precision * recall, total, out=np.zeros(total.shape), where=total > 0)
    return scores


def _pack(tokens: Sequence[int]) -> Codes:
    if max(tokens, default=0) > _CHARACTERS:
        return tuple(map(_to_code, tokens))
    return "".join([chr(_to_code(token)) for token in tokens])


def _unpack(codes: Codes) -> Sequence[int]:
    numbers = [ord(code) for code in codes] if isinstance(codes, str) else codes
    return [number if number < _FIRST_SURROGATE else number - _SURROGATES for number in numbers]


def _to_code(token: int) -> int:
    """The code point of a token. It skips the surrogates; numbers beyond Unicode stay distinct too."""
    return token if token < _FIRST_SURROGATE else token + _SURROGATES
