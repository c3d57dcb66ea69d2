"""Decides how often and how long a request is tried, and when the provider counts as down."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from selfinstruct.types import Busy, Failure, Rejected, Unusable


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limits on the attempts of a request.

    attempts   calls for one request, including the first
    refusals   calls for one request that the provider may refuse with a time to retry
    first      seconds before the second call; doubled each time, with jitter
    longest    seconds of the longest such wait
    seconds    total of calls and such waits of one request
    failures   failures in a row, over all requests, after which requests go out one at a time
    down       seconds without any answer, after `failures`, after which the run stops
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
    """The attempts of one request so far."""

    policy: RetryPolicy
    failed: int = 0
    refused: int = 0
    seconds: float = 0.0

    def count(self, busy: Busy, took: float) -> None:
        """Count a failed attempt that took `took` seconds."""
        self.seconds += took
        if is_refusal(busy):
            self.refused += 1
        else:
            self.failed += 1

    def wait_at_least(self, requested_wait: float) -> float:
        """The wait that a provider asked for, made longer if it asks repeatedly."""
        return max(requested_wait, min(5.0, 0.05 * 2.0 ** min(self.calls, 10))) if self.calls > 1 else requested_wait

    @property
    def calls(self) -> int:
        """The number of calls."""
        return self.failed + self.refused

    @property
    def are_used_up(self) -> bool:
        """Whether no attempt is left."""
        policy = self.policy
        return self.failed >= policy.attempts or self.refused >= policy.refusals or self.seconds >= policy.seconds


def is_refusal(busy: Busy) -> bool:
    """Whether the provider refused a request and said when to retry, which means a limit and not an outage."""
    return busy.too_many_requests and busy.retry_after is not None


def without_numbers(message: str) -> str:
    """The words of a refusal without those that differ from one request to another."""
    return re.sub(r"\S*\d\S*", "", message)


@dataclass(slots=True)
class Rejections:
    """Watches refusals in a row, to tell what is wrong with a request from what is wrong with the account or server.

    An unexplained refusal in the words of the one before, with no answer between them, is not about its request. Its
    cause may pass, so the request is not lost. The first of a row counts, so that no request is repeated without end.
    """

    _words: str = ""

    def failure(self, rejected: Rejected, message: str) -> Failure:
        """What becomes of a refused request; `message` is what is recorded."""
        words = without_numbers(rejected.message) if rejected.is_unexplained else ""
        is_repeated, self._words = words == self._words, words
        return Failure(message, may_pass=rejected.is_unexplained and is_repeated)

    def answered(self) -> None:
        """Note that a request was answered."""
        self._words = ""


@dataclass(slots=True)
class Breaker:
    """Watches the failures of all requests, to detect an outage."""

    policy: RetryPolicy
    clock: Callable[[], float] = monotonic
    failures: int = 0
    _since: float = 0.0

    def succeeded(self) -> None:
        """Note that a request was answered."""
        self.failures = 0

    def failed(self) -> None:
        """Note that a call failed."""
        if not self.failures:
            self._since = self.clock()
        self.failures += 1

    @property
    def is_open(self) -> bool:
        """Whether requests should be sent one at a time, after many failures."""
        return self.failures >= self.policy.failures

    @property
    def is_down(self) -> bool:
        """Whether the provider counts as down."""
        return self.is_open and self.clock() - self._since >= self.policy.down


def hint_for(unusable: Unusable, stages: Sequence[str]) -> str:
    """What to do; for a setting of the sampling that the model refuses, the options that leave it out.

    `stages` are those that ask the model, the one that was refused first. A setting that the model does not take is
    left out of all of them, so that it is not refused, and paid for, in each.
    """
    if not unusable.setting:
        return unusable.hint
    stages = stages[:1] if unusable.hint else stages
    settings = unusable.setting.split()
    options = " ".join(f"--set {stage}.sampling.{name}=unset" for stage in stages for name in settings)
    return f"{unusable.hint or 'Leave it out'}: {options}"
