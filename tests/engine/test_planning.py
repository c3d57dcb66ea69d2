"""How many requests a stage plans, which of them it asks, and when the failures of few are a failure of all."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.engine.runner import EXPECTED_YIELD, Runner
from selfinstruct.errors import ModelError, Stopped
from selfinstruct.store import RunStore
from selfinstruct.types import Exhausted, Failure, Reply
from tests.engine.fakes import ScriptedAnswerer, StageBench, WordStage, fresh


class RecordedStage(WordStage):
    """A stage whose answers are there already, as those of `prepare` are."""

    recorded = True


@pytest.fixture
def bench(tmp_path: Path) -> StageBench:
    return StageBench(tmp_path / "run", lookahead=40)


def stopping_after(count: int) -> ScriptedAnswerer:
    """An answerer that answers so many requests, and stops the run at the next one, when no more are planned."""

    async def ready(index: int) -> None:
        if index >= count:
            for _ in range(20):
                await asyncio.sleep(0.001)

    return ScriptedAnswerer(lambda index: fresh(index) if index < count else Stopped("enough"), ready)


@pytest.mark.parametrize(("goal", "asked"), [(3, 1), (4, 2), (10, 4), (16, 5), (17, 6), (1000, 8)])
async def test_before_the_first_reply_as_many_are_asked_as_the_goal_may_need(
    bench: StageBench, goal: int, asked: int
) -> None:
    assert EXPECTED_YIELD == 4
    script = stopping_after(0)
    with pytest.raises(Stopped, match="enough"):
        await bench.run(script, goal)
    assert script.asked == list(range(asked)), "a quarter more than the goal, and at most eight before a good reply"


async def test_replies_say_how_many_more_are_needed(bench: StageBench) -> None:
    """After three instructions in the first reply, (3 + 4) / 2 of each later one are expected."""
    bench.lookahead = 1
    await bench.run(ScriptedAnswerer(fresh), goal=None, most=1)
    bench.lookahead = 40
    script = stopping_after(0)
    with pytest.raises(Stopped):
        await bench.run(script, goal=31)
    assert script.asked == list(range(1, 11)), "ten of 3.5 are the first that hold a quarter more than 28"


async def test_a_stage_without_a_goal_asks_all_that_the_window_holds(bench: StageBench) -> None:
    script = stopping_after(0)
    bench.lookahead = 5
    with pytest.raises(Stopped):
        await bench.run(script, goal=None, most=30)
    assert script.asked == list(range(5))


async def test_no_more_requests_are_planned_than_allowed_and_all_of_the_journal_settle(bench: StageBench) -> None:
    await bench.run(ScriptedAnswerer(fresh), goal=None, most=5)
    bench.most_requests = 7
    again = ScriptedAnswerer(fresh)
    assert await bench.run(again, goal=None, most=30) == "complete"
    assert again.asked == [5, 6]
    bench.most_requests = 3
    assert await bench.run(again, goal=None, most=30) == "complete"
    assert (again.asked, len(bench.sizes())) == ([5, 6], 7)


@pytest.mark.parametrize(
    ("most", "words"), [(1, "the only request failed: no"), (2, "the last 2 requests all failed: no")]
)
async def test_a_short_stage_whose_requests_all_fail_is_an_error(bench: StageBench, most: int, words: str) -> None:
    with pytest.raises(ModelError) as caught:
        await bench.run(ScriptedAnswerer(lambda _: Failure("no")), goal=None, most=most)
    assert caught.value.message == words


@pytest.mark.parametrize("good", [0, 1])
async def test_a_short_stage_with_one_reply_is_complete(bench: StageBench, good: int) -> None:
    says = ScriptedAnswerer(lambda index: fresh(index) if index == good else Failure("no"))
    assert await bench.run(says, goal=None, most=2) == "complete"
    assert await bench.run(ScriptedAnswerer(lambda _: Failure("no")), goal=None, most=4) == "complete"
    assert bench.totals().failures == 3


async def test_replies_that_were_recorded_may_bring_nothing(bench: StageBench) -> None:
    says = ScriptedAnswerer(lambda _: "")
    assert await bench.run(says, goal=None, most=30, stage=RecordedStage) == "complete"
    assert len(bench.sizes()) == 30
    with pytest.raises(ModelError, match="brought nothing"):
        await StageBench(bench.folder.parent / "live").run(ScriptedAnswerer(lambda _: ""), goal=None, most=30)


async def test_a_recording_that_ends_leaves_its_request_to_be_asked_again(bench: StageBench) -> None:
    bench.lookahead = 1
    await bench.run(ScriptedAnswerer(lambda index: fresh(index) if index < 2 else Exhausted("over")), goal=100)
    again = ScriptedAnswerer(fresh)
    await bench.run(again, goal=9)
    assert again.asked == [2]
    assert bench.sizes() == [3, 6, 9]


async def test_a_request_is_planned_again_only_if_nothing_of_it_is_recorded(bench: StageBench) -> None:
    script = stopping_after(1)
    with pytest.raises(Stopped):
        await bench.run(script, goal=10)
    planned = bench.plans()
    assert len(planned) == 4
    bench.lookahead = 1
    again = ScriptedAnswerer(fresh)
    await bench.run(again, goal=10)
    assert bench.plans()[:4] == planned, "the prompts of the journal stand"
    assert bench.accepted() == " ".join(map(fresh, range(4))).split()[:10]


async def test_the_cap_on_candidates_is_met_within_a_reply(bench: StageBench) -> None:
    bench.max_candidates = 4
    with pytest.raises(Stopped, match="the cap of 4 candidates is reached"):
        await bench.run(ScriptedAnswerer(fresh), goal=100)
    assert len(bench.fates()) == 4
    bench.max_candidates = 5
    with pytest.raises(Stopped, match="the cap of 5 candidates is reached"):
        await bench.run(ScriptedAnswerer(fresh), goal=100)
    assert [(fate[0], fate[1]) for fate in bench.fates()] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]


async def test_settlements_are_announced_with_what_they_brought(bench: StageBench) -> None:
    says = ScriptedAnswerer(lambda index: Failure("no") if index == 1 else fresh(index, 2))
    await bench.run(says, goal=None, most=3)
    assert [
        (one.request.index, one.reply.text if one.reply else None, len(one.decisions), one.accepted, one.failure)
        for one in bench.witness.settlements
    ] == [(0, fresh(0, 2), 2, 2, ""), (1, None, 0, 2, "no"), (2, fresh(2, 2), 2, 4, "")]


@pytest.mark.parametrize(
    ("seconds", "trips"), [(-1.0, [1, 1, 1, 1]), (1.5 * time.monotonic(), [4])], ids=["none", "plenty"]
)
async def test_replies_that_are_there_are_evaluated_together_as_long_as_time_allows(
    bench: StageBench, monkeypatch: pytest.MonkeyPatch, seconds: float, trips: list[int]
) -> None:
    found: list[int] = []
    evaluate = Runner._evaluate_all

    def counted(self: Runner, replies: Any) -> Any:
        outcomes = evaluate(self, replies)
        found.append(len(outcomes))
        return outcomes

    monkeypatch.setattr(Runner, "_evaluate_all", counted)
    monkeypatch.setattr("selfinstruct.engine.runner.EVALUATION_SECONDS_PER_TRIP", seconds)
    with closing(RunStore.open(bench.folder)) as store:
        for index in range(4):
            request = WordStage(None).plan(index, 0)
            assert request is not None
            store.record_request(request)
            store.record_answer(request, Reply(fresh(index), "stop", created_at="noon")).result()
    await bench.run(ScriptedAnswerer(fresh), goal=None, most=4)
    assert (found, bench.sizes()) == (trips, [3, 6, 9, 12])


async def test_the_first_request_with_one_accepted_item_is_not_in_vain(bench: StageBench) -> None:
    bench.lookahead = bench.patience = 1
    assert await bench.run(ScriptedAnswerer(lambda index: f"w{index}"), goal=2) == "target of 2 reached"
