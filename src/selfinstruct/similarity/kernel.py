"""Which engine computes: compiled code of our own, else rapidfuzz, or the standard library alone."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Sequence
from typing import Protocol

from selfinstruct.similarity.scores import Ranking
from selfinstruct.types import Ties

VARIABLE = "SELFINSTRUCT_KERNEL"
"""The environment variable that forces a kernel, for tests and comparisons; all give the same results."""

KERNELS = ("native", "rapidfuzz", "python")


class Engine(Protocol):
    """Entries as lists of numbers, each number a token; both questions, answered exactly."""

    def __len__(self) -> int:
        """How many entries there are."""

    def add(self, tokens: array[int]) -> None:
        """Take the next entry."""

    def decide(self, tokens: array[int], threshold: float) -> tuple[int, float] | None:
        """The nearest entry above a threshold and its score, the oldest of equals; `None` if there is none."""

    def compare(self, texts: Sequence[array[int]], sizes: Sequence[int], nearest: int) -> list[Ranking]:
        """Compare each text with as many of the oldest entries as `sizes` says."""


def kernel() -> str:
    """The kernel that works here: `native`, `rapidfuzz` or `python`. Raises `ValueError` if an unknown one is forced.

    One that is forced and cannot be had (`native`, where nothing was compiled) raises `RuntimeError`.
    """
    from selfinstruct.similarity.native import library

    forced = os.environ.get(VARIABLE, "")
    if forced and forced not in KERNELS:
        raise ValueError(f"{VARIABLE} is {forced!r}, which is none of: {', '.join(KERNELS)}")
    if forced == "native" and library() is None:
        raise RuntimeError(f"{VARIABLE} is 'native', and this installation has no compiled part")
    return forced or ("rapidfuzz" if library() is None else "native")


def decider() -> Engine:
    """An engine for decisions."""
    return _engine(kernel())


def ranker(ties: Ties) -> Engine:
    """An engine for statistics. The order that numpy's sort gives to equal scores is to be had from numpy alone."""
    if ties == "numpy":
        from selfinstruct.similarity.rapidfuzz_engine import RapidfuzzEngine

        return RapidfuzzEngine("numpy")
    return _engine(kernel())


def _engine(name: str) -> Engine:
    from selfinstruct.similarity.native import NativeEngine
    from selfinstruct.similarity.rapidfuzz_engine import PlainEngine, RapidfuzzEngine

    engines: dict[str, Callable[[], Engine]] = {
        "native": NativeEngine,
        "rapidfuzz": RapidfuzzEngine,
        "python": PlainEngine,
    }
    return engines[name]()
