"""Ends that nobody planned: no paid reply is lost, and going on gives what an unbroken run gives."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest

from selfinstruct.api import Draft, Verdict, keep
from selfinstruct.engine.filter_chain import NamedFilter
from selfinstruct.errors import ModelError, RunError, Stopped
from selfinstruct.store import CommitFuture, RunStore
from tests.engine.fakes import FunctionFilter, ScriptedAnswerer, StageBench, fresh, mixed
from tests.store.full_disk import disk_full


@pytest.fixture
def bench(tmp_path: Path) -> StageBench:
    return StageBench(tmp_path / "run")


def dies_at(fatal: int) -> ScriptedAnswerer:
    """A model that breaks down at one request, while the later ones of its window are still under way."""
    script = ScriptedAnswerer(lambda index: ModelError("wrong key") if index == fatal else mixed(index))

    async def ready(index: int) -> None:
        if index > fatal:
            await script.stopped.wait()

    script.ready = ready
    return script


def dies_on_call(number: int) -> ScriptedAnswerer:
    """The same, counted in calls of this session."""
    script = ScriptedAnswerer(mixed)

    async def ready(_: int) -> None:
        call = len(script.asked)
        if call == number:
            raise ModelError("wrong key")
        if call > number:
            await script.stopped.wait()

    script.ready = ready
    return script


async def test_replies_under_way_reach_the_journal_when_another_request_is_fatal(bench: StageBench) -> None:
    script = dies_at(5)
    with pytest.raises(ModelError, match="wrong key"):
        await bench.run(script, goal=100)
    under_way = [index for index in script.asked if index > 5]
    assert under_way
    assert bench.replies() == {index: mixed(index) for index in script.asked if index != 5}


async def test_nothing_is_asked_after_a_fatal_error(bench: StageBench) -> None:
    script = dies_at(5)
    with pytest.raises(ModelError):
        await bench.run(script, goal=100)
    assert max(script.asked) <= 5 + bench.lookahead


async def test_what_came_before_a_fatal_error_is_settled(bench: StageBench) -> None:
    with pytest.raises(ModelError):
        await bench.run(dies_at(5), goal=100)
    assert len(bench.sizes()) == 5


async def test_after_any_number_of_breakdowns_it_ends_like_an_unbroken_run(tmp_path: Path) -> None:
    unbroken, broken = StageBench(tmp_path / "unbroken"), StageBench(tmp_path / "broken")
    await unbroken.run(ScriptedAnswerer(mixed), goal=60)
    rng, asked = Random(3), []
    for _ in range(12):
        script = dies_on_call(rng.randrange(1, 6))
        with suppress(ModelError):
            await broken.run(script, goal=60)
        asked += script.answered
    await broken.run(ScriptedAnswerer(mixed), goal=60)
    assert broken.fates() == unbroken.fates()
    assert len(asked) == len(set(asked)) > 12, "no reply was paid for twice"


async def test_an_interrupt_keeps_the_replies_under_way_and_asks_no_more(bench: StageBench) -> None:
    script = ScriptedAnswerer(mixed)

    async def ready(index: int) -> None:
        if index == 6:
            assert bench.runner is not None
            bench.runner.interrupt("Ctrl-C")
        elif index > 6:
            await script.stopped.wait()

    script.ready = ready
    with pytest.raises(Stopped, match="Ctrl-C"):
        await bench.run(script, goal=100)
    assert bench.replies() == {index: mixed(index) for index in script.asked}
    assert max(script.asked) <= 6 + bench.lookahead
    assert len(bench.sizes()) == len(script.asked), "what arrived is judged too"


async def test_an_interrupt_does_not_hide_the_error_that_came_first(bench: StageBench) -> None:
    script = dies_at(2)

    async def ready(index: int) -> None:
        if index > 2:
            await script.stopped.wait()
            assert bench.runner is not None
            bench.runner.interrupt("Ctrl-C")
        elif index < 2:
            await script.stopped.wait()

    script.ready = ready
    with pytest.raises(ModelError, match="wrong key"):
        await bench.run(script, goal=100)


async def test_a_cancelled_run_keeps_the_replies_under_way(bench: StageBench) -> None:
    """As when a notebook's cell is interrupted, or `asyncio.timeout` strikes."""
    script, all_asked = ScriptedAnswerer(mixed), asyncio.Event()

    async def ready(index: int) -> None:
        if index == 3:
            all_asked.set()
        await script.stopped.wait()

    script.ready = ready
    run = asyncio.create_task(bench.run(script, goal=100))
    await all_asked.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert bench.replies() == {index: mixed(index) for index in range(4)}


