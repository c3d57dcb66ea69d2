"""The gate before the provider: how many requests are out at once, and how much may be sent in a minute and a day."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from selfinstruct.types import Request, Window

CHARACTERS_A_TOKEN = 3.5
"""For estimates before a call; the reply's own count replaces the estimate."""

UNBOUNDED_REPLY = 1024
"""Tokens reserved for a reply whose length is not bounded."""


def estimated_tokens(request: Request) -> int:
    """What a request may cost in all: its prompt, and the longest reply it allows."""
    characters = sum(len(message.text) for message in request.messages)
    return int(characters / CHARACTERS_A_TOKEN) + (request.sampling.max_tokens or UNBOUNDED_REPLY)


@dataclass(slots=True)
class _Spent:
    at: float
    requests: int
    tokens: int


@dataclass(slots=True)
class Ticket:
    """Leave to send one request; give it back with what the request really cost."""

    entry: _Spent


@dataclass(slots=True)
class Gate:
    """Lets requests through, in order of arrival, as the known windows allow.

    A provider counts from when it sees a request, and we from when we send it, so each window is kept a little longer
    than it says.
    """

    concurrency: int
    clock: Callable[[], float] = time.monotonic
    margin: float = 0.5
    _windows: dict[tuple[str, int], int] = field(default_factory=dict)
    _spent: deque[_Spent] = field(default_factory=deque)
    _paused_until: float = 0.0
    _slots: asyncio.Semaphore = field(init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.concurrency)

    def learn(self, windows: Iterable[Window]) -> None:
        """Take over what the provider says it allows."""
        for window in windows:
            self._windows[window.what, window.seconds] = window.limit
            if window.remaining == 0 and window.resets_in is not None and window.seconds <= 60:
                self.pause(window.seen_at + window.resets_in - self.clock())

    def pause(self, seconds: float) -> None:
        """Send nothing for so long."""
        self._paused_until = max(self._paused_until, self.clock() + seconds)

    async def enter(self, tokens: int) -> Ticket:
        """Wait for a free slot and for room in every window, then reserve it."""
        await self._slots.acquire()
        try:
            async with self._turn:
                while (wait := self._wait(tokens)) > 0:
                    await asyncio.sleep(wait)
        except BaseException:
            self._slots.release()
            raise
        entry = _Spent(self.clock(), 1, tokens)
        self._spent.append(entry)
        return Ticket(entry)

    def leave(self, ticket: Ticket, tokens: int | None) -> None:
        """Free the slot, and correct the reservation by what was really spent, if that is known."""
        if tokens is not None:
            ticket.entry.tokens = tokens
        self._slots.release()

    def _wait(self, tokens: int) -> float:
        now = self.clock()
        longest = max((seconds for _, seconds in self._windows), default=0) + self.margin
        while self._spent and self._spent[0].at < now - longest:
            self._spent.popleft()
        waits = [self._paused_until - now]
        for (what, seconds), limit in self._windows.items():
            asked = 1 if what == "requests" else min(tokens, limit)
            waits.append(self._wait_in(what, seconds + self.margin, limit - asked, now))
        return max(waits)

    def _wait_in(self, what: str, seconds: float, room: int, now: float) -> float:
        """Seconds until so much of a window has passed that at most `room` is spent in it."""
        inside = [entry for entry in self._spent if entry.at > now - seconds]
        spent = sum(entry.requests if what == "requests" else entry.tokens for entry in inside)
        for entry in inside:
            if spent <= room:
                break
            spent -= entry.requests if what == "requests" else entry.tokens
            wait = entry.at + seconds - now
            if spent <= room:
                return wait
        return 0.0
