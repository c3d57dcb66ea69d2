"""How the engine gives way to a provider in trouble, and when it takes it for down."""

from __future__ import annotations

import asyncio

import pytest

from selfinstruct.engine.gate import RECOVERY, Gate, Ticket
from selfinstruct.engine.retry_policy import Attempts, Breaker, RetryPolicy
from selfinstruct.types import Busy
from tests.engine.clock import Clock, stopped_clock

FULL = 64


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stopped_clock(monkeypatch)


async def volley(gate: Gate) -> list[Ticket]:
    """All requests that the gate lets out at once."""
    waiting = [asyncio.create_task(gate.enter(order, 1, 1)) for order in range(2 * FULL)]
    await asyncio.sleep(0)
    through = [task.result() for task in waiting if task.done()]
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return through


async def size(gate: Gate) -> int:
    """How many those are; they come back at once."""
    through = await volley(gate)
    for ticket in through:
        gate.leave(ticket, None)
    return len(through)


async def test_a_burst_that_meets_too_many_requests_halves_the_next_one_once(clock: Clock) -> None:
    gate = Gate(FULL, clock)
    through = await volley(gate)
    assert len(through) == FULL
    clock.now += 1
    for ticket in through:  # however many of them were refused, it is one sign
        gate.too_many_requests(ticket)
        gate.leave(ticket, None, refused=True)
    assert await size(gate) == FULL // 2
    clock.now += 1
    again = await volley(gate)
    clock.now += 1
    for ticket in again:
        gate.too_many_requests(ticket)
        gate.leave(ticket, None, refused=True)
    assert await size(gate) == FULL // 4


async def test_it_recovers_over_some_rounds_of_good_answers_and_never_beyond_its_full_size(clock: Clock) -> None:
    gate = Gate(FULL, clock)
    gate.send_one_at_a_time()
    sizes = [await size(gate)]
    while sizes[-1] < FULL and len(sizes) < 10 * RECOVERY:
        for _ in range(sizes[-1]):
            gate.speed_up()
        sizes.append(await size(gate))
    assert sizes[0] == 1
    assert sizes[-1] == FULL
    assert sizes == sorted(sizes)
    assert RECOVERY / 2 <= len(sizes) <= 2 * RECOVERY
    gate.speed_up()
    assert await size(gate) == FULL


def test_the_breaker_gives_up_after_so_many_failures_and_so_long_a_time_and_not_before() -> None:
    now = 100.0
    breaker = Breaker(RetryPolicy(failures=4, down=60.0), clock=lambda: now)
    for _ in range(3):
        breaker.failed()
    now += 1000
    assert not breaker.is_open
    assert not breaker.is_down
    breaker.succeeded()
    for _ in range(4):
        breaker.failed()
    assert breaker.is_open
    now += 59.9
    assert not breaker.is_down
    now += 0.1
    assert breaker.is_down
    breaker.succeeded()
    assert not breaker.is_open
    assert not breaker.is_down


@pytest.mark.parametrize(
    ("busy", "bound"),
    [
        (Busy("429", retry_after=1.0, too_many_requests=True), 50),
        (Busy("500"), 6),
        (Busy("429", too_many_requests=True), 6),
    ],
)
def test_a_request_is_tried_so_often(busy: Busy, bound: int) -> None:
    tries = Attempts(RetryPolicy())
    for _ in range(bound - 1):
        tries.count(busy, 0.1)
        assert not tries.are_used_up
    tries.count(busy, 0.1)
    assert tries.are_used_up


def test_a_request_is_tried_for_so_long() -> None:
    tries = Attempts(RetryPolicy(seconds=100.0))
    tries.count(Busy("no answer"), 99.0)
    assert not tries.are_used_up
    tries.count(Busy("no answer"), 1.0)
    assert tries.are_used_up


def test_an_outage_counts_from_its_first_failure() -> None:
    clock = Clock()
    breaker = Breaker(RetryPolicy(failures=3, down=60.0), clock)
    for clock.now in (10.0, 40.0, 50.0):
        breaker.failed()
    clock.now = 69.9
    assert not breaker.is_down
    clock.now = 70.0
    assert breaker.is_down


@pytest.mark.parametrize(
    ("failed", "refused", "asked", "wait"),
    [
        (0, 1, 0.0, 0.0),
        (1, 0, 0.0, 0.0),
        (0, 2, 0.0, 0.2),
        (1, 1, 0.0, 0.2),
        (2, 1, 0.0, 0.4),
        (0, 6, 0.0, 3.2),
        (0, 7, 0.0, 5.0),
        (0, 40, 0.0, 5.0),
        (0, 40, 5.5, 5.5),
        (0, 2, 0.3, 0.3),
    ],
)
def test_a_provider_that_asks_for_too_short_waits_gets_longer_ones(
    failed: int, refused: int, asked: float, wait: float
) -> None:
    tries = Attempts(RetryPolicy(), failed, refused)
    assert tries.calls == failed + refused
    assert tries.wait_at_least(asked) == pytest.approx(wait)
