"""The gate, with exact expectations: limits of the user, calls turned away, cancelled waiters, bursts and recovery."""

from __future__ import annotations

import asyncio

import pytest

from selfinstruct.engine.budget import Budget
from selfinstruct.engine.gate import CREDIT, RECOVERY, SPREAD, Estimator, Gate, Ticket
from selfinstruct.engine.rate_limit import RateLimit
from selfinstruct.errors import ModelError, Stopped
from selfinstruct.types import GENERATE, Message, Request, Sampling, Usage, Window
from tests.engine.clock import Clock, stopped_clock
from tests.engine.test_limits import enter, gate_of, leave, send


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stopped_clock(monkeypatch)


async def let_in(gate: Gate, number: int) -> list[Ticket]:
    """The tickets of those of so many requests that are let in at once; the others stop waiting."""
    waiting = [asyncio.ensure_future(enter(gate, 1, order)) for order in range(number)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tickets = [task.result() for task in waiting if task.done()]
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return tickets


@pytest.mark.parametrize(("provider", "times"), [(10, [0, 0, 60]), (1, [0, 60, 120])])
async def test_a_provider_may_lower_the_users_own_limit_but_not_raise_it(
    clock: Clock, provider: int, times: list[float]
) -> None:
    gate = Gate(100, clock)
    gate.set_user_limits([Window("requests", 60, 2)])
    gate.learn([Window("requests", 60, provider)])
    assert await send(gate, clock, [1, 1, 1]) == times


async def test_a_call_that_was_turned_away_costs_nothing_and_leaves_the_window(clock: Clock) -> None:
    gate = gate_of(clock, Window("requests", 60, 1), Window("tokens", 60, 100))
    for _ in range(3):
        ticket = await gate.enter(0, 60, 40)
        assert (gate.budget.requests, gate.budget.prompt_tokens, gate.budget.completion_tokens) == (1, 60, 40)
        assert gate.leave(ticket, None, refused=True) == Usage(0, 0)
        assert (gate.budget.requests, gate.budget.prompt_tokens, gate.budget.completion_tokens) == (0, 0, 0)
    assert clock.now == 1000


async def test_what_a_provider_does_not_report_of_the_usage_stays_as_reserved(clock: Clock) -> None:
    gate = gate_of(clock)
    assert gate.leave(await gate.enter(0, 60, 40), Usage(None, 7)) == Usage(60, 7)
    assert gate.leave(await gate.enter(0, 60, 40), Usage(5, None, 3)) == Usage(5, 40, 3)
    assert gate.leave(await gate.enter(0, 60, 40), None) == Usage(60, 40)
    assert (gate.budget.requests, gate.budget.prompt_tokens, gate.budget.completion_tokens) == (3, 125, 87)
    assert gate.budget.cached_tokens == 3


async def test_a_waiter_cancelled_just_after_it_was_let_through_gives_its_place_back(clock: Clock) -> None:
    gate = Gate(1, clock, budget=Budget(max_requests=2))
    first = await enter(gate, 1)
    second = asyncio.ensure_future(enter(gate, 1))
    await asyncio.sleep(0)
    leave(gate, first, 1)  # lets the second through, which has not run yet
    assert gate.budget.requests == 2
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert second.cancelled()
    assert gate.budget.requests == 1
    leave(gate, await asyncio.wait_for(enter(gate, 1), 10), 1)
    assert gate.budget.requests == 2


async def test_a_lower_number_goes_first_and_equals_in_order_of_arrival(clock: Clock) -> None:
    gate, order = Gate(1, clock), []
    first = await enter(gate, 1)

    async def request(name: str, number: int) -> None:
        ticket = await enter(gate, 1, number)
        order.append(name)
        leave(gate, ticket, 1)

    waiting = [asyncio.ensure_future(request(*one)) for one in (("late", 2), ("one", 1), ("other", 1))]
    await asyncio.sleep(0)
    leave(gate, first, 1)
    await asyncio.gather(*waiting)
    assert order == ["one", "other", "late"]


async def test_a_burst_of_refusals_halves_the_concurrency_once_and_answers_restore_it(clock: Clock) -> None:
    gate = Gate(32, clock)
    tickets = await let_in(gate, 40)
    assert len(tickets) == 32
    clock.now += 1
    for ticket in tickets:
        gate.too_many_requests(ticket)
        gate.leave(ticket, None, refused=True)
    again = await let_in(gate, 40)
    assert len(again) == 16
    clock.now += 1
    for ticket in again:
        gate.too_many_requests(ticket)
        gate.leave(ticket, None, refused=True)
    allowed = 8.0
    for _ in range(3):
        gate.speed_up()
        allowed += 32 / RECOVERY / allowed
    assert gate._allowed == pytest.approx(allowed)
    for _ in range(10_000):
        gate.speed_up()
    assert gate._allowed == 32


async def test_concurrency_never_falls_below_one(clock: Clock) -> None:
    gate = Gate(1, clock)
    for _ in range(3):
        ticket = await enter(gate, 1)
        clock.now += 1
        gate.too_many_requests(ticket)
        gate.leave(ticket, None, refused=True)
    assert len(await let_in(gate, 3)) == 1
    gate = Gate(8, clock)
    gate.send_one_at_a_time()
    assert len(await let_in(gate, 3)) == 1


async def test_a_small_concurrency_recovers_by_one_in_a_round(clock: Clock) -> None:
    gate = Gate(4, clock)
    gate.send_one_at_a_time()
    gate.speed_up()
    assert gate._allowed == 2
    gate.speed_up()
    assert gate._allowed == 2.5


@pytest.mark.parametrize("cached_count", [True, False])
async def test_without_cached_tokens_all_tokens_count_towards_the_limit(clock: Clock, cached_count: bool) -> None:
    gate = Gate(100, clock)
    gate.learn([Window("tokens", 60, 100)], cached_count=cached_count)
    gate.leave(await gate.enter(0, 1, 0), Usage(50, 1))
    leave(gate, await gate.enter(0, 49, 0), 49)
    assert clock.now == 1000
    await gate.enter(0, 1, 0)
    assert clock.now == 1060


async def test_while_limits_are_being_learnt_one_request_is_out(clock: Clock) -> None:
    gate = Gate(8, clock)
    gate.learn([], learning=True)
    waiting = [asyncio.ensure_future(enter(gate, 1)) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [True, False, False]
    gate.learn([], learning=False)
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [True, True, True]


async def test_requests_of_earlier_commands_count_until_they_are_too_old(clock: Clock) -> None:
    gate = gate_of(clock, Window("requests", 60, 3), Window("tokens", 60, 1000))
    gate.load_history([(61, 500), (60, 400), (50, 300), (10, 200)])
    assert await send(gate, clock, [100, 600]) == [0, 10]


async def test_a_shorter_pause_does_not_end_a_longer_one(clock: Clock) -> None:
    gate = gate_of(clock)
    gate.pause(40, "long")
    gate.pause(30, "short")
    waiting = asyncio.ensure_future(enter(gate, 1))
    await asyncio.sleep(0)
    assert gate.wait_reason() == "40 s: long"
    await waiting
    assert clock.now == 1040
    assert gate.wait_reason() == ""


@pytest.mark.parametrize(("seconds", "said"), [(1, "1 s: busy"), (0.9, "")])
async def test_a_wait_of_less_than_a_second_is_not_shown(clock: Clock, seconds: float, said: str) -> None:
    gate = gate_of(clock)
    gate.pause(seconds, "busy")
    waiting = asyncio.ensure_future(enter(gate, 1))
    await asyncio.sleep(0)
    assert gate.wait_reason() == said
    await waiting


async def test_the_longest_wait_is_the_reason_and_a_missing_slot_is_none(clock: Clock) -> None:
    gate = gate_of(clock, Window("requests", 60, 2), concurrency=2)
    first, _ = await enter(gate, 1), await enter(gate, 1)
    waiting = asyncio.ensure_future(enter(gate, 1))
    await asyncio.sleep(0)
    assert gate.wait_reason() == ""
    gate.leave(first, Usage(1, 0))
    assert gate.wait_reason() == "60 s: the limit of 2 requests a minute is reached"
    gate.pause(61)
    assert gate.wait_reason() == "61 s: the provider asks to wait"
    waiting.cancel()


async def test_of_two_limits_with_the_same_wait_the_first_is_the_reason(clock: Clock) -> None:
    gate = gate_of(clock, Window("requests", 60, 1), Window("tokens", 60, 1))
    gate.leave(await enter(gate, 1), Usage(1, 0))
    waiting = asyncio.ensure_future(enter(gate, 1))
    await asyncio.sleep(0)
    assert gate.wait_reason() == "60 s: the limit of 1 requests a minute is reached"
    waiting.cancel()


# --- one window -------------------------------------------------------------------------------------------------------


def test_a_request_that_lacks_one_token_waits_for_the_next_step() -> None:
    limit = RateLimit("tokens", 60, limit=100)
    limit.spend(0, 1, 60)
    limit.spend(10, 1, 40)
    assert limit.wait(20, 60) == 60.5 - 20
    assert limit.wait(20, 61) == 70.5 - 20


@pytest.mark.parametrize(
    ("spent_at", "spent", "others", "others_until", "tokens", "free_at"),
    [
        (0, 50, 30, 100, 40, 60.5),  # ours leaves first, and that is enough
        (0, 50, 30, 100, 80, 100),  # it is not
        (50, 60, 39, 70, 40, 70),  # that of others leaves first
        (50, 60, 39, 70, 41, 110.5),  # one token is missing
        (50, 60, 0, 70, 41, 110.5),
    ],
)
def test_the_wait_ends_when_enough_of_ours_and_of_others_has_left_the_window(
    spent_at: float, spent: int, others: int, others_until: float, tokens: int, free_at: float
) -> None:
    limit = RateLimit("tokens", 60, limit=100, others=others, others_until=others_until)
    limit.spend(spent_at, 1, spent)
    assert limit.wait(55, tokens) == free_at - 55


def test_spending_counts_until_its_last_moment_and_not_in_it() -> None:
    for seen_at, others in ((60.4, 0), (60.5, 10)):
        limit = RateLimit("tokens", 60, limit=100)
        limit.spend(0, 1, 10)
        limit.update(Window("tokens", 60, 100, remaining=90, seen_at=seen_at))
        assert limit.others == others


async def test_a_burst_is_spread_after_a_credit(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfinstruct.engine.gate.SPREAD", SPREAD)
    times = await send(Gate(10, clock), clock, [1] * (CREDIT + 4))
    gap = SPREAD / 10
    assert times == pytest.approx([0] * (CREDIT + 1) + [gap, 2 * gap, 3 * gap])


async def test_a_closed_gate_raises_the_first_error_at_once_and_to_those_who_wait(clock: Clock) -> None:
    gate = Gate(1, clock)
    await enter(gate, 1)
    waiting = asyncio.ensure_future(enter(gate, 1))
    await asyncio.sleep(0)
    gate.close(ModelError("first"))
    gate.close(ModelError("second"))
    with pytest.raises(ModelError, match="first"):
        await waiting
    with pytest.raises(ModelError, match="first"):
        await enter(gate, 1)
    assert gate.wait_reason() == ""
    stopped = Gate(1, clock)
    stopped.close()
    with pytest.raises(Stopped, match="stopped before this request was sent"):
        await enter(stopped, 1)


async def test_a_budget_that_is_used_up_ends_the_wait(clock: Clock) -> None:
    gate = Gate(2, clock, budget=Budget(max_requests=1))
    await enter(gate, 1)
    waiting = asyncio.ensure_future(enter(gate, 1))
    await asyncio.sleep(0)
    assert not waiting.done(), "the request under way may be turned away, and cost nothing"
    gate.budget.requests += 1
    gate._send_waiting()
    with pytest.raises(Stopped, match="the budget of 1 request is"):
        await waiting


def test_an_estimate_learns_from_the_providers_counts() -> None:
    guess, request = Estimator(), Request(GENERATE, 0, (Message("user", "x" * 700),), Sampling(max_tokens=9))
    assert (guess.prompt_tokens(request), guess.reply_tokens(request)) == (201, 9)
    guess.learn(request, 0)
    guess.learn(request, None)
    assert guess.prompt_tokens(request) == 201
    guess.learn(request, 700)
    assert guess.prompt_tokens(request) == int(700 * (950 + 700) / (3325 + 700)) + 1
