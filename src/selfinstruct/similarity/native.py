"""The compiled engine: the C code in `csrc`, which the build compiles if it finds a compiler, called through ctypes."""

from __future__ import annotations

import ctypes
import os
import sys
from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from weakref import finalize

from selfinstruct.similarity.scores import Ranking, f_measure

LIBRARY = Path(__file__).with_name("_lcs.so")
LEVELS = ("baseline", "AVX2", "AVX-512")
"""The sets of vector instructions, narrowest first."""

_PAIRS_PER_THREAD = 20_000_000
"""Pairs of texts that justify the start of another thread: about 20 ms of work."""

_NO_ENTRY, _NO_MEMORY = -1, -2


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """The compiled library, or `None` if it is missing, cannot be loaded, or does not compute as Python does."""
    if not LIBRARY.is_file() or sys.byteorder != "little" or array("I").itemsize != 4:
        return None
    try:
        lib = ctypes.CDLL(str(LIBRARY))
    except OSError:
        return None
    pointer, count, number = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_double
    signatures: dict[str, tuple[list[type], type | None]] = {
        "si_f_measure": ([count] * 3, number),
        "si_level": ([ctypes.c_int], ctypes.c_int),
        "si_new": ([], pointer),
        "si_free": ([pointer], None),
        "si_add": ([pointer, pointer, count], ctypes.c_int),
        "si_index": ([pointer, number], ctypes.c_int),
        "si_decide": ([pointer, pointer, count, pointer], ctypes.c_int64),
        "si_containment_new": ([number, number, count], pointer),
        "si_containment_free": ([pointer], None),
        "si_containment_add": ([pointer, pointer, count], ctypes.c_int),
        "si_containment_find": ([pointer, pointer, count, pointer], ctypes.c_int64),
        "si_compare": ([pointer, count, pointer, pointer, pointer, count, *[pointer] * 5], ctypes.c_int),
    }
    for name, (arguments, result) in signatures.items():
        function = getattr(lib, name, None)
        if function is None:
            return None
        function.argtypes, function.restype = arguments, result
    lengths = range(1, 41)
    if any(lib.si_f_measure(7, m, n) != f_measure(7, m, n) for m in lengths for n in lengths):
        return None
    lib.si_level(len(LEVELS) - 1)
    return lib


def use_instructions(most: int) -> str:
    """Use vector instructions up to an index of `LEVELS`, and return the level that this processor then uses."""
    lib = library()
    return LEVELS[lib.si_level(most)] if lib else ""


class NativeContainmentEngine:
    """Calls the compiled library, which holds the entries: see `containment.ContainmentEngine`."""

    def __init__(self, threshold: float, stretch: float, fewest: int) -> None:
        lib = library()
        assert lib is not None, "`containment` chooses this engine only if there is a library"
        self._lib = lib
        self._index = lib.si_containment_new(threshold, stretch, fewest)
        if not self._index:
            raise MemoryError
        finalize(self, lib.si_containment_free, self._index)
        self._share = ctypes.c_double()
        self._share_at = ctypes.addressof(self._share)

    def add(self, numbers: array[int]) -> None:
        """Add the next entry."""
        if self._lib.si_containment_add(self._index, numbers.buffer_info()[0], len(numbers)):
            raise MemoryError

    def find(self, numbers: array[int]) -> tuple[int, float] | None:
        """The entry that shares most of the shorter side, the oldest of equals, and that share; `None` if none does."""
        entry = self._lib.si_containment_find(self._index, numbers.buffer_info()[0], len(numbers), self._share_at)
        if entry == _NO_MEMORY:
            raise MemoryError
        return None if entry == _NO_ENTRY else (entry, self._share.value)


class NativeEngine:
    """Calls the compiled library, which holds the pool. The index for decisions is built when it is first needed."""

    def __init__(self) -> None:
        lib = library()
        assert lib is not None, "`kernel` chooses this engine only if there is a library"
        self._lib = lib
        self._pool = lib.si_new()
        if not self._pool:
            raise MemoryError
        finalize(self, lib.si_free, self._pool)
        self._entries = 0
        self._threshold: float | None = None
        self._score = ctypes.c_double()
        self._score_at = ctypes.addressof(self._score)

    def __len__(self) -> int:
        return self._entries

    def add(self, tokens: array[int]) -> None:
        """Add an entry."""
        if self._lib.si_add(self._pool, tokens.buffer_info()[0], len(tokens)):
            raise MemoryError
        self._entries += 1

    def decide(self, tokens: array[int], threshold: float) -> tuple[int, float] | None:
        """The nearest entry above a threshold and its score, the oldest of equals; `None` if there is none."""
        if threshold != self._threshold:
            if self._lib.si_index(self._pool, threshold):
                raise MemoryError
            self._threshold = threshold
        entry = self._lib.si_decide(self._pool, tokens.buffer_info()[0], len(tokens), self._score_at)
        if entry == _NO_MEMORY:
            raise MemoryError
        return None if entry == _NO_ENTRY else (entry, self._score.value)

    def compare(self, texts: Sequence[array[int]], sizes: Sequence[int], nearest: int) -> list[Ranking]:
        """Compare each text with as many of the oldest entries as its number in `sizes`; may use several threads."""
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        threads = min(os.cpu_count() or 1, 1 + len(texts) * max(sizes, default=0) // _PAIRS_PER_THREAD)
        parts = [order[start::threads] for start in range(threads)]
        if threads == 1:
            ranked = [self._rank(parts[0], texts, sizes, nearest=nearest)]
        else:
            with ThreadPoolExecutor(threads) as pool:
                ranked = list(pool.map(lambda part: self._rank(part, texts, sizes, nearest=nearest), parts))
        found = {
            place: one for part, many in zip(parts, ranked, strict=True) for place, one in zip(part, many, strict=True)
        }
        return [found[place] for place in range(len(texts))]

    def _rank(
        self, order: Sequence[int], texts: Sequence[array[int]], sizes: Sequence[int], *, nearest: int
    ) -> list[Ranking]:
        """Rank the texts whose indices `order` lists, shortest first."""
        count, room = len(order), nearest + 1
        tokens = array("I")
        for place in order:
            tokens.extend(texts[place])
        lengths = array("I", [len(texts[place]) for place in order])
        prefixes = array("I", [sizes[place] for place in order])
        scores, entries = array("d", bytes(8 * room * count)), array("I", bytes(4 * room * count))
        found, means, parts = array("I", bytes(4 * count)), array("d", bytes(8 * count)), array("d", bytes(8 * count))
        inputs = [part.buffer_info()[0] for part in (tokens, lengths, prefixes)]
        outputs = [part.buffer_info()[0] for part in (scores, entries, found, means, parts)]
        if self._lib.si_compare(self._pool, count, *inputs, nearest, *outputs):
            raise MemoryError
        ranked = []
        for place, (length, mean, part) in enumerate(zip(found, means, parts, strict=True)):
            span = slice(place * room, place * room + length)
            ranked.append(Ranking(tuple(zip(entries[span], scores[span], strict=True)), mean, part))
        return ranked
