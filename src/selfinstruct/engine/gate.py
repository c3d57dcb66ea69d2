"""The gate before the provider: how many requests are out at once, and how much may be sent in a minute and a day."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from selfinstruct.engine.allowance import Allowance, Spend
from selfinstruct.engine.budget import Budget
from selfinstruct.errors import SelfInstructError, Stopped
from selfinstruct.types import Request, Usage, Window

MINUTE, DAY = 60, 86400
"""Seconds in the windows that a config can set."""

UNBOUNDED_REPLY = 1024
"""Tokens reserved for a reply whose length is not bounded."""

LONGEST_SLEEP = 30.0
"""Seconds after which a long wait looks at the clock again."""

PATIENCE = 600.0
"""A longer wait than this, in seconds, ends the run, resumably, unless it was told to wait."""

RECOVERY = 16
"""Rounds of requests until concurrency is back at full after the provider pushed back."""

SPREAD = 0.1
"""Seconds over which a full volley is spread, so that a refusal comes back before all of it is out."""

CREDIT = 6
"""Requests that may make up for time in which none was ready."""

Order = tuple[int, int]


class Estimator:
    """Guesses the tokens of a prompt before it is sent; learns from what replies say that theirs had."""

    def __init__(self) -> None:
        self._characters, self._tokens = 3500.0, 1000.0

    def prompt_tokens(self, request: Request) -> int:
        """Tokens of the prompt, rounded up."""
        return int(_characters(request) * self._tokens / self._characters) + 1

    def reply_tokens(self, request: Request) -> int:
        """Tokens of the longest reply that the request allows."""
        return request.sampling.max_tokens or UNBOUNDED_REPLY

    def learn(self, request: Request, prompt_tokens: int | None) -> None:
        """Take over what the provider counted; older counts fade."""
        if prompt_tokens:
            self._characters = self._characters * 0.95 + _characters(request)
            self._tokens = self._tokens * 0.95 + prompt_tokens


def _characters(request: Request) -> int:
    return sum(len(message.text) for message in request.messages)


def estimated_tokens(request: Request) -> int:
    """What a request may cost in all: its prompt, and the longest reply it allows."""
    estimator = Estimator()
    return estimator.prompt_tokens(request) + estimator.reply_tokens(request)


@dataclass(slots=True)
class Ticket:
    """Leave to send one request; give it back with what the request really cost."""

    prompt_tokens: int
    reply_tokens: int
    sent_at: float = 0.0
    steps: list[tuple[Allowance, Spend]] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        """What is reserved."""
        return self.prompt_tokens + self.reply_tokens


@dataclass(slots=True)
class Gate:
    """Lets requests through, those with the lowest order first, as windows, budget and the provider's mood allow.

    A provider counts from when it sees a request, and we from when we send it, so each window is kept a little longer
    than it says. `waits` says that a quota which is used up is waited for; `say` is told until when.
    """

    concurrency: int
    clock: Callable[[], float] = time.monotonic
    budget: Budget = field(default_factory=Budget)
    waits: bool = False
    say: Callable[[str], None] = lambda _: None
    _allowances: dict[tuple[str, int], Allowance] = field(default_factory=dict)
    _paused_until: float = float("-inf")
    _why_paused: str = ""
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
        for seconds in (MINUTE, DAY):  # logged from the beginning, since a limit may become known at any time
            self._allowances["requests", seconds] = Allowance("requests", seconds)
            self._allowances["tokens", seconds] = Allowance("tokens", seconds)

    # --- what is known ------------------------------------------------------------------------------------------------

    def load_history(self, past: Iterable[tuple[float, int]]) -> None:
        """Count what earlier commands spent: seconds ago and tokens of each request, oldest first."""
        now = self.clock()
        for ago, tokens in past:
            for allowance in self._allowances.values():
                if ago < allowance.kept:
                    allowance.spend(now - ago, 1, tokens)

    def set_user_limits(self, windows: Iterable[Window]) -> None:
        """Take over the user's own limits; a provider may tell of lower ones, never of higher ones."""
        for window in windows:
            allowance = self._allowance(window)
            allowance.limit = allowance.cap = window.limit

    def learn(self, windows: Iterable[Window], learning: bool = False) -> None:
        """Take over what the provider says it allows; while `learning`, one request goes ahead of the rest."""
        for window in windows:
            self._allowance(window).update(window)
        was_probing, self._probing = self._probing, learning
        if was_probing and not learning:
            self._send_waiting()

    def _allowance(self, window: Window) -> Allowance:
        key = (window.what, window.seconds)
        if key not in self._allowances:
            self._allowances[key] = Allowance(*key)
        return self._allowances[key]

    def pause(self, seconds: float, why: str = "") -> None:
        """Send nothing for so long."""
        until = self.clock() + seconds
        if until > self._paused_until:
            self._paused_until, self._why_paused = until, why

    def wait_reason(self) -> str:
        """What holds requests back now, in words; nothing, if nothing does or all slots are taken."""
        if not self._waiting or self._ended or self._out >= int(self._allowed):
            return ""
        wait, why = self._wait(self.clock(), self._waiting[0][1].tokens)
        return f"{wait:.0f} s: {why or 'the provider asks to wait'}" if wait >= 1 else ""

    # --- coming and going ---------------------------------------------------------------------------------------------

    async def enter(self, order: int, prompt_tokens: int, reply_tokens: int) -> Ticket:
        """Wait for a free slot and for room in every window and budget, then reserve it.

        Raises `Stopped` when the gate is closed, a budget is used up, or a quota is for longer than patience lasts.
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
                self.leave(ticket, Usage(0, 0), refused=True)
            raise
        return ticket

    def leave(self, ticket: Ticket, usage: Usage | None, refused: bool = False) -> Usage:
        """Free the slot, and correct the reservation by what was really spent, if that is known; returns that.

        `refused`: the provider turned the request away, which is taken to have cost nothing.
        """
        said = Usage(0, 0) if refused else usage or Usage()
        prompt = ticket.prompt_tokens if said.prompt_tokens is None else said.prompt_tokens
        reply = ticket.reply_tokens if said.completion_tokens is None else said.completion_tokens
        for allowance, step in ticket.steps:
            allowance.correct(step, -1 if refused else 0, prompt + reply - ticket.tokens)
        self.budget.correct(ticket.prompt_tokens, ticket.reply_tokens, prompt, reply, refused)
        self._out -= 1
        self._send_waiting()
        return Usage(prompt, reply)

    def too_many_requests(self, ticket: Ticket) -> None:
        """The provider has too many requests: send half as many at once, once for each volley."""
        if ticket.sent_at >= self._cut_at:
            self._allowed = max(1.0, self._allowed / 2)
            self._cut_at = self.clock()
            for allowance in self._allowances.values():
                allowance.refused()

    def speed_up(self) -> None:
        """A request was answered: send more at once again, by and by."""
        if self._allowed < self.concurrency:
            step = max(1.0, self.concurrency / RECOVERY) / self._allowed
            self._allowed = min(float(self.concurrency), self._allowed + step)

    def send_one_at_a_time(self) -> None:
        """The provider seems to be down: one request at a time finds out when it is back."""
        self._allowed, self._cut_at = 1.0, self.clock()

    def close(self, error: SelfInstructError | None = None) -> None:
        """Let nobody through any more: whoever waits, or comes later, is told the error."""
        self._ended = self._ended or error or Stopped("stopped before this request was sent")
        if self._timer is not None:
            self._timer.cancel()
        waiting, self._waiting = self._waiting, []
        for _, _, leave in waiting:
            if not leave.done():
                leave.set_exception(self._ended)

    def _send_waiting(self) -> None:
        """Let through whoever can go now, and come back when the next one can."""
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
        """Whether a request may go now; if not, it is seen to that it is looked at again."""
        try:
            if not self.budget.allows(ticket.prompt_tokens, ticket.reply_tokens, self._out):
                return False
            now = self.clock()
            wait, why = self._wait(now, ticket.tokens)
            wait = max(wait, self._due - now)
            if wait <= 0:
                return True
            if wait > PATIENCE and self._out == 0:
                self._wait_long(now + wait, wait, why)
        except Stopped as error:
            self.close(error)
            return False
        self._timer = asyncio.get_running_loop().call_later(min(wait, LONGEST_SLEEP), self._send_waiting)
        return False

    def _wait(self, now: float, tokens: int) -> tuple[float, str]:
        wait, why = self._paused_until - now, self._why_paused
        for allowance in self._allowances.values():
            if (needed := allowance.wait(now, tokens)) > wait:
                period = {MINUTE: "minute", DAY: "day"}.get(int(allowance.seconds), f"{allowance.seconds:g} s")
                wait, why = needed, f"the limit of {allowance.limit:,} {allowance.what} a {period} is reached"
        return wait, why

    def _wait_long(self, until: float, wait: float, why: str) -> None:
        when = (datetime.now().astimezone() + timedelta(seconds=wait)).strftime("%Y-%m-%d %H:%M %Z")
        words = why or "the provider asks to wait"
        if not self.waits:
            raise Stopped(f"{words}: to be resumed at {when}", "Run the same command again then, or now with --wait.")
        if until > self._announced_until + LONGEST_SLEEP:
            self._announced_until = until
            self.say(f"{words}: waiting until {when}")

    def _send(self, ticket: Ticket) -> None:
        now = self.clock()
        ticket.sent_at = now
        ticket.steps = [(one, one.spend(now, 1, ticket.tokens)) for one in self._allowances.values()]
        gap = SPREAD / self.concurrency
        self._due = max(self._due, now - CREDIT * gap) + gap
        self.budget.reserve(ticket.prompt_tokens, ticket.reply_tokens)
        self._out += 1