async def test_a_run_can_be_cancelled_at_any_step_and_continued(tmp_path: Path) -> None:
    unbroken, broken = StageBench(tmp_path / "unbroken"), StageBench(tmp_path / "broken")
    await unbroken.run(ScriptedAnswerer(mixed), goal=30)
    for steps in range(1, 60, 2):
        run = asyncio.create_task(broken.run(ScriptedAnswerer(mixed), goal=30))
        for _ in range(steps):
            await asyncio.sleep(0)
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run
    await broken.run(ScriptedAnswerer(mixed), goal=30)
    assert broken.fates() == unbroken.fates()


async def test_a_full_disk_ends_the_run_and_costs_nothing_that_was_recorded(tmp_path: Path) -> None:
    unbroken, broken = StageBench(tmp_path / "unbroken"), StageBench(tmp_path / "broken")

    def long(index: int) -> str:
        return f"{mixed(index)} {'x' * 20_000}"

    await unbroken.run(ScriptedAnswerer(long), goal=40)
    await broken.run(ScriptedAnswerer(long), goal=3)
    with disk_full(broken.folder), pytest.raises(RunError, match="cannot be written"):
        await broken.run(ScriptedAnswerer(long), goal=40)
    assert broken.totals().candidates < unbroken.totals().candidates
    await broken.run(ScriptedAnswerer(long), goal=40)
    assert broken.fates() == unbroken.fates()


async def test_nothing_is_judged_while_its_reply_is_still_on_its_way_to_the_journal(
    bench: StageBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_its_way: list[CommitFuture] = []
    evaluated: list[str] = []

    def answered(*_: object) -> CommitFuture:
        on_its_way.append(CommitFuture())
        return on_its_way[-1]

    def judge(item: Draft) -> Verdict:
        evaluated.append(item.text)
        return keep()

    monkeypatch.setattr(RunStore, "record_answer", answered)
    bench.rules = lambda: [NamedFilter("looks", FunctionFilter(judge))]
    run = asyncio.create_task(bench.run(ScriptedAnswerer(fresh), goal=None, most=1))
    while not on_its_way:
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    assert evaluated == []
    on_its_way[0].set_result(None)
    for waiter in on_its_way[0].waiters:
        waiter.set_result(None)
    await run
    assert evaluated == fresh(0).split()


async def test_a_reply_is_in_the_journal_before_anything_judges_it(bench: StageBench) -> None:
    seen: list[bool] = []

    def judge(item: Draft) -> Verdict:
        with closing(sqlite3.connect(bench.folder / "run.sqlite")) as connection:
            texts = [text for (text,) in connection.execute("SELECT text FROM replies")]
        seen.append(any(item.text in text.split() for text in texts))
        return keep()

    bench.rules = lambda: [NamedFilter("looks", FunctionFilter(judge))]
    await bench.run(ScriptedAnswerer(fresh), goal=9)
    assert seen == [True] * 9


async def test_a_request_is_in_the_journal_before_it_is_sent(bench: StageBench) -> None:
    seen: list[bool] = []

    async def ready(index: int) -> None:
        with closing(sqlite3.connect(bench.folder / "run.sqlite")) as connection:
            seen.append((index,) in connection.execute("SELECT idx FROM requests").fetchall())

    await bench.run(ScriptedAnswerer(fresh, ready), goal=9)
    assert seen == [True] * len(seen) != []
