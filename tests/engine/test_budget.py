"""The budget: what is allowed is met exactly, and one step more is refused with the setting that raises it."""

from __future__ import annotations

from typing import Any

import pytest

from selfinstruct.engine.budget import Budget
from selfinstruct.errors import Stopped
from selfinstruct.store.batches import BatchSpend
from selfinstruct.types import Prices, Usage
from tests.engine.clock import Clock

PRICES = Prices(prompt=1.0, completion=2.0, cached=0.5)


def spent(**given: Any) -> Budget:
    """A budget of which 1,000 prompt and 500 completion tokens in 3 requests are spent: 0.002 dollars."""
    held: dict[str, Any] = {"prices": PRICES, "requests": 3, "prompt_tokens": 1000, "completion_tokens": 500}
    return Budget(**held | given)


@pytest.mark.parametrize(
    ("bounds", "fits", "is_over", "words"),
    [
        ({"max_requests": 4}, (1, 1), None, ""),
        ({"max_requests": 3}, None, (0, 0), "3 requests"),
        ({"max_tokens": 1600}, (60, 40), (60, 41), "1,600 tokens"),
        ({"max_tokens": 1600, "other_tokens": 100}, (0, 0), (1, 0), "1,600 tokens"),
        ({"max_usd": 0.003}, (0, 500), (0, 501), "0.003 US dollars"),
        ({"max_usd": 0.003}, (1000, 0), (1001, 0), "0.003 US dollars"),
        ({"max_usd": 0.003, "other_usd": 0.001}, (0, 0), (1, 0), "0.003 US dollars"),
        ({"max_usd": 0.003, "cached_tokens": 1000}, (1500, 0), (1501, 0), "0.003 US dollars"),
    ],
)
def test_a_budget_is_met_exactly(
    bounds: dict[str, Any], fits: tuple[int, int] | None, is_over: tuple[int, int] | None, words: str
) -> None:
    if fits:
        assert spent(**bounds).allows(*fits, 0)
    if is_over:
        with pytest.raises(Stopped) as caught:
            spent(**bounds).allows(*is_over, 0)
        assert caught.value.message == f"the budget of {words} is used up"
        assert f"--{next(iter(bounds))}".replace("_", "-") in caught.value.hint


def test_the_hours_of_all_commands_count_and_end_to_the_second() -> None:
    clock = Clock()
    budget = Budget(max_hours=1, seconds=3000, clock=clock)
    assert budget.seconds_left() == 600
    clock.now += 599
    assert budget.allows(1, 1, 0)
    assert budget.seconds_left() == 1
    clock.now += 1
    with pytest.raises(Stopped, match="the budget of 1 hours is used up"):
        budget.allows(0, 0, 1)
    assert Budget(clock=clock).seconds_left() is None


def test_calls_in_flight_may_cost_less_so_the_next_one_waits_for_them() -> None:
    budget = spent(max_tokens=1600)
    budget.reserve(50, 50)
    assert not budget.allows(1, 0, 1)
    with pytest.raises(Stopped):
        budget.allows(1, 0, 0)
    budget.correct(50, 50, Usage(50, 49, 10), refused=False)
    assert budget.allows(1, 0, 0)
    assert (budget.requests, budget.prompt_tokens, budget.completion_tokens, budget.cached_tokens) == (4, 1050, 549, 10)


@pytest.mark.parametrize("reserved", [[(100, 0)], [(0, 100)], [(40, 0), (60, 0)], [(0, 40), (0, 60)]])
def test_what_is_only_reserved_is_not_spent_yet(reserved: list[tuple[int, int]]) -> None:
    budget = spent(max_tokens=1600)
    for tokens in reserved:
        budget.reserve(*tokens)
    assert not budget.allows(1, 0, 1), "the next call waits for those in flight, and ends nothing"


