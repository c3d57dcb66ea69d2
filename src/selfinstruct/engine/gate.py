"""The gate in front of a provider. It limits simultaneous requests, and requests and tokens per minute and day."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from selfinstruct.engine.budget import Budget
from selfinstruct.engine.rate_limit import RateLimit, Spend
from selfinstruct.errors import SelfInstructError, Stopped
from selfinstruct.types import Request, Usage, Window

MINUTE, DAY = 60, 86400
"""Seconds in the windows that a config can set."""

UNBOUNDED_REPLY = 1024
"""Tokens reserved for a reply of unlimited length."""

LONGEST_SLEEP = 30.0
"""Seconds between looks at the clock during a long wait."""

PATIENCE = 600.0
"""Longest wait in seconds. A longer one stops the run, unless the user asked to wait."""

LONG_WAIT = 90.0
"""Waits of more seconds are announced, with the time at which they end."""

RECOVERY = 16
"""Rounds of requests until concurrency is fully restored after too many requests."""

SPREAD = 0.1
"""Seconds over which a burst of requests is spread, so that a refusal arrives before all are sent."""

CREDIT = 6
"""Requests that may be sent at once after a time without requests."""

Order = tuple[int, int]


class Estimator:
    """Estimates the tokens of a prompt before it is sent. Learns from the token counts in replies."""

    def __init__(self) -> None:
        self._bytes, self._tokens = 3500.0, 1000.0

    def prompt_tokens(self, request: Request) -> int:
        """Tokens of the prompt, rounded up."""
        return int(_bytes(request) * self._tokens / self._bytes) + 1

    def reply_tokens(self, request: Request) -> int:
        """Tokens of the longest reply that the request allows."""
        return request.sampling.max_tokens or UNBOUNDED_REPLY

    def learn(self, request: Request, prompt_tokens: int | None) -> None:
        """Learn from the provider's count. Older counts have less weight."""
        if prompt_tokens:
            self._bytes = self._bytes * 0.95 + _bytes(request)
            self._tokens = self._tokens * 0.95 + prompt_tokens


def _bytes(request: Request) -> int:
    """The bytes of a prompt: a token stands for fewer letters of other scripts, which have more bytes."""
    return sum(len(message.text.encode("utf-8", "surrogatepass")) for message in request.messages)


def estimated_tokens(request: Request) -> int:
    """The largest number of tokens of a request: its prompt and the longest reply that it allows."""
    estimator = Estimator()
    return estimator.prompt_tokens(request) + estimator.reply_tokens(request)


@dataclass(slots=True)
class Ticket:
    """Permission to send one request. Return it with `Gate.leave` when the request has ended."""

    prompt_tokens: int
    reply_tokens: int
    sent_at: float = 0.0
    steps: list[tuple[RateLimit, Spend]] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        """The number of reserved tokens."""
        return self.prompt_tokens + self.reply_tokens


