"""Where a stage ends: at exactly its goal, its cap, a saturated pool, the end of what can be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.engine.unproductive import FAILURES_IN_A_ROW, FIRST_FAILURES, LATER
from selfinstruct.errors import ModelError, Stopped
from selfinstruct.store import RunStore
from selfinstruct.types import Exhausted, Failure
from tests.engine.fakes import ScriptedAnswerer, StageBench, WordStage, fresh, mixed


@pytest.fixture
def bench(tmp_path: Path) -> StageBench:
    return StageBench(tmp_path / "run")


# --- the goal ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("goal", [1, 2, 3, 7, 12, 25])
async def test_exactly_so_many_are_accepted(bench: StageBench, goal: int) -> None:
    assert await bench.run(ScriptedAnswerer(fresh), goal) == f"target of {goal} reached"
    assert len(bench.accepted()) == goal


async def test_a_goal_that_is_reached_already_asks_nothing(bench: StageBench) -> None:
    await bench.run(ScriptedAnswerer(fresh), goal=6)
    again = ScriptedAnswerer(fresh)
    await bench.run(again, goal=6)
    await bench.run(again, goal=3)
    assert again.asked == []
    assert len(bench.accepted()) == 6


def richer_later(index: int) -> str:
    """More words than the first replies let hope for, so that more is under way than turns out to be needed."""
    return fresh(index, 1 if index < 3 else 10)


async def test_what_came_beyond_the_goal_is_journalled_but_not_judged(bench: StageBench) -> None:
    script = ScriptedAnswerer(richer_later)
    await bench.run(script, goal=8)
    assert bench.replies() == {index: richer_later(index) for index in script.asked}
    assert len(script.asked) > 4
    assert bench.totals().candidates == 8


async def test_a_larger_goal_takes_the_surplus_before_it_asks_again(bench: StageBench) -> None:
    first, second = ScriptedAnswerer(richer_later), ScriptedAnswerer(richer_later)
    await bench.run(first, goal=8)
    await bench.run(second, goal=100)
    assert second.asked[0] == len(first.asked)
    assert sorted(first.asked + second.asked) == list(range(len(first.asked) + len(second.asked)))


async def test_a_reply_that_was_evaluated_in_part_continues_at_the_next_position(bench: StageBench) -> None:
    await bench.run(ScriptedAnswerer(lambda _: "a b xx c d"), goal=2)
    assert [fate[1:4] for fate in bench.fates()] == [(0, "a", "accepted"), (1, "b", "accepted")]
    await bench.run(ScriptedAnswerer(lambda _: "never asked"), goal=4)
    assert [fate[1:4] for fate in bench.fates()] == [
        (0, "a", "accepted"),
        (1, "b", "accepted"),
        (2, "xx", "rejected"),
        (3, "c", "accepted"),
        (4, "d", "accepted"),
    ]


@pytest.mark.parametrize("steps", [(10, 40), (1, 2, 3, 40), (13, 27, 39, 40), tuple(range(1, 41))])
async def test_a_goal_in_steps_ends_like_the_same_goal_at_once(tmp_path: Path, steps: tuple[int, ...]) -> None:
    at_once, stepwise = StageBench(tmp_path / "at-once"), StageBench(tmp_path / "stepwise")
    await at_once.run(ScriptedAnswerer(mixed), goal=40)
    for goal in steps:
        await stepwise.run(ScriptedAnswerer(mixed), goal)
    assert stepwise.fates() == at_once.fates()
    shared = len(at_once.sizes())
    assert stepwise.plans()[:shared] == at_once.plans()[:shared]


# --- candidates and caps ----------------------------------------------------------------------------------------------


async def test_every_candidate_has_exactly_one_fate(bench: StageBench) -> None:
    await bench.run(ScriptedAnswerer(mixed), goal=None, most=30)
    totals = bench.totals()
    assert totals.candidates == totals.accepted + totals.rejected == 4 * 30
    assert len({fate[:2] for fate in bench.fates()}) == totals.candidates
    assert all(rule for *_, fate, rule in bench.fates() if fate == "rejected")


@pytest.mark.parametrize("cap", [1, 5, 6, 17])
async def test_the_cap_on_candidates_is_met_exactly(bench: StageBench, cap: int) -> None:
    bench.max_candidates = cap
    with pytest.raises(Stopped, match=f"cap of {cap} candidates"):
        await bench.run(ScriptedAnswerer(mixed), goal=100)
    assert bench.totals().candidates == cap


async def test_a_raised_cap_continues_inside_the_same_reply(tmp_path: Path) -> None:
    at_once, stepwise = StageBench(tmp_path / "at-once"), StageBench(tmp_path / "stepwise")
    for bench, caps in ((at_once, [30]), (stepwise, [1, 6, 7, 13, 30])):
        for bench.max_candidates in caps:
            with pytest.raises(Stopped):
                await bench.run(ScriptedAnswerer(mixed), goal=100)
    assert stepwise.fates() == at_once.fates()


# --- saturation -------------------------------------------------------------------------------------------------------


async def test_a_pool_that_nothing_is_added_to_counts_as_saturated(bench: StageBench) -> None:
    bench.patience = 5
    with pytest.raises(Stopped, match="saturated: the last 5 requests"):
        await bench.run(ScriptedAnswerer(lambda index: "same" if index else "first"), goal=50)
    assert bench.accepted() == ["first", "same"]
    assert len(bench.sizes()) == 2 + 5


async def test_saturation_is_counted_across_kills(bench: StageBench) -> None:
    bench.patience = 6
    for _ in range(3):  # each session settles two requests, then the model breaks down
        with pytest.raises((Stopped, ModelError)):
            await bench.run(ScriptedAnswerer(breaking_down_after(len(bench.sizes()) + 2, "same")), goal=50)
    with pytest.raises(Stopped, match="saturated"):
        await bench.run(ScriptedAnswerer(lambda _: "same"), goal=50)
    assert len(bench.sizes()) == 1 + 6


def breaking_down_after(requests: int, text: str) -> Callable[[int], Any]:
    return lambda index: text if index < requests else ModelError("down")


async def test_a_reply_that_helped_in_its_first_part_does_not_count_as_fruitless(bench: StageBench) -> None:
    """The goal fell inside it; that its second part brings nothing must not shorten the patience."""
    bench.patience = 2
    says = ["a", "same b same same", "same", "c"]
    await bench.run(ScriptedAnswerer(lambda index: says[index] if index < 4 else "same"), goal=3)
    await bench.run(ScriptedAnswerer(lambda index: says[index] if index < 4 else "same"), goal=4)
    assert bench.accepted() == ["a", "same", "b", "c"]


# --- failures ---------------------------------------------------------------------------------------------------------


async def test_one_request_that_fails_among_good_ones_is_a_failure_and_no_answer(bench: StageBench) -> None:
    await bench.run(ScriptedAnswerer(lambda index: Failure("too long") if index == 2 else fresh(index)), goal=15)
    assert 2 not in bench.replies()
    assert 2 not in {fate[0] for fate in bench.fates()}
    totals = bench.totals()
    assert (totals.failures, totals.accepted) == (1, 15)
    assert [s.failure for s in bench.witness.settlements if s.reply is None] == ["too long"]


async def test_a_failed_request_is_not_asked_again(bench: StageBench) -> None:
    await bench.run(ScriptedAnswerer(lambda index: Failure("no") if index == 1 else fresh(index)), goal=9)
    again = ScriptedAnswerer(fresh)
    await bench.run(again, goal=30)
    assert 1 not in again.asked


async def test_when_everything_fails_the_model_is_given_up(bench: StageBench) -> None:
    with pytest.raises(ModelError, match=f"the last {FIRST_FAILURES} requests all failed: HTTP 400"):
        await bench.run(ScriptedAnswerer(lambda _: Failure("HTTP 400")), goal=5)
    assert len(bench.sizes()) == FIRST_FAILURES


async def test_a_server_that_gives_no_answer_any_more_stops_the_run_which_can_be_resumed(bench: StageBench) -> None:
    gone = Failure("no answer", may_pass=True, hint="Start the server.")
    with pytest.raises(Stopped, match=f"the last {FAILURES_IN_A_ROW} requests all failed: no answer") as caught:
        await bench.run(ScriptedAnswerer(lambda index: gone if index else fresh(index)), goal=50)
    assert caught.value.hint == "Start the server."


@pytest.mark.parametrize("before", [FIRST_FAILURES, FAILURES_IN_A_ROW + 1])
async def test_failures_that_the_journal_holds_do_not_count_again(bench: StageBench, before: int) -> None:
    bench.lookahead = before
    with closing(RunStore.open(bench.folder)) as store:
        for index in range(before):
            request = WordStage(None).plan(index, 0)
            assert request is not None
            store.record_request(request)
            store.record_answer(request, Failure("no")).result()
    again = ScriptedAnswerer(fresh)
    await bench.run(again, goal=3)
    assert again.asked[0] == before
    assert bench.totals().failures == before


async def test_new_failures_after_those_of_the_journal_are_given_up_with_their_own_words(bench: StageBench) -> None:
    await bench.run(ScriptedAnswerer(lambda index: Failure("old") if index == 1 else fresh(index)), goal=9)
    with pytest.raises(ModelError, match=r"the last \d requests all failed: new"):
        await bench.run(ScriptedAnswerer(lambda _: Failure("new")), goal=50)


async def test_after_an_answer_more_failures_in_a_row_are_borne(bench: StageBench) -> None:
    with pytest.raises(ModelError, match=f"the last {FAILURES_IN_A_ROW} requests all failed: no"):
        await bench.run(ScriptedAnswerer(lambda index: Failure("no") if index else fresh(index)), goal=50)
    assert len(bench.sizes()) == 1 + FAILURES_IN_A_ROW


async def test_a_goal_below_what_the_run_holds_says_how_many_more_it_has(bench: StageBench) -> None:
    assert await bench.run(ScriptedAnswerer(fresh), goal=6) == "target of 6 reached"
    assert (
        await bench.run(ScriptedAnswerer(fresh), goal=4)
        == "target of 4 reached before, the run holds 2 more: for fewer, use another --out"
    )


async def test_failures_with_answers_between_them_do_not_add_up(bench: StageBench) -> None:
    await bench.run(ScriptedAnswerer(lambda index: fresh(index, 1) if index % 5 == 0 else Failure("no")), goal=6)
    assert bench.totals().failures > FAILURES_IN_A_ROW


async def test_replies_that_bring_nothing_end_a_stage_at_the_same_one_however_many_arrive_at_once(
    bench: StageBench,
) -> None:
    """All replies of the window are there before the first one is settled."""
    bench.lookahead, arrived = 2 * LATER, asyncio.Event()

    async def together(index: int) -> None:
        if index == 2 * LATER:
            arrived.set()
        elif index:
            await arrived.wait()

    script = ScriptedAnswerer(lambda index: "" if index else fresh(0), together)
    with pytest.raises(ModelError, match=f"each of the last {LATER} replies brought nothing"):
        await bench.run(script, goal=500)
    assert len(bench.sizes()) == 1 + LATER


# --- the end of what can be asked -------------------------------------------------------------------------------------


async def test_a_backend_that_has_no_more_ends_the_stage_cleanly(bench: StageBench) -> None:
    says = ScriptedAnswerer(lambda index: fresh(index) if index < 5 else Exhausted("the recording has ended"))
    assert await bench.run(says, goal=100) == "the recording has ended"
    assert len(bench.accepted()) == 15
    assert bench.totals().failures == 0


async def test_more_recorded_replies_continue_where_the_old_ones_ended(bench: StageBench) -> None:
    await bench.run(ScriptedAnswerer(lambda index: mixed(index) if index < 5 else Exhausted("ended")), goal=100)
    await bench.run(ScriptedAnswerer(lambda index: mixed(index) if index < 12 else Exhausted("ended")), goal=100)
    unbroken = StageBench(bench.folder.parent / "unbroken")
    await unbroken.run(ScriptedAnswerer(lambda index: mixed(index) if index < 12 else Exhausted("ended")), goal=100)
    assert bench.fates() == unbroken.fates()


async def test_a_stage_without_a_goal_asks_everything_once(bench: StageBench) -> None:
    script = ScriptedAnswerer(fresh)
    assert await bench.run(script, goal=None, most=9) == "complete"
    assert script.asked == list(range(9))


@pytest.mark.parametrize("text", ["", "   "])
async def test_an_empty_reply_is_an_answer_without_candidates(bench: StageBench, text: str) -> None:
    await bench.run(ScriptedAnswerer(lambda index: text if index == 0 else fresh(index)), goal=6)
    assert bench.replies()[0] == text
    assert bench.totals().failures == 0
