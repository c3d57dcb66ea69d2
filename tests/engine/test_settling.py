"""How answers are settled: many at once, from batches, without their text, and when observers hear of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from selfinstruct.api import Verdict, keep
from selfinstruct.engine.filter_chain import NamedFilter
from selfinstruct.engine.unproductive import FAILURES_IN_A_ROW, FIRST, LATER
from selfinstruct.errors import ModelError, PluginError, Stopped
from selfinstruct.store import CommitFuture
from selfinstruct.text import final_answer
from selfinstruct.types import Decision, Draft, Failure, Reply, Request
from tests.engine.fakes import FunctionFilter, ScriptedAnswerer, StageBench, WordStage, fresh

ALOUD = "Okay, the user wants new tasks. They could be on many things, and at most one may be a classification task"


@pytest.fixture
def bench(tmp_path: Path) -> StageBench:
    return StageBench(tmp_path / "run", lookahead=40)


class SubjectStage(WordStage):
    """A stage whose requests are about two subjects, and whose reply `no` cannot be read."""

    def read(self, request: Request, reply: Reply) -> Sequence[Draft]:
        if reply.text == "no":
            raise ValueError("it cannot be read")
        return super().read(request, reply)

    def items_on_failure(self, request: Request) -> Sequence[Decision]:
        return [Decision(at, f"subject {at}", "rejected", "failed", "request-failed") for at in range(2)]


def fails_on(word: str) -> list[NamedFilter]:
    def evaluate(item: Draft) -> Verdict:
        if item.text == word:
            raise ValueError("a fault of the filter")
        return keep()

    return [NamedFilter("looks", FunctionFilter(evaluate))]


# --- replies that cannot be read --------------------------------------------------------------------------------------


async def test_both_subjects_of_a_reply_that_cannot_be_read_are_quarantined(bench: StageBench) -> None:
    bench.quarantine = True
    bench.record("a b c", "no", Failure("it failed"), "d")
    assert await bench.run(ScriptedAnswerer(fresh), goal=None, most=4, stage=SubjectStage) == "complete"
    assert [fate[:4] for fate in bench.fates()] == [
        (0, 0, "a", "accepted"),
        (0, 1, "b", "accepted"),
        (0, 2, "c", "accepted"),
        (1, 0, "subject 0", "quarantined"),
        (1, 1, "subject 1", "quarantined"),
        (2, 0, "subject 0", "rejected"),
        (2, 1, "subject 1", "rejected"),
        (3, 0, "d", "accepted"),
    ]
    unreadable = bench.witness.settlements[1].decisions
    assert all("it cannot be read" in str(dict(decision.evidence)) for decision in unreadable)


# --- many at once -----------------------------------------------------------------------------------------------------


async def test_what_comes_before_a_fault_of_a_filter_is_settled(bench: StageBench) -> None:
    bench.record(*map(fresh, range(4)))
    bench.rules = lambda: fails_on("w2.1")
    with pytest.raises(PluginError, match="looks"):
        await bench.run(ScriptedAnswerer(fresh), goal=None, most=4)
    assert bench.sizes() == [3, 6]


@pytest.mark.parametrize("goal", [4, 5, 6, 7])
async def test_a_goal_is_met_exactly_among_replies_that_are_evaluated_together(bench: StageBench, goal: int) -> None:
    bench.record(*map(fresh, range(4)))
    assert await bench.run(ScriptedAnswerer(fresh), goal) == f"target of {goal} reached"
    assert bench.accepted() == " ".join(map(fresh, range(4))).split()[:goal]


@pytest.mark.parametrize("cap", [4, 5, 6, 7])
async def test_a_cap_is_met_exactly_among_replies_that_are_evaluated_together(bench: StageBench, cap: int) -> None:
    bench.record(*(f"x{index} y{index} xx{index}" for index in range(4)))
    bench.max_candidates = cap
    with pytest.raises(Stopped, match=f"the cap of {cap} candidates is reached"):
        await bench.run(ScriptedAnswerer(fresh), goal=50)
    assert len(bench.fates()) == cap


# --- answers that came in a batch -------------------------------------------------------------------------------------


async def test_replies_of_a_batch_are_all_settled_before_a_stage_ends_because_they_brought_nothing(
    bench: StageBench,
) -> None:
    bench.record(*[""] * (FIRST + 4))
    bench.collected = range(FIRST + 4)
    with pytest.raises(ModelError, match=f"each of the last {FIRST + 4} replies brought nothing: it was empty"):
        await bench.run(ScriptedAnswerer(fresh), goal=None, most=FIRST + 4)
    assert len(bench.sizes()) == FIRST + 4


@pytest.mark.parametrize("good", [False, True])
async def test_requests_that_failed_in_a_batch_are_an_error_unless_one_of_it_was_answered(
    bench: StageBench, good: bool
) -> None:
    failed = FAILURES_IN_A_ROW + 2
    bench.record(*["a"] * good, *[Failure("no")] * failed)
    bench.collected = range(good + failed)
    running = bench.run(ScriptedAnswerer(fresh), goal=None, most=good + failed)
    if good:
        assert await running == "complete"
    else:
        with pytest.raises(ModelError, match=f"the last {failed} requests all failed: no"):
            await running
    assert len(bench.sizes()) == good + failed


# --- replies without a text -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_cut", [False, True])
async def test_thinking_aloud_is_in_vain_only_if_the_reply_was_cut(bench: StageBench, is_cut: bool) -> None:
    bench.rules = lambda: [NamedFilter("all", FunctionFilter(lambda _: keep()))]
    script = ScriptedAnswerer(lambda _: Reply(ALOUD, "length" if is_cut else "stop", created_at="noon"))  # type: ignore[arg-type,return-value]
    running = bench.run(script, goal=None, most=LATER + 2)
    if is_cut:
        with pytest.raises(ModelError, match="spent its tokens on thinking"):
            await running
    else:
        assert await running == "complete"


async def test_the_text_behind_the_thinking_is_found_once_and_off_the_thread_of_the_loop(
    bench: StageBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, found = final_answer._final_part, list[tuple[str, bool]]()

    def noted(text: str) -> str:
        found.append((text, asyncio._get_running_loop() is None))
        return find(text)

    class Reads(WordStage):
        def read(self, request: Request, reply: Reply) -> Sequence[Draft]:
            return [Draft(word) for word in final_answer.final_text(reply.text).split()]

    monkeypatch.setattr(final_answer, "_final_part", noted)
    await bench.run(ScriptedAnswerer(lambda index: f"<think>Well.</think>\nw{index}"), goal=None, most=3, stage=Reads)
    assert found == [(f"<think>Well.</think>\nw{index}", True) for index in range(3)]
    assert bench.accepted() == ["w0", "w1", "w2"]


# --- observers, and the end -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("is_done", "heard"), [(True, [0, 1, 2, 3, 4]), (False, [0, 0, 0, 1, 2])])
async def test_observers_hear_of_what_is_on_disk_and_wait_when_too_much_is_not(
    bench: StageBench, monkeypatch: pytest.MonkeyPatch, is_done: bool, heard: list[int]
) -> None:
    """With two settlements that may be on their way to the disk."""
    told: list[int] = []

    async def ready(_: int) -> None:
        told.append(len(bench.witness.settlements))

    async def wait(commit: CommitFuture) -> None:
        commit.result(60)

    monkeypatch.setattr(CommitFuture, "done", lambda _: is_done)
    monkeypatch.setattr(CommitFuture, "wait", wait)
    monkeypatch.setattr("selfinstruct.engine.runner.MOST_UNCOMMITTED", 2)
    bench.lookahead = 1
    await bench.run(ScriptedAnswerer(fresh, ready), goal=None, most=5)
    assert told == heard
    assert len(bench.witness.settlements) == 5


async def test_a_fatal_error_waits_for_replies_that_take_their_time(bench: StageBench) -> None:
    bench.lookahead = 4
    script = ScriptedAnswerer(lambda index: fresh(index) if index else ModelError("wrong key"))

    async def ready(index: int) -> None:
        if index:
            await script.stopped.wait()
            await asyncio.sleep(0.05)

    script.ready = ready
    with pytest.raises(ModelError, match="wrong key"):
        await bench.run(script, goal=None, most=4)
    assert bench.replies() == {index: fresh(index) for index in (1, 2, 3)}
