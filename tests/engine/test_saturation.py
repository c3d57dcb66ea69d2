"""The rule on the rate of acceptance: where it ends a run, that resumes and latencies agree, and that one may go on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from selfinstruct.engine.pending import Bounds
from selfinstruct.engine.saturation import SaturationMonitor
from selfinstruct.errors import ModelError, Stopped
from tests.engine.fakes import Said, ScriptedAnswerer, StageBench


def fading(index: int) -> str:
    """Ten candidates, fewer and fewer of them new."""
    new = max(0, 10 - index // 3)
    return " ".join([f"w{index}.{at}" for at in range(new)] + [f"x{index}.{at}" for at in range(10 - new)])


@pytest.fixture
def bench(tmp_path: Path) -> StageBench:
    return StageBench(tmp_path / "run", min_acceptance=0.5, acceptance_window=6)


async def ended(bench: StageBench, script: ScriptedAnswerer | None = None) -> int:
    """Run until the rule ends it; at which request that was."""
    with pytest.raises(Stopped, match="nearly saturated: of the last 6 requests' 60 candidates"):
        await bench.run(script or ScriptedAnswerer(fading), goal=1000)
    return len(bench.sizes())


async def test_it_ends_at_the_first_request_where_the_rate_is_too_low(bench: StageBench) -> None:
    rates = [max(0, 10 - at // 3) / 10 for at in range(60)]
    first = next(n for n in range(6, 60) if sum(rates[n - 6 : n]) / 6 < 0.5)
    assert await ended(bench) == first


async def test_a_rate_of_exactly_the_minimum_continues(tmp_path: Path) -> None:
    bench = StageBench(tmp_path / "run", min_acceptance=0.5, acceptance_window=4)
    await bench.run(ScriptedAnswerer(lambda at: f"a{at} xa{at}"), goal=30)
    assert len(bench.accepted()) == 30


async def test_kills_change_nothing(bench: StageBench, tmp_path: Path) -> None:
    killed = StageBench(tmp_path / "killed", min_acceptance=0.5, acceptance_window=6)

    def dying(after: int) -> ScriptedAnswerer:
        def says(index: int) -> Said:
            return fading(index) if index < after else ModelError("down")

        return ScriptedAnswerer(says)

    for after in (2, 3, 9, 14, 17):
        with pytest.raises(ModelError):
            await killed.run(dying(after), goal=1000)
    assert await ended(killed) == await ended(bench)
    assert killed.fates() == bench.fates()


@pytest.mark.parametrize("goals", [(5, 9, 33), (1, 2, 3, 70)])
async def test_goals_on_the_way_change_nothing(bench: StageBench, tmp_path: Path, goals: tuple[int, ...]) -> None:
    stepwise = StageBench(tmp_path / "stepwise", min_acceptance=0.5, acceptance_window=6)
    for goal in goals:
        await stepwise.run(ScriptedAnswerer(fading), goal)
    assert await ended(stepwise) == await ended(bench)
    assert stepwise.fates() == bench.fates()


async def test_latencies_change_nothing(bench: StageBench, tmp_path: Path) -> None:
    jumbled, rng = StageBench(tmp_path / "jumbled", min_acceptance=0.5, acceptance_window=6), Random(3)
    assert await ended(jumbled, ScriptedAnswerer(fading, lambda _: asyncio.sleep(rng.random() / 200))) == await ended(
        bench
    )
    assert jumbled.fates() == bench.fates()


async def test_a_saturated_run_ends_again_at_once_and_continues_with_a_lower_rate(bench: StageBench) -> None:
    at = await ended(bench)
    again = ScriptedAnswerer(fading)
    assert await ended(bench, again) == at
    assert again.asked == []
    bench.min_acceptance = 0.2
    assert await ended(bench, again) > at
    assert min(again.asked) >= at


async def test_what_was_in_flight_is_kept(bench: StageBench) -> None:
    script = ScriptedAnswerer(fading)
    at = await ended(bench, script)
    assert bench.replies().keys() == set(script.asked)
    assert len(script.asked) >= at


async def test_without_the_rule_only_patience_counts(tmp_path: Path) -> None:
    bench = StageBench(tmp_path / "run", patience=5)
    with pytest.raises(Stopped, match="saturated: the last 5 requests added nothing new"):
        await bench.run(ScriptedAnswerer(fading), goal=1000)


async def test_a_stage_without_a_goal_is_not_ended(tmp_path: Path) -> None:
    bench = StageBench(tmp_path / "run", min_acceptance=1.0, acceptance_window=1)
    assert await bench.run(ScriptedAnswerer(fading), goal=None, most=20) == "complete"


def test_requests_without_candidates_are_no_acceptance() -> None:
    rule = SaturationMonitor(Bounds(1, min_acceptance=0.1, acceptance_window=3), [], [])
    for _ in range(2):
        rule.settled(0, 0)
        assert rule.reached() is None
    rule.settled(0, 0)
    assert rule.reached() is not None


@pytest.mark.parametrize("seed", range(5))
def test_taking_over_is_the_same_as_having_watched(seed: int) -> None:
    rng, bounds = Random(seed), Bounds(1, patience=4, min_acceptance=0.3, acceptance_window=7)
    watched = SaturationMonitor(bounds, [], [])
    sizes: list[int] = []
    evaluated: list[Any] = []
    for _ in range(80):
        candidates = rng.randint(0, 8)
        accepted = rng.randint(0, candidates)
        watched.settled(accepted, candidates)
        sizes.append((sizes[-1] if sizes else 0) + accepted)
        evaluated.append(candidates)
        assert SaturationMonitor(bounds, sizes, evaluated[-7:]).reached() == watched.reached()
