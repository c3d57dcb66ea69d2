"""Runs under enforced limits, configured or learnt, on a simulated clock: the limits are kept, and used up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.engine.gate import DAY, MINUTE
from selfinstruct.errors import Stopped
from tests.faults.bench import ProviderBench
from tests.faults.clock import RunClock, run_clock
from tests.servers.provider import Provider, Quota

CALL = 1300
"""Tokens that one call reserves, more or less."""


@pytest.fixture
def clock() -> Iterator[RunClock]:
    with run_clock() as clock:
        yield clock


def test_a_configured_limit_of_requests_is_never_exceeded(clock: RunClock, tmp_path: Path) -> None:
    provider = Provider(quotas=(Quota("requests", "minute", 20, MINUTE, clock.at_the_provider),))
    bench, began = ProviderBench(tmp_path / "run", provider), clock()
    bench.run(60 * 3, limits={"requests_per_minute": 20})
    bench.check()
    assert provider.refused == 0
    assert 2 * MINUTE < clock() - began < 3.1 * MINUTE


def test_a_limit_of_requests_is_learnt_from_a_refusal(clock: RunClock, tmp_path: Path) -> None:
    provider = Provider(quotas=(Quota("requests", "minute", 20, MINUTE, clock.at_the_provider),))
    bench = ProviderBench(tmp_path / "run", provider, concurrency=4)
    bench.run(60 * 3)
    bench.check()
    assert 0 < provider.refused <= 2 * bench.concurrency


@pytest.mark.parametrize("is_configured", [True, False], ids=["configured", "learnt"])
def test_a_limit_of_tokens_is_kept(clock: RunClock, tmp_path: Path, is_configured: bool) -> None:
    provider = Provider(quotas=(Quota("tokens", "minute", 12 * CALL, MINUTE, clock.at_the_provider),))
    bench = ProviderBench(tmp_path / "run", provider)
    limits: dict[str, Any] = {"limits": {"tokens_per_minute": 12 * CALL}} if is_configured else {}
    bench.run(30 * 3, **limits)
    bench.check()
    assert provider.refused <= 1


def test_what_others_spend_with_the_same_key_is_respected(clock: RunClock, tmp_path: Path) -> None:
    quota = Quota("tokens", "minute", 12 * CALL, MINUTE, clock.at_the_provider)
    quota.take(9 * CALL)
    provider = Provider(quotas=(quota,))
    ProviderBench(tmp_path / "run", provider, concurrency=2).run(10 * 3, limits={"tokens_per_minute": 12 * CALL})
    assert provider.refused == 0


def test_a_daily_quota_ends_the_run_and_says_when_to_continue(tmp_path: Path) -> None:
    provider = Provider(quotas=(Quota("requests", "day", 10, DAY),))
    bench = ProviderBench(tmp_path / "run", provider)
    with pytest.raises(Stopped, match=r"10 requests a day is reached, and the run can be resumed at 20\d\d-"):
        bench.run(90)
    assert len(provider.prompts) == 10
    bench.check()
    with pytest.raises(Stopped, match="can be resumed at"):  # a restart does not forget
        bench.run(90)
    assert len(provider.prompts) == 10


def test_a_run_that_waits_sleeps_until_the_quota_is_back(clock: RunClock, tmp_path: Path) -> None:
    provider = Provider(quotas=(Quota("requests", "day", 10, DAY, clock.at_the_provider),))
    ProviderBench(tmp_path / "run", provider).run(25 * 3, wait=True, limits={"requests_per_day": 10})
    assert provider.refused == 0
    assert clock.now > 2 * DAY


def test_minutes_are_remembered_over_a_restart(clock: RunClock, tmp_path: Path) -> None:
    provider = Provider(quotas=(Quota("requests", "minute", 20, MINUTE, clock.at_the_provider),))
    bench = ProviderBench(tmp_path / "run", provider, lookahead=1)
    for target in (40, 80, 120):
        bench.run(target, limits={"requests_per_minute": 20})
    assert provider.refused == 0


PRICES = {"usd_per_million_prompt_tokens": 1.0, "usd_per_million_completion_tokens": 1.0}
BUDGETS = {
    "max_requests": (7, "7 requests"),
    "max_tokens": (5000, "5,000 tokens"),
    "max_usd": (0.005, "0.005 US dollars"),
}


@pytest.mark.parametrize("name", BUDGETS)
def test_a_budget_binds_over_resumes(tmp_path: Path, name: str) -> None:
    most, words = BUDGETS[name]
    bench = ProviderBench(tmp_path / "run", Provider(), concurrency=2)
    for _ in range(2):
        with pytest.raises(Stopped, match=words):
            bench.run(300, budget={name: most, **PRICES})
    bench.check()
    with closing(bench.open_readonly()) as store:
        spent = store.calls().spent()
    tokens = spent.prompt_tokens + spent.completion_tokens
    assert {
        "max_requests": len(bench.provider.prompts) == 7,
        "max_tokens": 2500 < tokens <= 5000,
        "max_usd": 2500 < tokens <= 5000,
    }[name]


def test_a_budget_of_hours_binds_over_resumes(clock: RunClock, tmp_path: Path) -> None:
    provider = Provider(median=720.0, sigma=0.0, sleep=clock.sleep)
    bench = ProviderBench(tmp_path / "run", provider, concurrency=1)
    for _ in range(2):
        with pytest.raises(Stopped, match="1 hours"):
            bench.run(300, budget={"max_hours": 1})
    bench.check()
    assert len(provider.prompts) == 5, "of a fifth of an hour each"
