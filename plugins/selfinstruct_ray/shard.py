"""A part of a pool, which one actor keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from selfinstruct.api.similarity import TOKENISERS, Pool

Found: TypeAlias = tuple[float, int, str]
"""A score, the number of the entry in the whole pool, and its text."""


class Shard:
    """Some entries of the pool, each with its number in the whole pool."""

    def __init__(self, tokeniser: str) -> None:
        self._pool = Pool(TOKENISERS[tokeniser])
        self._numbers: dict[str, int] = {}

    def add(self, entries: Sequence[tuple[int, str]]) -> None:
        """Add entries, in order of their numbers."""
        for number, text in entries:
            self._pool.add(text)
            self._numbers.setdefault(text, number)

    def decide(self, texts: Sequence[str], threshold: float) -> list[Found | None]:
        """For each text, the nearest entry of this shard above the threshold, the oldest of equals, or `None`."""
        matches = [self._pool.decide(text, threshold) for text in texts]
        return [(match.score, self._numbers[match.text], match.text) if match else None for match in matches]


def nearest(found: Sequence[Found | None]) -> Found | None:
    """The nearest of the entries that several shards found, the oldest of equals."""
    return min((one for one in found if one), key=lambda one: (-one[0], one[1]), default=None)
