"""Chooses the engine that computes: the compiled kernel, rapidfuzz where there is none, or `rouge_score` as a check."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Protocol

from selfinstruct.errors import UsageError
from selfinstruct.similarity.scores import Ranking
from selfinstruct.types import Ties

VARIABLE = "SELFINSTRUCT_KERNEL"
"""The environment variable that forces a kernel, for tests and comparisons. All kernels give the same results."""

KERNELS = ("native", "rapidfuzz", "rouge-score")

_HINT = f"Unset {VARIABLE}, or set it to rapidfuzz."


class Engine(Protocol):
    """Answers both questions about a pool exactly. Each entry is a list of numbers, and each number is a token."""

    def __len__(self) -> int:
        """The number of entries."""

    def add(self, tokens: array[int]) -> None:
        """Add an entry."""

    def decide(self, tokens: array[int], threshold: float) -> tuple[int, float] | None:
        """The nearest entry above a threshold and its score, the oldest of equals; `None` if there is none."""

    def compare(self, texts: Sequence[array[int]], sizes: Sequence[int], nearest: int) -> list[Ranking]:
        """Compare each text with as many of the oldest entries as its number in `sizes`."""


def kernel() -> str:
    """The name of the kernel in use: `native`, `rapidfuzz` or, if it is forced, `rouge-score`.

    Raises `UsageError` if `SELFINSTRUCT_KERNEL` names an unknown kernel, or one that is not available here: `native`
    without the compiled library, or `rouge-score` without the package.
    """
    from selfinstruct.similarity.native import library

    forced = os.environ.get(VARIABLE, "")
    if forced and forced not in KERNELS:
        raise UsageError(f"{VARIABLE} is {forced!r}, which is none of: {', '.join(KERNELS)}", _HINT)
    if forced == "native" and library() is None:
        raise UsageError(f"{VARIABLE} is 'native', but this installation has no compiled kernel", _HINT)
    if forced == "rouge-score" and find_spec("rouge_score") is None:
        raise UsageError(f"{VARIABLE} is 'rouge-score', which needs: pip install 'selfinstruct[testing]'", _HINT)
    return forced or ("rapidfuzz" if library() is None else "native")


def decider() -> Engine:
    """A new engine for decisions."""
    return _engine(kernel())


def ranker(ties: Ties) -> Engine:
    """A new engine for statistics. The order of ties called `numpy` is that of numpy's sort, so it needs numpy."""
    if ties == "numpy":
        from selfinstruct.similarity.rapidfuzz_engine import RapidfuzzEngine

        return RapidfuzzEngine("numpy")
    return _engine(kernel())


def _engine(name: str) -> Engine:
    from selfinstruct.similarity.native import NativeEngine
    from selfinstruct.similarity.rapidfuzz_engine import RapidfuzzEngine
    from selfinstruct.similarity.rouge_score_engine import RougeScoreEngine

    engines: dict[str, Callable[[], Engine]] = {
        "native": NativeEngine,
        "rapidfuzz": RapidfuzzEngine,
        "rouge-score": RougeScoreEngine,
    }
    return engines[name]()