def test_a_budget_that_is_spent_ends_the_run_even_if_calls_are_in_flight() -> None:
    budget = spent(max_tokens=1600)
    budget.reserve(50, 50)
    budget.reserve(0, 0)
    budget.correct(50, 50, Usage(80, 21), refused=False)
    with pytest.raises(Stopped, match="1,600 tokens"):
        budget.allows(0, 0, 1)


def test_a_call_that_was_turned_away_costs_nothing_of_any_budget() -> None:
    budget = spent(own=Budget(requests=1, prompt_tokens=7))
    budget.reserve(50, 60)
    assert (budget.requests, budget.prompt_tokens, budget.completion_tokens) == (4, 1050, 560)
    budget.correct(50, 60, Usage(0, 0), refused=True)
    assert budget.own is not None
    assert (budget.requests, budget.prompt_tokens, budget.completion_tokens) == (3, 1000, 500)
    assert (budget.own.requests, budget.own.prompt_tokens, budget.own.completion_tokens) == (1, 7, 0)


@pytest.mark.parametrize(
    ("used", "spent_tokens"), [(Usage(), (1000, 500)), (Usage(7), (1007, 500)), (Usage(None, 7), (1000, 507))]
)
def test_what_is_not_known_of_a_cost_counts_as_nothing(used: Usage, spent_tokens: tuple[int, int]) -> None:
    budget = spent()
    budget.reserve(50, 60)
    budget.correct(50, 60, used, refused=False)
    assert (budget.requests, budget.prompt_tokens, budget.completion_tokens, budget.cached_tokens) == (
        4,
        *spent_tokens,
        0,
    )


def test_the_budget_of_a_stage_of_its_own_binds_too_and_is_named_by_its_table() -> None:
    budget = spent(max_requests=9, own=Budget(max_requests=1, table="judge"))
    assert budget.allows(1, 1, 0)
    budget.reserve(1, 1)
    assert not budget.allows(1, 1, 1)
    with pytest.raises(Stopped) as caught:
        budget.allows(1, 1, 0)
    assert "judge.budget.max_requests" in caught.value.hint


@pytest.mark.parametrize(
    ("budget", "counts"),
    [
        (Budget(), False),
        (Budget(max_usd=1.0), True),
        (Budget(own=Budget()), False),
        (Budget(own=Budget(max_usd=1.0)), True),
    ],
)
def test_a_budget_needs_prices_only_for_dollars(budget: Budget, counts: bool) -> None:
    assert budget.counts_dollars is counts
    budget.set_prices(PRICES)
    assert budget.prices == PRICES
    assert budget.own is None or budget.own.prices == PRICES


def test_batches_count_at_their_share_of_the_price() -> None:
    budget = spent(max_usd=0.003)
    budget.count_batches([BatchSpend(0.5, 2, 600, 200)], PRICES)
    assert (budget.requests, budget.other_tokens, round(budget.other_usd, 9)) == (5, 800, 0.0005)
    assert budget.allows(0, 250, 0)
    with pytest.raises(Stopped):
        budget.allows(0, 251, 0)
    budget.count_batches([BatchSpend(0.5, 1, 10, 10)], None)
    assert (budget.requests, budget.other_tokens, round(budget.other_usd, 9)) == (6, 820, 0.0005)


def test_a_budget_at_half_the_price_keeps_what_is_spent() -> None:
    half = spent(max_usd=0.003, own=spent(max_tokens=9000)).at_share(0.5)
    assert (half.prompt_tokens, half.completion_tokens, half.cached_tokens) == (0, 0, 0)
    assert (half.requests, half.other_tokens, round(half.other_usd, 9)) == (3, 1500, 0.002)
    assert half.allows(0, 1000, 0)
    with pytest.raises(Stopped):
        half.allows(0, 1001, 0)
    assert half.own is not None
    assert half.own.other_tokens == 1500
    assert Budget(prompt_tokens=5).at_share(0.5).other_usd == 0.0
