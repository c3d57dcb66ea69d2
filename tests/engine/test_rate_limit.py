"""One rate limit of a provider, to the second and to the token."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from selfinstruct.engine.rate_limit import STEPS, RateLimit
from selfinstruct.types import Window

MARGIN = 0.5
"""Seconds by which a window of a minute is extended from the start."""


def window(limit: int = 100, **more: Any) -> Window:
    return Window("tokens", 60, limit, **more)


@pytest.mark.parametrize(
    ("seconds", "limit", "margins"),
    [
        (60, 10, [0.5, 1.0, 2.0, 2.0]),
        (60, sys.maxsize - 1, [0.5, 1.0, 2.0, 2.0]),
        (60, sys.maxsize, [0.5, 0.5, 0.5, 0.5]),
        (1, 10, [0.05, 0.05, 0.05, 0.05]),
        (86400, 10, [0.5, 1.0, 2.0, 4.0]),
    ],
)
def test_a_refusal_doubles_the_margin_of_a_known_limit_up_to_a_share_of_its_window(
    seconds: float, limit: int, margins: list[float]
) -> None:
    rate_limit, found = RateLimit("requests", seconds, limit), []
    for _ in margins:
        found.append(rate_limit.margin)
        assert rate_limit.kept == seconds + rate_limit.margin
        rate_limit.refused()
    assert found == margins


@pytest.mark.parametrize(("cap", "told", "limit"), [(50, 100, 50), (100, 50, 50), (sys.maxsize, 70, 70)])
def test_the_lower_of_the_users_and_the_providers_limit_applies(cap: int, told: int, limit: int) -> None:
    rate_limit = RateLimit("tokens", 60, cap=cap)
    rate_limit.update(window(told))
    assert (rate_limit.limit, rate_limit.others) == (limit, 0)


def test_what_a_provider_counts_beyond_ours_is_the_spending_of_others() -> None:
    rate_limit = RateLimit("tokens", 60)
    rate_limit.spend(0, 1, 30)
    rate_limit.update(window(remaining=45, resets_in=7, seen_at=10))
    assert (rate_limit.others, rate_limit.others_until) == (25, 17)
    rate_limit.update(window(remaining=70, seen_at=11))
    assert (rate_limit.others, rate_limit.others_until) == (0, 71), "without a time to reset, a whole window"
    rate_limit.update(window(remaining=90, seen_at=12))
    assert rate_limit.others == 0, "never below nothing"


@pytest.mark.parametrize(("seen_at", "others"), [(9, 25), (10, 25), (10.5, 60)])
def test_only_a_later_report_replaces_one(seen_at: float, others: int) -> None:
    rate_limit = RateLimit("tokens", 60)
    rate_limit.update(window(remaining=75, seen_at=10))
    rate_limit.update(window(200, remaining=140, seen_at=seen_at))
    assert (rate_limit.others, rate_limit.limit) == (others, 200)
    rate_limit.update(window(300, seen_at=seen_at + 1))
    assert (rate_limit.others, rate_limit.limit) == (others, 300), "a report without the rest says only the limit"


@pytest.mark.parametrize(("what", "amounts"), [("requests", [3, 1]), ("tokens", [60, 40])])
def test_spending_within_one_step_is_logged_together(what: Any, amounts: list[int]) -> None:
    rate_limit, step = RateLimit(what, STEPS), 1.0
    assert rate_limit.spend(10, 1, 10) is rate_limit.spend(10 + step / 2, 1, 20) is rate_limit.spend(9, 1, 30)
    rate_limit.spend(10 + step, 1, 40)
    assert [(step.began, step.at, step.amount) for step in rate_limit.steps] == [
        (10, 10.5, amounts[0]),
        (11, 11, amounts[1]),
    ]
    assert rate_limit.spent == sum(amounts)


def test_a_step_counts_until_its_latest_spending_is_a_window_old() -> None:
    rate_limit = RateLimit("tokens", STEPS, limit=30)
    rate_limit.spend(0, 1, 10)
    rate_limit.spend(0.5, 1, 20)
    assert rate_limit.wait(1, 1) == 0.5 + STEPS + MARGIN - 1


@pytest.mark.parametrize(("what", "spent"), [("requests", 0), ("tokens", 7)])
def test_a_correction_counts_while_its_step_does(what: Any, spent: int) -> None:
    rate_limit = RateLimit(what, 60, limit=100)
    first, second = rate_limit.spend(0, 1, 50), rate_limit.spend(10, 1, 30)
    rate_limit.correct(second, -1, -23)
    assert rate_limit.spent == {"requests": 1, "tokens": 57}[what]
    assert rate_limit.wait(60.5, 1) == 0
    rate_limit.correct(first, -1, -50)
    assert (rate_limit.spent, first.gone, second.gone) == (spent, True, False)


@pytest.mark.parametrize(("now", "wait"), [(40, 30.0), (69, 1.0), (70, 0.0), (71, 0.0)])
def test_the_spending_of_others_alone_holds_back_until_its_time(now: float, wait: float) -> None:
    rate_limit = RateLimit("tokens", 60, limit=100, others=100, others_until=70)
    assert rate_limit.wait(now, 1) == wait
    assert rate_limit.others == (0 if now >= 70 else 100)


def test_ours_and_that_of_others_may_leave_at_the_same_moment() -> None:
    rate_limit = RateLimit("tokens", 60, limit=100, others=60, others_until=60.5)
    rate_limit.spend(0, 1, 40)
    for tokens in (40, 60, 61, 100, 1000):
        assert rate_limit.wait(10, tokens) == 50.5


def test_without_any_spending_nothing_waits_whatever_its_size() -> None:
    assert RateLimit("tokens", 60, limit=100).wait(0, 1000) == 0
    assert RateLimit("requests", 60, limit=1).wait(0, 1000) == 0


@pytest.mark.parametrize(("tokens", "wait"), [(10, 0.0), (11, 50.5), (1000, 50.5)])
def test_tokens_count_for_a_limit_of_tokens_and_not_for_one_of_requests(tokens: int, wait: float) -> None:
    limits = RateLimit("tokens", 60, limit=100), RateLimit("requests", 60, limit=2)
    for limit in limits:
        limit.spend(0, 1, 90)
    assert [limit.wait(10, tokens) for limit in limits] == [wait, 0.0]
    limits[1].spend(0, 1, 90)
    assert limits[1].wait(10, tokens) == 50.5
