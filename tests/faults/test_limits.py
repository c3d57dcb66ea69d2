"""Runs under enforced limits, told and learnt, with a minute of two seconds: they are obeyed, and used."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest

from selfinstruct.errors import Stopped
from tests.faults.bench import ProviderBench, minute_of
from tests.servers.provider import Provider, Quota

MINUTE = 2.0
CALL = 1300
"""Tokens that one call reserves, more or less."""


def test_a_limit_of_requests_that_is_told_is_never_met(tmp_path: Path) -> None:
    provider = Provider(quotas=(Quota("requests", "minute", 20, MINUTE),))
    with minute_of(MINUTE):
        took = _timed(ProviderBench(tmp_path / "run", provider), 60 * 3, limits={"requests_per_minute": 20})
    assert provider.refused == 0
    assert took < 3 * MINUTE + 2


def test_a_limit_of_requests_is_learnt_from_a_refusal(tmp_path: Path) -> None:
    provider = Provider(quotas=(Quota("requests", "minute", 20, MINUTE),), median=0.02)
    bench = ProviderBench(tmp_path / "run", provider, concurrency=4)
    with minute_of(MINUTE):
        bench.run(60 * 3)
    bench.check()
    assert 0 < provider.refused <= 2 * bench.concurrency


@pytest.mark.parametrize("told", [True, False], ids=["told", "learnt"])
def test_a_limit_of_tokens_is_kept(tmp_path: Path, told: bool) -> None:
    provider = Provider(quotas=(Quota("tokens", "minute", 12 * CALL, MINUTE),), median=0.02)
    bench = ProviderBench(tmp_path / "run", provider)
    with minute_of(MINUTE):
        bench.run(30 * 3, **({"limits": {"tokens_per_minute": 12 * CALL}} if told else {}))
    bench.check()
    assert provider.refused <= 1


def test_what_others_spend_with_the_same_key_is_respected(tmp_path: Path) -> None:
    quota = Quota("tokens", "minute", 12 * CALL, MINUTE)
    quota.take(9 * CALL)
    provider = Provider(quotas=(quota,), median=0.02)
    with minute_of(MINUTE):
        ProviderBench(tmp_path / "run", provider, concurrency=2).run(10 * 3, limits={"tokens_per_minute": 12 * CALL})
    assert provider.refused == 0


def test_a_quota_of_a_day_ends_the_run_and_says_when_to_go_on(tmp_path: Path) -> None:
    provider = Provider(quotas=(Quota("requests", "day", 10, 3600.0),))
    bench = ProviderBench(tmp_path / "run", provider)
    with pytest.raises(Stopped, match=r"10 requests a day is reached: to be resumed at 20\d\d-"):
        bench.run(90)
    assert len(provider.prompts) == 10
    bench.check()
    with pytest.raises(Stopped, match="to be resumed at"):  # a restart does not forget
        bench.run(90)
    assert len(provider.prompts) == 10


def test_a_run_that_waits_sleeps_until_the_quota_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfinstruct.engine.gate.PATIENCE", 0.5)
    provider = Provider(quotas=(Quota("requests", "day", 10, MINUTE),), median=0.01)
    with minute_of(60, day=MINUTE):
        ProviderBench(tmp_path / "run", provider).run(25 * 3, wait=True, limits={"requests_per_day": 10})
    assert provider.refused == 0


def test_minutes_are_remembered_over_a_restart(tmp_path: Path) -> None:
    provider = Provider(quotas=(Quota("requests", "minute", 20, MINUTE),))
    bench = ProviderBench(tmp_path / "run", provider, lookahead=1)
    with minute_of(MINUTE):
        for target in (40, 80, 120):
            bench.run(target, limits={"requests_per_minute": 20})
    assert provider.refused == 0


BUDGETS = {
    "max_requests": (7, "7 requests"),
    "max_tokens": (5000, "5,000 tokens"),
    "max_usd": (0.005, "0.005 US dollars"),
    "max_hours": (1 / 3600, "hours"),
}


@pytest.mark.parametrize("name", BUDGETS)
def test_a_budget_binds_over_resumes(tmp_path: Path, name: str) -> None:
    most, words = BUDGETS[name]
    prices = {"usd_per_million_prompt_tokens": 1.0, "usd_per_million_completion_tokens": 1.0}
    provider = Provider(median=0.2 if name == "max_hours" else 0.0)
    bench = ProviderBench(tmp_path / "run", provider, concurrency=2)
    for _ in range(2):
        with pytest.raises(Stopped, match=words):
            bench.run(300, budget={name: most, **prices})
    bench.check()
    with closing(bench.open_readonly()) as store:
        spent = store.calls().spent()
    tokens = spent.prompt_tokens + spent.completion_tokens
    assert {
        "max_requests": len(provider.prompts) == 7,
        "max_tokens": 2500 < tokens <= 5000,
        "max_usd": 2500 < tokens <= 5000,
        "max_hours": spent.seconds < 3,
    }[name]


def _timed(bench: ProviderBench, target: int, **more: object) -> float:
    began = time.monotonic()
    bench.run(target, **more)
    bench.check()
    return time.monotonic() - began
