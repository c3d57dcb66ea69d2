"""Detects when the pool of a stage no longer grows."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from selfinstruct.engine.pending import Bounds


class SaturationMonitor:
    """Applies two rules: too many requests in a row without an accepted item, or too few recent candidates accepted.

    Both use completely settled requests only, in order, so a resumed run, or one with other latencies, ends at the same
    request.
    """

    def __init__(self, bounds: Bounds, sizes: Sequence[int], evaluated: Sequence[int]) -> None:
        """Start from `sizes`, the accepted total after each request, and `evaluated`, the candidates of recent ones."""
        self._bounds = bounds
        self._fruitless = 0
        self._recent: deque[tuple[int, int]] = deque(maxlen=bounds.acceptance_window)
        self._accepted = self._candidates = 0
        before = len(sizes) - len(evaluated)
        gains = [size - (sizes[at - 1] if at else 0) for at, size in enumerate(sizes)]
        for gain, candidates in zip(gains, [0] * before + list(evaluated), strict=True):
            self.settled(gain, candidates)

    def settled(self, accepted: int, candidates: int) -> None:
        """Count a completely settled request with its accepted items and candidates."""
        self._fruitless = 0 if accepted else self._fruitless + 1
        if len(self._recent) == self._recent.maxlen:
            old = self._recent[0]
            self._accepted, self._candidates = self._accepted - old[0], self._candidates - old[1]
        self._recent.append((accepted, candidates))
        self._accepted, self._candidates = self._accepted + accepted, self._candidates + candidates

    def reached(self) -> tuple[str, str] | None:
        """Why the pool counts as saturated, with a hint; `None` if it does not."""
        if self._fruitless >= self._bounds.patience:
            return (
                f"the pool is saturated: the last {self._fruitless} requests added nothing new",
                "Add seeds, vary the prompt or model, correct filters (see: selfinstruct status), or raise patience.",
            )
        least, window = self._bounds.min_acceptance, self._bounds.acceptance_window
        if least is None or len(self._recent) < window:
            return None
        if self._candidates and self._accepted >= least * self._candidates:
            return None
        brought = f"of the last {window} requests' {self._candidates} candidates {self._accepted} were accepted"
        return (
            f"the pool is nearly saturated: {brought}, less than generate.min_acceptance ({least:g})",
            "Add seeds, vary the prompt or the model, or lower generate.min_acceptance to continue.",
        )
