"""The gate: what is sent, and when, under a provider's rate_limits; all on a clock that only sleepers move."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Coroutine, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.engine.gate import UNBOUNDED_REPLY, Gate, Ticket, estimated_tokens
from selfinstruct.errors import Stopped
from selfinstruct.types import GENERATE, Message, Request, Sampling, Usage, Window
from tests.engine.clock import Clock, stopped_clock
from tests.sweeps import examples


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stopped_clock(monkeypatch)


def gate_of(clock: Clock, *windows: Window, concurrency: int = 100) -> Gate:
    gate = Gate(concurrency, clock, waits=True)
    gate.learn(windows)
    return gate


def enter(gate: Gate, tokens: int, order: int = 0) -> Coroutine[Any, Any, Ticket]:
    return gate.enter(order, tokens, 0)


def leave(gate: Gate, ticket: Ticket, really: int | None) -> None:
    gate.leave(ticket, None if really is None else Usage(really, 0))


async def send(gate: Gate, clock: Clock, costs: Iterable[int], really: int | None = None) -> list[float]:
    """Send requests one after the other; returns the seconds after the start at which each was let through."""
    start, times = clock.now, []
    for tokens in costs:
        ticket = await enter(gate, tokens)
        times.append(round(clock.now - start, 3))
        leave(gate, ticket, really)
    return times


async def test_without_windows_nothing_waits(clock: Clock) -> None:
    assert await send(gate_of(clock), clock, [10**6] * 50) == [0.0] * 50


async def test_requests_a_minute(clock: Clock) -> None:
    gate = gate_of(clock, Window("requests", 60, 3))
    assert await send(gate, clock, [1] * 7) == [0, 0, 0, 60, 60, 60, 120]


async def test_tokens_a_minute(clock: Clock) -> None:
    gate = gate_of(clock, Window("tokens", 60, 1000))
    assert await send(gate, clock, [400, 400, 400, 200, 1000]) == [0, 0, 60, 60, 120]


async def test_the_window_slides(clock: Clock) -> None:
    gate = gate_of(clock, Window("requests", 60, 2))
    times = []
    for pause in (0, 20, 0, 0):
        clock.now += pause
        times += await send(gate, clock, [1])
    assert clock.now == 1000 + 80
    assert clock.sleeps == [40, 20]


async def test_every_window_counts_and_the_longest_wait_wins(clock: Clock) -> None:
    gate = gate_of(clock, Window("requests", 60, 10), Window("tokens", 60, 1000), Window("requests", 86400, 3))
    assert await send(gate, clock, [600, 600, 1, 1]) == [0, 60, 60, 86460], "a day is logged in steps"


async def test_a_request_larger_than_the_window_gets_the_whole_of_it_and_is_not_stuck(clock: Clock) -> None:
    gate = gate_of(clock, Window("tokens", 60, 1000))
    assert await send(gate, clock, [5000, 5000]) == [0, 60]


async def test_a_reservation_is_corrected_by_what_was_really_spent(clock: Clock) -> None:
    gate = gate_of(clock, Window("tokens", 60, 1000))
    assert await send(gate, clock, [900] * 10, really=100) == [0] * 2 + [60] * 2 + [120] * 2 + [180] * 2 + [240] * 2


async def test_a_reservation_stands_while_nothing_is_known_of_the_cost(clock: Clock) -> None:
    gate = gate_of(clock, Window("tokens", 60, 1000))
    assert await send(gate, clock, [900] * 3, really=None) == [0, 60, 120]


async def test_a_dearer_reply_than_was_reserved_holds_the_next_one_back(clock: Clock) -> None:
    gate = gate_of(clock, Window("tokens", 60, 1000))
    leave(gate, await enter(gate, 100), 950)
    assert await send(gate, clock, [100]) == [60]


async def test_a_pause_holds_everyone_back(clock: Clock) -> None:
    gate = gate_of(clock)
    gate.pause(30)
    gate.pause(10)
    assert await send(gate, clock, [1, 1]) == [30, 30]


async def test_a_pause_beyond_every_calendar_stops_the_run_with_a_date(clock: Clock) -> None:
    gate = Gate(1, clock)
    gate.pause(1e12)
    with pytest.raises(Stopped, match="can be resumed at"):
        await enter(gate, 10)


async def test_an_empty_window_reported_by_the_provider_is_a_pause_until_it_is_full_again(clock: Clock) -> None:
    gate = gate_of(clock)
    gate.learn([Window("tokens", 60, 6000, remaining=0, resets_in=12.5, seen_at=clock.now - 2.5)])
    assert await send(gate, clock, [1]) == [10]


async def test_what_the_provider_says_later_replaces_what_was_known(clock: Clock) -> None:
    gate = gate_of(clock, Window("requests", 60, 1))
    gate.learn([Window("requests", 60, 5)])
    assert await send(gate, clock, [1] * 5) == [0] * 5


async def test_a_margin_keeps_each_window_longer_than_it_says(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfinstruct.engine.rate_limit.SLACK", 20)
    gate = Gate(10, clock)
    gate.learn([Window("requests", 60, 1)])
    assert await send(gate, clock, [1, 1]) == [0, 60.5]


async def test_no_more_than_the_allowed_number_is_out_at_once() -> None:
    gate, out, most = Gate(3), 0, 0

    async def request() -> None:
        nonlocal out, most
        ticket = await enter(gate, 1)
        out += 1
        most = max(most, out)
        await asyncio.sleep(0)
        out -= 1
        leave(gate, ticket, None)

    await asyncio.gather(*(request() for _ in range(20)))
    assert (most, out) == (3, 0)


async def test_requests_are_let_through_in_order_of_arrival(clock: Clock) -> None:
    gate = gate_of(clock, Window("tokens", 60, 1000))
    order: list[int] = []

    async def request(number: int, tokens: int) -> None:
        leave(gate, await enter(gate, tokens, number), None)
        order.append(number)

    await asyncio.gather(*(request(number, tokens) for number, tokens in enumerate([900, 900, 10, 10])))
    assert order == [0, 1, 2, 3]


async def test_one_who_gives_up_waiting_gives_back_the_slot() -> None:
    gate = Gate(1, waits=True)
    gate.pause(3600)
    waiting = asyncio.create_task(enter(gate, 1))
    await asyncio.sleep(0)
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    gate._paused_until = 0.0
    leave(gate, await asyncio.wait_for(enter(gate, 1), 10), None)


@given(
    st.lists(st.tuples(st.integers(0, 300), st.floats(0, 20), st.none() | st.integers(1, 400)), max_size=30),
    st.integers(1, 5),
    st.integers(50, 500),
)
@examples(60)
def test_in_no_minute_is_more_spent_than_allowed(
    costs: list[tuple[int, float, int | None]], requests: int, tokens: int
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        clock = stopped_clock(monkeypatch)
        spent: list[tuple[float, int]] = []

        async def run() -> None:
            gate = gate_of(clock, Window("requests", 60, requests), Window("tokens", 60, tokens))
            for reserved, pause, really in costs:
                clock.now += pause
                ticket = await enter(gate, reserved)
                cost = reserved if really is None else min(really, reserved)
                spent.append((clock.now, min(cost, tokens)))
                leave(gate, ticket, cost)

        asyncio.run(run())
    for start, _ in spent:
        inside = [cost for at, cost in spent if start <= at < start + 60 - 1e-3]
        assert len(inside) <= requests
        assert sum(inside) <= tokens


@pytest.mark.parametrize(("most", "expected"), [(100, 101 + 100), (None, 101 + UNBOUNDED_REPLY)])
def test_an_estimate_is_the_prompt_and_the_longest_reply(most: int | None, expected: int) -> None:
    request = Request(GENERATE, 0, (Message("user", "x" * 350),), Sampling(max_tokens=most))
    assert estimated_tokens(request) == expected


@pytest.mark.parametrize(("cached_count", "at"), [(True, 60), (False, 0)])
async def test_cached_tokens_are_within_the_limits_only_if_the_provider_counts_them(
    clock: Clock, cached_count: bool, at: float
) -> None:
    gate = Gate(100, clock, waits=True)
    gate.learn([Window("tokens", 60, 1000)], cached_count=cached_count)
    start, first = clock.now, await enter(gate, 900)
    gate.leave(first, Usage(900, 0, cached_tokens=800))
    await enter(gate, 900)
    assert round(clock.now - start) == at


@pytest.mark.parametrize(("seconds", "lines"), [(60, 0), (90, 0), (91, 1), (599, 1)])
async def test_a_wait_of_minutes_is_announced_once_with_its_end(clock: Clock, seconds: int, lines: int) -> None:
    said: list[str] = []
    gate = Gate(100, clock, say=said.append)
    gate.learn([Window("requests", seconds, 1)])
    assert await send(gate, clock, [1, 1]) == [0, seconds]
    assert len(said) == lines
    for line in said:
        assert re.fullmatch(rf"the limit of 1 requests a {seconds} s is reached: waiting until 20\d\d-.*", line)


async def test_a_wait_above_the_longest_ends_the_run_unless_it_is_asked_for(clock: Clock) -> None:
    gate = Gate(100, clock)
    gate.learn([Window("requests", 601, 1)])
    leave(gate, await enter(gate, 1), None)
    with pytest.raises(Stopped, match="the run can be resumed at"):
        await enter(gate, 1)


def test_a_token_stands_for_fewer_letters_of_other_scripts() -> None:
    tokens = [
        estimated_tokens(Request(GENERATE, 0, (Message("user", letter * 350),), Sampling(max_tokens=1)))
        for letter in ("x", "ж", "水")
    ]
    assert tokens == [102, 202, 302]
