"""Computes similarities that were deferred: how near each accepted instruction was to the pool before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from selfinstruct.similarity import TOKENISERS, Pool
from selfinstruct.store import RunStore
from selfinstruct.types import Deferred, Similarity, Ties

T = TypeVar("T")

BATCH = 512
"""Instructions computed together, in one pass over the pool."""


class SimilarityCalculator:
    """Computes deferred similarities. It needs every accepted instruction, oldest first, after the seeds."""

    def __init__(self, seeds: Iterable[str]) -> None:
        self._texts = list(seeds)
        self._pools: dict[tuple[str, int, Ties], Pool] = {}

    def compute(self, rows: Sequence[tuple[str, Similarity | Deferred | None]]) -> list[Similarity | None]:
        """The similarity of each of the next instructions: the known ones unchanged, the deferred ones computed."""
        self._texts += [text for text, _ in rows]
        found = [near if isinstance(near, Similarity) else None for _, near in rows]
        waiting: dict[tuple[str, int, Ties], list[int]] = {}
        for place, (_, near) in enumerate(rows):
            if isinstance(near, Deferred):
                waiting.setdefault((near.tokeniser, near.nearest, near.ties), []).append(place)
        for how, places in waiting.items():
            pool = self._pool(*how)
            pool.extend(self._texts[len(pool) :])
            sizes = [near.pool for _, near in (rows[place] for place in places) if isinstance(near, Deferred)]
            for place, near in zip(places, pool.compare_all([rows[place][0] for place in places], sizes), strict=True):
                found[place] = near
        return found

    def _pool(self, tokeniser: str, nearest: int, ties: Ties) -> Pool:
        if (how := (tokeniser, nearest, ties)) not in self._pools:
            self._pools[how] = Pool(TOKENISERS[tokeniser], nearest, ties)
        return self._pools[how]


class SimilarityBackfill:
    """Computes deferred similarities and stores them, during a run or at its end. Not thread-safe."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._calculator = SimilarityCalculator(seed.instruction for seed in store.seeds())
        self._reader = RunStore.open_readonly(store.folder)  # its own connection, since `fill` runs in its own thread
        self._after = (-1, -1)

    def fill(self, least: int = 1) -> None:
        """Compute and record what is deferred, `BATCH` instructions at a time, while at least `least` of them are left.

        Raises `RunError` if the store cannot be written.
        """
        while len(rows := self._reader.accepted_after(*self._after, BATCH)) >= least:
            found = self._calculator.compute([(row.text, row.similarity) for row in rows])
            pairs = [
                (row, near)
                for row, near in zip(rows, found, strict=True)
                if isinstance(row.similarity, Deferred) and near is not None
            ]
            if pairs:
                self._store.record_similarities(pairs).result()
            self._after = (rows[-1].index, rows[-1].position)

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()


def in_batches(values: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Lists of `size` values; the last one may be shorter."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
