"""A clock that stands still until someone sleeps, so that no test waits and none depends on the machine's speed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest


class Clock:
    """Call it for the time. `sleeps` are the waits that were asked for."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += max(seconds, 1e-6)
        await asyncio.sleep(0)


class _Loop:
    """The running loop, whose timers run at once and move the clock to their time."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def call_later(self, seconds: float, work: Callable[[], None]) -> asyncio.Handle:
        due = self.clock.now + max(seconds, 1e-6)

        def fire() -> None:
            self.clock.sleeps.append(seconds)
            self.clock.now = max(self.clock.now, due)
            work()

        return asyncio.get_running_loop().call_soon(fire)

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio.get_running_loop(), name)


class _Asyncio:
    """The module `asyncio` with other waits."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.sleep = clock.sleep

    def get_running_loop(self) -> _Loop:
        return _Loop(self.clock)

    async def wait_for(self, work: Any, seconds: float) -> Any:
        await self.clock.sleep(seconds)
        return await asyncio.wait_for(work, 0)

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)


def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put a clock in the place of the engine's waits, and let no window be kept longer than it says."""
    clock = Clock()
    monkeypatch.setattr("selfinstruct.engine.gate.asyncio", _Asyncio(clock))
    monkeypatch.setattr("selfinstruct.engine.live_answerer.asyncio", _Asyncio(clock))
    monkeypatch.setattr("selfinstruct.engine.gate.SPREAD", 0.0)
    monkeypatch.setattr("selfinstruct.engine.gate.LONGEST_SLEEP", 1e9)
    monkeypatch.setattr("selfinstruct.engine.rate_limit.SLACK", float("inf"))
    return clock
