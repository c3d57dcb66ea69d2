"""The bounded-lag window: what a request is planned from, and that latency never changes a result."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from selfinstruct.engine.events import Events
from selfinstruct.store import InitialFacts, RunStore
from selfinstruct.store.writer import CommitFuture, Writer
from selfinstruct.types import GENERATE, Settlement
from tests.engine.fakes import RecordingObserver, ScriptedAnswerer, StageBench, fresh, mixed


@pytest.fixture
def bench(tmp_path: Path) -> StageBench:
    return StageBench(tmp_path / "run")


def at_random(seed: int) -> Callable[[int], Any]:
    """Answers come after up to three milliseconds, in an order that the seed decides."""
    rng = Random(seed)
    return lambda _: asyncio.sleep(rng.random() / 300)


@pytest.mark.parametrize("lookahead", [1, 3, 8])
async def test_a_request_is_planned_from_the_pool_after_the_one_that_lies_a_window_behind(
    bench: StageBench, lookahead: int
) -> None:
    bench.lookahead = lookahead
    await bench.run(ScriptedAnswerer(mixed, at_random(1)), goal=40)
    sizes = bench.sizes()
    plans = bench.plans()
    assert len(plans) > 20
    assert plans == [(i, sizes[i - lookahead] if i >= lookahead else 0) for i in range(len(plans))]


async def test_no_more_than_the_window_is_out_at_once(bench: StageBench) -> None:
    out, most = 0, 0

    async def ready(_: int) -> None:
        nonlocal out, most
        out += 1
        most = max(most, out)
        await asyncio.sleep(0.001)
        out -= 1

    await bench.run(ScriptedAnswerer(fresh, ready), goal=60)
    assert most == bench.lookahead


async def test_replies_settle_in_order_of_requests_whatever_the_order_of_their_arrival(bench: StageBench) -> None:
    arrived = [asyncio.Event() for _ in range(4)]

    async def last_first(index: int) -> None:
        if index < 3:
            await arrived[index + 1].wait()
        arrived[index].set()

    script = ScriptedAnswerer(fresh, last_first)
    await bench.run(script, goal=None, most=4)
    assert script.answered == [3, 2, 1, 0]
    assert [settlement.request.index for settlement in bench.witness.settlements] == [0, 1, 2, 3]


async def test_latency_changes_nothing(tmp_path: Path) -> None:
    results = []
    for seed in range(6):
        bench = StageBench(tmp_path / str(seed), lookahead=6)
        await bench.run(ScriptedAnswerer(mixed, at_random(seed)), goal=40)
        results.append((bench.fates(), bench.sizes()))
    assert results == results[:1] * 6


async def test_the_window_is_part_of_the_result(tmp_path: Path) -> None:
    """What a sampler sees depends on it; this is why a run freezes it."""
    plans = []
    for lookahead in (1, 6):
        bench = StageBench(tmp_path / str(lookahead), lookahead=lookahead)
        await bench.run(ScriptedAnswerer(mixed), goal=20)
        plans.append(bench.plans()[:10])
    assert plans[0] != plans[1]


async def test_observers_are_called_after_the_commit(bench: StageBench) -> None:
    announced: list[tuple[int, int]] = []

    class Looks(RecordingObserver):
        def events(self) -> Events:
            return Events({"selfinstruct_settled": [("looks", self.look)]}, print)

        def look(self, settlement: Settlement) -> None:
            with closing(RunStore.open_readonly(bench.folder)) as store:
                announced.append((settlement.accepted, store.totals(GENERATE).accepted))

    bench.witness = Looks()
    with closing(RunStore.open(bench.folder)) as store:
        store.create([], InitialFacts())
    await bench.run(ScriptedAnswerer(fresh), goal=12)
    assert [said for said, _ in announced] == [3, 6, 9, 12]
    assert all(said <= stored for said, stored in announced)


async def test_at_the_end_every_settlement_is_announced_however_slow_the_disk_is(
    bench: StageBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[int] = []

    async def later(commit: CommitFuture) -> None:
        await asyncio.sleep(0.02)
        commit.result(60)

    monkeypatch.setattr(CommitFuture, "done", lambda _: False)
    monkeypatch.setattr(CommitFuture, "wait", later)

    class Counts(RecordingObserver):
        def events(self) -> Events:
            return Events({"selfinstruct_settled": [("counts", lambda one: settled.append(one.accepted))]}, print)

    bench.witness = Counts()
    await bench.run(ScriptedAnswerer(fresh), goal=12)
    assert settled == [3, 6, 9, 12]


async def test_only_a_reply_that_can_be_had_again_comes_before_its_request_is_on_disk(
    bench: StageBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is shut until the first reply is there, or for as long as it takes to see that none comes."""
    commit, opened, patience = Writer._commit, threading.Event(), 10.0
    before_the_disk: list[bool] = []

    def shut(self: Writer, groups: Any) -> None:
        before_the_disk.append(opened.wait(patience))
        opened.set()
        commit(self, groups)

    async def ready(_: int) -> None:
        opened.set()

    monkeypatch.setattr(Writer, "_commit", shut)
    await bench.run(ScriptedAnswerer(mixed, ready, is_repeatable=True), goal=10)
    assert before_the_disk[0]
    shutil.rmtree(bench.folder)
    opened.clear()
    before_the_disk.clear()
    patience = 0.2
    await bench.run(ScriptedAnswerer(mixed, ready), goal=10)
    assert not before_the_disk[0]


async def test_a_run_is_the_same_whether_its_replies_wait_for_the_disk(tmp_path: Path) -> None:
    runs = []
    for is_repeatable in (False, True):
        bench = StageBench(tmp_path / str(is_repeatable))
        await bench.run(ScriptedAnswerer(mixed, at_random(2), is_repeatable=is_repeatable), goal=40)
        runs.append((bench.fates(), bench.plans(), bench.sizes()))
    assert runs[0] == runs[1]
