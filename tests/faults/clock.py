"""A clock for whole runs over real sockets: only what a test says moves it, so that a busy machine cannot."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from selfinstruct.engine.budget import Budget
from selfinstruct.engine.gate import Gate
from selfinstruct.store.calls import Calls

TRAVEL = 0.4
"""Seconds that a request takes to the provider at most; the gate allows for half a second."""


class RunClock:
    """Call it for the time. It moves when the gate has to wait and nothing is under way, to when the wait is over.

    A gate with calls under way looks again whenever one of them ends, so its timer is not needed until then. What
    time a call takes is said by `sleep`.
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self._day = time.time() - self.now
        self._gates: list[Gate] = []
        self._lock = threading.Lock()
        self._travel, self._arrived = random.Random(7), self.now

    def __call__(self) -> float:
        return self.now

    def time_of_day(self) -> float:
        """The same clock, as the journal of calls reads it."""
        return self._day + self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass while a call is under way; for the threads of the provider."""
        with self._lock:
            self.now += seconds

    def at_the_provider(self) -> float:
        """When a request that is sent now arrives: requests keep their order and travel unevenly."""
        with self._lock:
            self._arrived = max(self._arrived, self.now + self._travel.uniform(0, TRAVEL))
            return self._arrived

    def gate(self, *args: Any, **more: Any) -> Gate:
        """A gate on this clock."""
        self._gates.append(Gate(*args, **{"clock": self, **more}))
        return self._gates[-1]

    def budget(self, *args: Any, **more: Any) -> Budget:
        """A budget on this clock."""
        return Budget(*args, **{"clock": self, **more})

    def get_running_loop(self) -> Any:
        """The running loop, with the gate's timers on this clock."""
        loop = asyncio.get_running_loop()
        return SimpleNamespace(call_later=self._call_later, create_future=loop.create_future)

    def _call_later(self, seconds: float, work: Callable[[], None]) -> asyncio.Handle:
        due = self.now + max(seconds, 1e-6)

        def fire() -> None:
            with self._lock:
                self.now = max(self.now, due)
            work()

        timer = asyncio.get_running_loop().call_soon(fire)
        if any(gate._out for gate in self._gates):
            timer.cancel()
        return timer


@contextmanager
def run_clock() -> Iterator[RunClock]:
    """Put one clock in the place of those of the gate, the budget, the journal of calls and the Groq backend."""
    clock = RunClock()
    waits = SimpleNamespace(
        get_running_loop=clock.get_running_loop, Future=asyncio.Future, CancelledError=asyncio.CancelledError
    )
    with (
        mock.patch("selfinstruct.run.backends.Gate", clock.gate),
        mock.patch("selfinstruct.run.backends.Budget", clock.budget),
        mock.patch("selfinstruct.engine.gate.asyncio", waits),
        mock.patch("selfinstruct_groq.backend.time", SimpleNamespace(monotonic=clock)),
        mock.patch.object(Calls.__init__, "__defaults__", (clock.time_of_day,)),
    ):
        yield clock