@dataclass(slots=True)
class Gate:
    """Lets requests through in order, as far as rate limits, budget and concurrency allow.

    A provider counts a request when it arrives, and we count it when it is sent, so each window is kept a little
    longer. With `waits` the gate waits for a used-up quota to renew. It says until when it waits, if that is long.
    """

    concurrency: int
    clock: Callable[[], float] = time.monotonic
    budget: Budget = field(default_factory=Budget)
    waits: bool = False
    say: Callable[[str], None] = lambda _: None
    _rate_limits: dict[tuple[str, int], RateLimit] = field(default_factory=dict)
    _paused_until: float = float("-inf")
    _why_paused: str = ""
    _cached_count: bool = True
    _announced_until: float = float("-inf")
    _due: float = float("-inf")
    _out: int = 0
    _allowed: float = field(init=False)
    _cut_at: float = float("-inf")
    _probing: bool = False
    _waiting: list[tuple[Order, Ticket, asyncio.Future[None]]] = field(default_factory=list)
    _count: int = 0
    _timer: asyncio.TimerHandle | None = None
    _ended: SelfInstructError | None = None

    def __post_init__(self) -> None:
        self._allowed = self.concurrency
        for seconds in (MINUTE, DAY):  # logged from the start, since a limit may become known at any time
            self._rate_limits["requests", seconds] = RateLimit("requests", seconds)
            self._rate_limits["tokens", seconds] = RateLimit("tokens", seconds)

    # --- what is known ------------------------------------------------------------------------------------------------

    def load_history(self, past: Iterable[tuple[float, int]]) -> None:
        """Count the requests of earlier commands: age in seconds and tokens of each, oldest first."""
        now = self.clock()
        for ago, tokens in past:
            for rate_limit in self._rate_limits.values():
                if ago < rate_limit.kept:
                    rate_limit.spend(now - ago, 1, tokens)

    def set_user_limits(self, windows: Iterable[Window]) -> None:
        """Set the user's own limits. The provider's limits apply only if they are lower."""
        for window in windows:
            rate_limit = self._rate_limit(window)
            rate_limit.limit = rate_limit.cap = window.limit

    def learn(self, windows: Iterable[Window], learning: bool = False, cached_count: bool = True) -> None:
        """Update the provider's limits, and whether its cached tokens count towards them.

        While `learning`, one request is sent before the others.
        """
        for window in windows:
            self._rate_limit(window).update(window)
        self._cached_count = cached_count
        was_probing, self._probing = self._probing, learning
        if was_probing and not learning:
            self._send_waiting()

    def _rate_limit(self, window: Window) -> RateLimit:
        key = (window.what, window.seconds)
        if key not in self._rate_limits:
            self._rate_limits[key] = RateLimit(*key)
        return self._rate_limits[key]

    def pause(self, seconds: float, why: str = "") -> None:
        """Send nothing for this time."""
        until = self.clock() + min(seconds, 365.0 * DAY)  # a longer wait is a mistake, and has no date
        if until > self._paused_until:
            self._paused_until, self._why_paused = until, why

    def wait_reason(self) -> str:
        """Why requests wait now, in words. Empty if none wait, or if only a slot is missing."""
        if not self._waiting or self._ended or self._out >= int(self._allowed):
            return ""
        wait, why = self._wait(self.clock(), self._waiting[0][1].tokens)
        return f"{wait:.0f} s: {why or 'the provider asks to wait'}" if wait >= 1 else ""

    # --- coming and going ---------------------------------------------------------------------------------------------

    async def enter(self, order: int, prompt_tokens: int, reply_tokens: int) -> Ticket:
        """Wait for a free slot and for room in every rate limit and budget, then reserve them.

        Raises `Stopped` if the gate is closed, a budget is used up, or the wait for a quota would be too long.
        """
        if self._ended:
            raise self._ended
        ticket = Ticket(prompt_tokens, reply_tokens)
        leave: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._waiting, ((order, self._count), ticket, leave))
        self._send_waiting()
        try:
            await leave
        except asyncio.CancelledError:
            if leave.done() and not leave.cancelled() and leave.exception() is None:
                self.leave(ticket, None, refused=True)
            raise
        return ticket

    def leave(self, ticket: Ticket, usage: Usage | None, refused: bool = False) -> Usage:
        """Free the slot, and correct the reservation to the actual usage, if known. Returns the usage.

        `refused` means that the provider refused the request, which is assumed to cost nothing.
        """
        said = Usage(0, 0) if refused else usage or Usage()
        prompt = ticket.prompt_tokens if said.prompt_tokens is None else said.prompt_tokens
        reply = ticket.reply_tokens if said.completion_tokens is None else said.completion_tokens
        used = Usage(prompt, reply, said.cached_tokens)
        free = 0 if self._cached_count else said.cached_tokens or 0
        for rate_limit, step in ticket.steps:
            rate_limit.correct(step, -1 if refused else 0, prompt + reply - free - ticket.tokens)
        self.budget.correct(ticket.prompt_tokens, ticket.reply_tokens, used, refused=refused)
        self._out -= 1
        self._send_waiting()
        return used

    def too_many_requests(self, ticket: Ticket) -> None:
        """Halve the number of simultaneous requests, once per burst, because the provider asked to slow down."""
        if ticket.sent_at >= self._cut_at:
            self._allowed = max(1.0, self._allowed / 2)
            self._cut_at = self.clock()
            for rate_limit in self._rate_limits.values():
                rate_limit.refused()

    def speed_up(self) -> None:
        """Increase the number of simultaneous requests step by step, because a request was answered."""
        if self._allowed < self.concurrency:
            step = max(1.0, self.concurrency / RECOVERY) / self._allowed
            self._allowed = min(float(self.concurrency), self._allowed + step)

    def send_one_at_a_time(self) -> None:
        """Send one request at a time, because the provider seems to be down."""
        self._allowed, self._cut_at = 1.0, self.clock()

    def close(self, error: SelfInstructError | None = None) -> None:
        """Close the gate. Waiting and later requests raise the error."""
        self._ended = self._ended or error or Stopped("stopped before this request was sent")
        if self._timer is not None:
            self._timer.cancel()
        waiting, self._waiting = self._waiting, []
        for _, _, leave in waiting:
            if not leave.done():
                leave.set_exception(self._ended)

    def _send_waiting(self) -> None:
        """Send the requests that can go now, and schedule the next check."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self._ended is None:
            _, ticket, leave = self._waiting[0]
            if leave.done():
                heapq.heappop(self._waiting)
                continue
            if self._out >= (1 if self._probing else int(self._allowed)) or not self._can_send(ticket):
                return
            heapq.heappop(self._waiting)
            self._send(ticket)
            leave.set_result(None)

    def _can_send(self, ticket: Ticket) -> bool:
        """Whether a request may be sent now. If not, schedules another check."""
        try:
            if not self.budget.allows(ticket.prompt_tokens, ticket.reply_tokens, self._out):
                return False
            now = self.clock()
            wait, why = self._wait(now, ticket.tokens)
            wait = max(wait, self._due - now)
            if wait <= 0:
                return True
            if wait > LONG_WAIT and self._out == 0:
                self._wait_long(now + wait, wait, why)
        except Stopped as error:
            self.close(error)
            return False
        self._timer = asyncio.get_running_loop().call_later(min(wait, LONGEST_SLEEP), self._send_waiting)
        return False

    def _wait(self, now: float, tokens: int) -> tuple[float, str]:
        wait, why = self._paused_until - now, self._why_paused
        for rate_limit in self._rate_limits.values():
            if (needed := rate_limit.wait(now, tokens)) > wait:
                period = {MINUTE: "minute", DAY: "day"}.get(int(rate_limit.seconds), f"{rate_limit.seconds:g} s")
                wait, why = needed, f"the limit of {rate_limit.limit:,} {rate_limit.what} a {period} is reached"
        return wait, why

    def _wait_long(self, until: float, wait: float, why: str) -> None:
        when = (datetime.now().astimezone() + timedelta(seconds=wait)).strftime("%Y-%m-%d %H:%M %Z")
        words = why or "the provider asks to wait"
        if wait > PATIENCE and not self.waits:
            raise Stopped(
                f"{words}, and the run can be resumed at {when}", "Run the same command again then, or now with --wait."
            )
        if until > self._announced_until + LONGEST_SLEEP:
            self._announced_until = until
            self.say(f"{words}: waiting until {when}")

    def _send(self, ticket: Ticket) -> None:
        now = self.clock()
        ticket.sent_at = now
        ticket.steps = [(one, one.spend(now, 1, ticket.tokens)) for one in self._rate_limits.values()]
        gap = SPREAD / self.concurrency
        self._due = max(self._due, now - CREDIT * gap) + gap
        self.budget.reserve(ticket.prompt_tokens, ticket.reply_tokens)
        self._out += 1
