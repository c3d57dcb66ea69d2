"""A clock that stands still until someone sleeps, so that no test waits and none depends on the machine's speed."""

from __future__ import annotations

import asyncio
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


class _Asyncio:
    """The module `asyncio` with another `sleep`."""

    def __init__(self, clock: Clock) -> None:
        self.sleep = clock.sleep

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)


def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put a clock in the place of the engine's waits."""
    clock = Clock()
    monkeypatch.setattr("selfinstruct.engine.limits.asyncio", _Asyncio(clock))
    monkeypatch.setattr("selfinstruct.engine.answer.asyncio", _Asyncio(clock))
    return clock
