"""How often and how long a request is tried, and when all of them failing means that the provider is down."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from selfinstruct.types import Busy


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long a request is tried.

    attempts   calls for one request that may fail, the first included
    refusals   calls for one request that the provider may turn away with a time to come back at
    first      seconds before the second call; doubled each time, with jitter
    longest    seconds that any such wait may take
    seconds    what calls and such waits of one request may take together
    failures   failures in a row, over all requests, after which requests go out one at a time
    down       seconds without any answer, after so many failures, that end the run, resumably
    """

    attempts: int = 6
    refusals: int = 50
    first: float = 1.0
    longest: float = 60.0
    seconds: float = 1800.0
    failures: int = 16
    down: float = 60.0

    def wait(self, attempt: int) -> float:
        """Seconds to wait after a failed attempt, counted from 1."""
        bound: float = min(self.longest, self.first * 2.0 ** (attempt - 1))
        return bound * random.uniform(0.5, 1.0)  # noqa: S311 - jitter


@dataclass(slots=True)
class Attempts:
    """The tries of one request so far."""

    policy: RetryPolicy
    failed: int = 0
    refused: int = 0
    seconds: float = 0.0

    def count(self, busy: Busy, took: float) -> None:
        """Count a try that came to nothing after so many seconds."""
        self.seconds += took
        if is_refusal(busy):
            self.refused += 1
        else:
            self.failed += 1

    def wait_at_least(self, requested_wait: float) -> float:
        """The wait that a provider told, made longer where it told it again and again."""
        return max(requested_wait, min(5.0, 0.05 * 2.0 ** min(self.calls, 10))) if self.calls > 1 else requested_wait

    @property
    def calls(self) -> int:
        """All of them."""
        return self.failed + self.refused

    @property
    def are_used_up(self) -> bool:
        """Whether there is to be no other."""
        policy = self.policy
        return self.failed >= policy.attempts or self.refused >= policy.refusals or self.seconds >= policy.seconds


def is_refusal(busy: Busy) -> bool:
    """Whether the provider turned a request away and said when to come back: a matter of limits, not of health."""
    return busy.too_many_requests and busy.retry_after is not None


@dataclass(slots=True)
class Breaker:
    """Watches over all requests together."""

    policy: RetryPolicy
    clock: Callable[[], float] = monotonic
    failures: int = 0
    _since: float = 0.0

    def succeeded(self) -> None:
        """A request was answered."""
        self.failures = 0

    def failed(self) -> None:
        """A call came to nothing."""
        if not self.failures:
            self._since = self.clock()
        self.failures += 1

    @property
    def is_open(self) -> bool:
        """Whether so much failed that requests are to go out one at a time."""
        return self.failures >= self.policy.failures

    @property
    def is_down(self) -> bool:
        """Whether the provider has to be taken for down."""
        return self.is_open and self.clock() - self._since >= self.policy.down
