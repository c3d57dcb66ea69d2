"""Watches whether a stage's pool still grows, by what was settled, in order of requests."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from selfinstruct.engine.pending import Bounds


class SaturationMonitor:
    """Two rules: so many requests in a row brought nothing, or too few of the last candidates were accepted.

    Both look at wholly settled requests only, in their order, so a run that was killed and resumed, or that has other
    latencies, ends at the same request.
    """

    def __init__(self, bounds: Bounds, sizes: Sequence[int], evaluated: Sequence[int]) -> None:
        """Take over `sizes`, the accepted total after each request, and `judged`, the candidates of the last ones."""
        self._bounds = bounds
        self._fruitless = 0
        self._recent: deque[tuple[int, int]] = deque(maxlen=bounds.acceptance_window)
        self._accepted = self._candidates = 0
        before = len(sizes) - len(evaluated)
        gains = [size - (sizes[at - 1] if at else 0) for at, size in enumerate(sizes)]
        for gain, candidates in zip(gains, [0] * before + list(evaluated), strict=True):
            self.settled(gain, candidates)

    def settled(self, accepted: int, candidates: int) -> None:
        """A request was wholly settled: so many of its candidates were accepted."""
        self._fruitless = 0 if accepted else self._fruitless + 1
        if len(self._recent) == self._recent.maxlen:
            old = self._recent[0]
            self._accepted, self._candidates = self._accepted - old[0], self._candidates - old[1]
        self._recent.append((accepted, candidates))
        self._accepted, self._candidates = self._accepted + accepted, self._candidates + candidates

    def reached(self) -> tuple[str, str] | None:
        """Why the pool counts as saturated, and what may help; `None` as long as it does not."""
        if self._fruitless >= self._bounds.patience:
            return (
                f"the pool is saturated: the last {self._fruitless} requests brought nothing new",
                "Add seeds, vary the prompt or the model, or raise generate.patience to insist.",
            )
        least, window = self._bounds.min_acceptance, self._bounds.acceptance_window
        if least is None or len(self._recent) < window:
            return None
        if self._candidates and self._accepted >= least * self._candidates:
            return None
        brought = f"of the last {window} requests' {self._candidates} candidates {self._accepted} were accepted"
        return (
            f"the pool is nearly saturated: {brought}, fewer than generate.min_acceptance ({least:g}) asks for",
            "Add seeds, vary the prompt or the model, or lower generate.min_acceptance to insist.",
        )
