"""The gate: what is sent, and when, under a provider's allowances; on a clock that only those who wait move."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfinstruct.engine.limits import UNBOUNDED_REPLY, Estimator, Gate, Ticket
from selfinstruct.errors import Stopped
from selfinstruct.types import GENERATE, Message, Request, Sampling, Usage, Window
from tests.engine.clock import Clock, stopped_clock

MANY = 10**6
"""So many at once that a volley is not spread by anything that could be seen."""

M = 60.5
"""Seconds for which a minute's allowance stays spent: a little longer than it says."""

DAY = 86400.5


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stopped_clock(monkeypatch)


def gate_of(clock: Clock, *windows: Window, waits: bool = False) -> Gate:
    gate = Gate(MANY, clock, waits=waits)
    gate.learn(windows)
    return gate


async def send(gate: Gate, clock: Clock, costs: Iterable[int], really: Usage | None = None) -> list[float]:
    """Send requests one after the other; returns the seconds after the start at which each was let through."""
    start, times = clock.now, []
    for tokens in costs:
        ticket = await gate.enter(0, tokens, 0)
        times.append(round(clock.now - start, 2))
        gate.leave(ticket, really)
    return times


# --- windows ----------------------------------------------------------------------------------------------------------


async def test_without_windows_nothing_waits(clock: Clock) -> None:
    assert await send(gate_of(clock), clock, [10**6] * 50) == [0.0] * 50


async def test_requests_a_minute(clock: Clock) -> None:
    gate = gate_of(clock, Window("requests", 60, 3))
    assert await send(gate, clock, [1] * 7) == [0, 0, 0, M, M, M, 2 * M]


async def test_tokens_a_minute(clock: Clock) -> None:
    gate = gate_of(clock, Window("tokens", 60, 1000))
    assert await send(gate, clock, [400, 400, 400, 200, 1000]) == [0, 0, M, M, 2 * M]


async def test_the_window_slides(clock: Clock) -> None:
    gate = gate_of(clock, Window("requests", 60, 2))
    start, times = clock.now, []
    for pause in (0, 20, 0, 0):
        clock.now += pause
        await send(gate, clock, [1])
        times.append(round(clock.now - start, 2))
    assert times == [0, 20, M, 20 + M]


async def test_every_window_counts_and_the_longest_wait_wins(clock: Clock) -> None:
    windows = (Window("requests", 60, 10), Window("tokens", 60, 1000), Window("requests", 86400, 3))
    times = await send(gate_of(clock, *windows, waits=True), clock, [600, 600, 1, 1])
    assert times == [0, M, M, M + DAY], "a day is logged in steps of minutes, and the latest of a step counts"


async def test_a_day_s_quota_that_is_used_up_ends_the_run_with_the_time_it_may_go_on(clock: Clock) -> None:
    gate = gate_of(clock, Window("requests", 86400, 2))
    with pytest.raises(Stopped, match=r"2 requests a day is reached: to be resumed at \d{4}-\d\d-\d\d \d\d:\d\d"):
        await send(gate, clock, [1] * 3)


async def test_a_request_larger_than_the_window_gets_the_whole_of_it_and_is_not_stuck(clock: Clock) -> None:
    gate = gate_of(clock, Window("tokens", 60, 1000))
    assert await send(gate, clock, [5000, 5000]) == [0, M]


async def test_what_the_provider_says_later_replaces_what_was_known(clock: Clock) -> None:
    gate = gate_of(clock, Window("requests", 60, 1))
    gate.learn([Window("requests", 60, 5)])
    assert await send(gate, clock, [1] * 5) == [0] * 5


async def test_a_limit_of_the_user_s_own_is_never_raised_by_the_provider(clock: Clock) -> None:
    gate = gate_of(clock)
    gate.bound([Window("requests", 60, 2)])
    gate.learn([Window("requests", 60, 1000)])
    assert await send(gate, clock, [1] * 3) == [0, 0, M]


async def test_what_the_provider_counts_beyond_ours_is_respected_until_its_window_is_new(clock: Clock) -> None:
    gate = gate_of(clock)
    gate.learn([Window("tokens", 60, 6000, remaining=0, resets_in=12.5, seen_at=clock.now - 2.5)])
    assert await send(gate, clock, [1]) == [10]


async def test_a_limit_that_becomes_known_late_counts_what_was_sent_before(clock: Clock) -> None:
    gate = gate_of(clock)
    await send(gate, clock, [1] * 3)
    gate.learn([Window("requests", 60, 3)])
    assert await send(gate, clock, [1]) == [M]


async def test_what_earlier_commands_spent_counts(clock: Clock) -> None:
    gate = gate_of(clock, Window("tokens", 60, 1000))
    gate.remember([(50.0, 400), (10.0, 500)])
    assert await send(gate, clock, [300, 500]) == [10.5, M - 10]


# --- what a request really cost ---------------------------------------------------------------------------------------


async def test_a_reservation_is_corrected_by_what_was_really_spent(clock: Clock) -> None:
    gate = gate_of(clock, Window("tokens", 60, 1000))
    assert await send(gate, clock, [900] * 4, really=Usage(60, 40)) == [0, 0, M, M]


async def test_a_reservation_stands_while_nothing_is_known_of_the_cost(clock: Clock) -> None:
    gate = gate_of(clock, Window("tokens", 60, 1000))
    assert await send(gate, clock, [900] * 3, really=None) == [0, M, 2 * M]


