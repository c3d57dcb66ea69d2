"""How near each accepted instruction was to all before it: put off when it was accepted, computed here in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from selfinstruct.similarity import TOKENISERS, Pool
from selfinstruct.store import RunStore
from selfinstruct.types import Deferred, Similarity, Ties

T = TypeVar("T")

BATCH = 512
"""Instructions computed at once: the pool is walked through once for all of them."""


class SimilarityCalculator:
    """Computes what was put off. It is shown every accepted instruction, oldest first, after the seeds."""

    def __init__(self, seeds: Iterable[str]) -> None:
        self._texts = list(seeds)
        self._pools: dict[tuple[str, int, Ties], Pool] = {}

    def compute(self, rows: Sequence[tuple[str, Similarity | Deferred | None]]) -> list[Similarity | None]:
        """The similarity of the next instructions: what is known already as it is, what was put off computed."""
        self._texts += [text for text, _ in rows]
        found = [near if isinstance(near, Similarity) else None for _, near in rows]
        waiting: dict[tuple[str, int, Ties], list[int]] = {}
        for at, (_, near) in enumerate(rows):
            if isinstance(near, Deferred):
                waiting.setdefault((near.tokeniser, near.nearest, near.ties), []).append(at)
        for how, places in waiting.items():
            pool = self._pool(*how)
            pool.extend(self._texts[len(pool) :])
            sizes = [near.pool for _, near in (rows[at] for at in places) if isinstance(near, Deferred)]
            for at, near in zip(places, pool.compare_all([rows[at][0] for at in places], sizes), strict=True):
                found[at] = near
        return found

    def _pool(self, tokeniser: str, nearest: int, ties: Ties) -> Pool:
        if (how := (tokeniser, nearest, ties)) not in self._pools:
            self._pools[how] = Pool(TOKENISERS[tokeniser], nearest, ties)
        return self._pools[how]


class SimilarityBackfill:
    """Writes what was put off into the store, while a run goes on or at its end. Not for two threads at once."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._reader = RunStore.open_readonly(
            store.folder
        )  # a connection of its own: this works in a thread of its own
        self._calculator = SimilarityCalculator(seed.instruction for seed in self._reader.seeds())
        self._after = (-1, -1)

    def fill(self, least: int = 1) -> None:
        """Compute and record all that waits, `BATCH` at a time, as long as at least so many instructions are there.

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
        """Let go of the connection."""
        self._reader.close()


def in_batches(values: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Lists of so many values, the last one shorter."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
