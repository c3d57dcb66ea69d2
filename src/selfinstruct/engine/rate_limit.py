"""Tracks one rate limit of a provider: the spending in its window, and the time until there is room again."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from selfinstruct.types import Window

STEPS = 600
"""Number of steps in a window, which bounds the length of its log."""

SLACK = 20
"""A window is extended by this share of its length, at most half a second, because requests take varying times."""

MOST_SLACK = 30
"""If the provider still refuses, the window is extended further, up to this share of its length."""


@dataclass(slots=True)
class Spend:
    """The spending in one step of a window, from `began` to `at`, the latest."""

    began: float
    at: float
    amount: int
    gone: bool = False


@dataclass(slots=True)
class RateLimit:
    """At most `limit` of `what` in any period of `seconds`. Times are readings of a monotonic clock.

    `others` is the spending that the provider counted beyond ours, since others may use the same key. `cap` is the
    user's own limit, which applies if it is lower.
    """

    what: Literal["requests", "tokens"]
    seconds: float
    limit: int = sys.maxsize
    cap: int = sys.maxsize
    spent: int = 0
    others: int = 0
    others_until: float = 0.0
    updated_at: float = float("-inf")
    margin: float = 0.0
    steps: deque[Spend] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.margin = min(0.5, self.seconds / SLACK)

    @property
    def kept(self) -> float:
        """Seconds for which spending counts."""
        return self.seconds + self.margin

    def refused(self) -> None:
        """Extend the window, because the provider refused a request that we expected it to allow."""
        if self.limit < sys.maxsize:
            self.margin = max(self.margin, min(2 * self.margin, self.seconds / MOST_SLACK))

    def update(self, window: Window) -> None:
        """Update from the provider's last report, which may leave less than expected."""
        self.limit = min(window.limit, self.cap)
        if window.remaining is None or window.seen_at <= self.updated_at:
            return
        self.updated_at = window.seen_at
        self._forget(window.seen_at)
        self.others = max(0, window.limit - window.remaining - self.spent)
        self.others_until = window.seen_at + (self.seconds if window.resets_in is None else window.resets_in)

    def spend(self, now: float, requests: int, tokens: int) -> Spend:
        """Log the reserved cost of one request. Returns the step, to pass to `correct`."""
        amount = requests if self.what == "requests" else tokens
        self.spent += amount
        last = self.steps[-1] if self.steps else None
        if last is not None and now - last.began < self.seconds / STEPS:
            last.amount += amount
            last.at = max(last.at, now)
            return last
        step = Spend(now, now, amount)
        self.steps.append(step)
        return step

    def correct(self, step: Spend, requests: int, tokens: int) -> None:
        """Add to the spending in a step, or subtract from it."""
        if not step.gone:
            amount = requests if self.what == "requests" else tokens
            step.amount += amount
            self.spent += amount

    def wait(self, now: float, tokens: int) -> float:
        """Seconds until there is room for a request with this many tokens.

        A request above the limit waits for an empty window.
        """
        self._forget(now)
        amount = min(1 if self.what == "requests" else tokens, self.limit)
        over = self.spent + self.others + amount - self.limit
        if over <= 0:
            return 0.0
        others = self.others
        for step in self.steps:
            free_at = step.at + self.kept
            if others and self.others_until <= free_at:
                over, others = over - others, 0
                if over <= 0:
                    return self.others_until - now
            over -= step.amount
            if over <= 0:
                return free_at - now
        return max(0.0, self.others_until - now) if others else 0.0

    def _forget(self, now: float) -> None:
        while self.steps and self.steps[0].at + self.kept <= now:
            step = self.steps.popleft()
            step.gone = True
            self.spent -= step.amount
        if self.others and self.others_until <= now:
            self.others = 0