async def test_a_dearer_reply_than_was_reserved_holds_the_next_one_back(clock: Clock) -> None:
    gate = gate_of(clock, Window("tokens", 60, 1000))
    gate.leave(await gate.enter(0, 100, 0), Usage(50, 900))
    assert await send(gate, clock, [100]) == [M]


async def test_a_refused_request_costs_nothing(clock: Clock) -> None:
    gate = gate_of(clock, Window("requests", 60, 1))
    gate.leave(await gate.enter(0, 1, 0), None, refused=True)
    assert await send(gate, clock, [1]) == [0]


@given(
    st.lists(st.tuples(st.integers(0, 300), st.floats(0, 20), st.none() | st.integers(1, 400)), max_size=30),
    st.integers(1, 5),
    st.integers(50, 500),
)
@settings(max_examples=60, deadline=None)
def test_in_no_minute_is_more_spent_than_allowed(
    costs: list[tuple[int, float, int | None]], requests: int, tokens: int
) -> None:
    spent: list[tuple[float, int]] = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        clock = stopped_clock(monkeypatch)

        async def run() -> None:
            gate = gate_of(clock, Window("requests", 60, requests), Window("tokens", 60, tokens))
            for reserved, pause, really in costs:
                clock.now += pause
                ticket = await gate.enter(0, reserved, 0)
                cost = reserved if really is None else min(really, reserved)
                spent.append((clock.now, min(cost, tokens)))
                gate.leave(ticket, None if really is None else Usage(cost, 0))

        asyncio.run(run())
    for start, _ in spent:
        inside = [cost for at, cost in spent if start <= at < start + 60]
        assert len(inside) <= requests
        assert sum(inside) <= tokens


# --- pauses, slots and order ------------------------------------------------------------------------------------------


async def test_the_longest_of_all_pauses_holds_everyone_back(clock: Clock) -> None:
    gate = gate_of(clock)
    gate.pause(30)
    gate.pause(10)
    assert await send(gate, clock, [1, 1]) == [30, 30]


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_no_more_than_the_allowed_number_is_out_at_once(clock: Clock, concurrency: int) -> None:
    assert await most_at_once(Gate(concurrency, clock)) == concurrency


async def test_a_provider_that_pushes_back_gets_half_as_many_at_once_and_by_and_by_all_again(clock: Clock) -> None:
    gate = Gate(8, clock)
    volley = [await gate.enter(0, 1, 1) for _ in range(3)]
    clock.now += 1
    for ticket in volley:  # refused one and all, which counts once
        gate.pushed_back(ticket)
        gate.leave(ticket, None, refused=True)
    assert await most_at_once(gate) == 4
    for _ in range(200):
        gate.went_well()
    assert await most_at_once(gate) == 8


async def most_at_once(gate: Gate) -> int:
    out, most = 0, 0

    async def request() -> None:
        nonlocal out, most
        ticket = await gate.enter(0, 1, 1)
        out += 1
        most = max(most, out)
        for _ in range(40):  # long enough for all others of the volley to be let through
            await asyncio.sleep(0)
        out -= 1
        gate.leave(ticket, None)

    await asyncio.gather(*(request() for _ in range(20)))
    return most


async def test_the_lowest_request_goes_first_since_all_others_wait_for_its_settlement(clock: Clock) -> None:
    gate = Gate(1, clock)
    order: list[int] = []
    first = await gate.enter(0, 1, 1)

    async def request(number: int) -> None:
        gate.leave(await gate.enter(number, 1, 1), None)
        order.append(number)

    waiting = [asyncio.create_task(request(number)) for number in (5, 9, 2)]
    await asyncio.sleep(0)
    gate.leave(first, None)
    await asyncio.gather(*waiting)
    assert order == [2, 5, 9]


async def test_one_who_gives_up_waiting_keeps_no_slot(clock: Clock) -> None:
    gate = Gate(1, clock)
    first = await gate.enter(0, 1, 1)
    waiting = asyncio.create_task(gate.enter(1, 1, 1))
    await asyncio.sleep(0)
    waiting.cancel()
    gate.leave(first, None)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert isinstance(await asyncio.wait_for(gate.enter(2, 1, 1), 10), Ticket)


async def test_a_closed_gate_turns_everyone_away(clock: Clock) -> None:
    gate = Gate(1, clock)
    await gate.enter(0, 1, 1)
    waiting = asyncio.create_task(gate.enter(1, 1, 1))
    await asyncio.sleep(0)
    gate.close()
    with pytest.raises(Stopped):
        await waiting
    with pytest.raises(Stopped):
        await gate.enter(2, 1, 1)


# --- estimates --------------------------------------------------------------------------------------------------------


def request_of(characters: int, most: int | None = None) -> Request:
    return Request(GENERATE, 0, (Message("user", "x" * characters),), Sampling(max_tokens=most))


@pytest.mark.parametrize(("most", "expected"), [(100, 100), (None, UNBOUNDED_REPLY)])
def test_the_longest_reply_is_reserved(most: int | None, expected: int) -> None:
    assert Estimator().reply_tokens(request_of(350, most)) == expected


def test_the_tokens_of_a_prompt_are_guessed_from_those_that_were_counted() -> None:
    estimator = Estimator()
    assert estimator.prompt_tokens(request_of(350)) == 101
    for _ in range(200):
        estimator.learn(request_of(1000), 1000)
    assert estimator.prompt_tokens(request_of(350)) == pytest.approx(351, abs=2)
