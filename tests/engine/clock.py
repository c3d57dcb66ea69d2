"""A clock that stands still until someone waits, so that no test waits and none depends on the machine's speed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest


class Clock:
    """Call it for the time. `waits` are those that were asked for; each moves the clock by itself."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += max(seconds, 1e-6)


class _Loop:
    """The running event loop, whose timers strike at once and move the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._loop = clock, asyncio.get_running_loop()

    def call_later(self, delay: float, callback: Callable[[], None]) -> asyncio.Handle:
        def strike() -> None:
            self._clock.waits.append(delay)
            self._clock.pass_by(delay)
            callback()

        return self._loop.call_soon(strike)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)


class _Asyncio:
    """The module `asyncio`, with timers that strike at once and waits that end at once, in vain."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def get_running_loop(self) -> _Loop:
        return _Loop(self._clock)

    async def wait_for(self, awaited: Coroutine[Any, Any, Any], seconds: float) -> Any:
        awaited.close()
        self._clock.waits.append(seconds)
        self._clock.pass_by(seconds)
        await asyncio.sleep(0)
        raise TimeoutError

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)


def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put a clock in the place of the engine's waits."""
    clock = Clock()
    monkeypatch.setattr("selfinstruct.engine.limits.asyncio", _Asyncio(clock))
    monkeypatch.setattr("selfinstruct.engine.answer.asyncio", _Asyncio(clock))
    return clock
