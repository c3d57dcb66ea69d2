"""The journal of calls: budgets and quotas of later commands are counted from its rows, so each is exact."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from selfinstruct.store.bulk import BulkWriter
from selfinstruct.store.calls import Calls, SpentTotals
from selfinstruct.store.damage import damage_of
from selfinstruct.store.database import open_to_write, release
from selfinstruct.store.journal import answer_statement
from selfinstruct.types import CLASSIFY, GENERATE, Message, Reply, Request, Usage
from tests.engine.clock import Clock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_to_write(tmp_path)
    yield opened.read
    opened.read.close()
    opened.write.close()
    release(tmp_path, opened.lock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def new_command(database: sqlite3.Connection, clock: Clock) -> Calls:
    return Calls(database, BulkWriter(database, "run.sqlite").write, clock)


def call(calls: Calls, index: int, stage: str = GENERATE, *, took: float, clock: Clock, refused: bool = False) -> None:
    """One call that reserves 100 and 50 tokens and costs 30 and 20."""
    number = calls.sent(stage, index, prompt_tokens=100, completion_tokens=50)
    clock.now += took
    calls.ended(number, prompt_tokens=30, completion_tokens=20, refused=refused)


def answer(database: sqlite3.Connection, index: int, cached: int) -> None:
    request = Request(GENERATE, index, (Message("user", "Go."),))
    reply = Reply("1. A", "stop", Usage(30, 20, cached), "m", "2026-01-01T00:00:00+00:00")
    BulkWriter(database, "run.sqlite").write([answer_statement(request, reply)])


def rows(database: sqlite3.Connection) -> list[tuple[object, ...]]:
    """The journal of calls, whose checksums are right."""
    assert list(damage_of(database)) == []
    return [row[:-1] for row in database.execute("SELECT * FROM calls ORDER BY id").fetchall()]


def test_a_call_is_written_before_it_is_made_and_corrected_after_it(database: sqlite3.Connection, clock: Clock) -> None:
    calls = new_command(database, clock)
    assert calls.sent(GENERATE, 7, prompt_tokens=11, completion_tokens=5) == 1
    assert rows(database) == [(1, 1, GENERATE, 7, 1000.0, None, 11, 5, 0)]
    clock.now = 1002.5
    calls.ended(1, prompt_tokens=10, completion_tokens=4, refused=False)
    assert calls.sent(GENERATE, 8, prompt_tokens=1, completion_tokens=1) == 2
    again = new_command(database, clock)
    assert again.sent(CLASSIFY, 0, prompt_tokens=2, completion_tokens=3) == 3
    again.ended(3, prompt_tokens=0, completion_tokens=0, refused=True)
    assert rows(database) == [
        (1, 1, GENERATE, 7, 1000.0, 1002.5, 10, 4, 0),
        (2, 1, GENERATE, 8, 1002.5, None, 1, 1, 0),
        (3, 2, CLASSIFY, 0, 1002.5, 1002.5, 0, 0, 1),
    ]


@pytest.mark.parametrize("jump", [36_000.0, -36_000.0])
def test_a_system_clock_that_jumps_costs_no_hours(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    day, steady = Clock(), Clock()
    day.now = 1e9
    monkeypatch.setattr("selfinstruct.store.calls.time", SimpleNamespace(time=day, monotonic=steady))
    calls = Calls(database, BulkWriter(database, "run.sqlite").write)
    call(calls, 0, took=2, clock=steady)
    day.now += jump
    call(calls, 1, took=3, clock=steady)
    assert calls.spent().seconds == 5
    assert list(calls.recent(60)) == [(5, 50), (3, 50)]
    day.now = 1e9 + 100
    later = Calls(database, BulkWriter(database, "run.sqlite").write)
    assert list(later.recent(600)) == [(100, 50), (98, 50)], "a new command goes by the time of day"


def test_nothing_is_spent_before_the_first_call(database: sqlite3.Connection, clock: Clock) -> None:
    calls = new_command(database, clock)
    assert calls.spent() == SpentTotals()
    assert list(calls.recent(60)) == []


def test_what_is_spent_counts_all_commands_by_stage_and_leaves_out_refused_calls(
    database: sqlite3.Connection, clock: Clock
) -> None:
    first = new_command(database, clock)
    call(first, 0, took=4, clock=clock)
    call(first, 1, took=3, clock=clock, refused=True)
    first.sent(GENERATE, 2, prompt_tokens=100, completion_tokens=50)  # under way when the process was killed
    clock.now += 500
    second = new_command(database, clock)
    call(second, 2, took=2, clock=clock)
    call(second, 0, CLASSIFY, took=1, clock=clock)
    answer(database, 0, cached=5)
    answer(database, 1, cached=7)
    answer(database, 2, cached=9)
    assert second.spent([GENERATE]) == SpentTotals(3, 160, 90, 10.0, cached_tokens=14)
    assert second.spent([CLASSIFY]) == SpentTotals(1, 30, 20, 10.0)
    assert second.spent() == SpentTotals(4, 190, 110, 10.0, cached_tokens=14)


def test_a_clock_that_jumps_back_gives_no_time_back(database: sqlite3.Connection, clock: Clock) -> None:
    call(new_command(database, clock), 0, took=100, clock=clock)
    call(new_command(database, clock), 1, took=-3000, clock=clock)
    assert new_command(database, clock).spent().seconds == 100.0


def test_the_calls_of_a_window_come_with_age_and_tokens_oldest_first(
    database: sqlite3.Connection, clock: Clock
) -> None:
    calls = new_command(database, clock)
    call(calls, 0, took=40, clock=clock)
    call(calls, 1, took=0, clock=clock, refused=True)
    call(calls, 2, CLASSIFY, took=10, clock=clock)
    calls.sent(GENERATE, 3, prompt_tokens=100, completion_tokens=50)
    clock.now += 10
    answer(database, 0, cached=8)
    assert list(calls.recent(61)) == [(60.0, 50), (20.0, 50), (10.0, 150)]
    assert list(calls.recent(60)) == [(20.0, 50), (10.0, 150)]
    assert list(calls.recent(61, [GENERATE])) == [(60.0, 50), (10.0, 150)]
    assert list(calls.recent(61, cached_count=False)) == [(60.0, 42), (20.0, 50), (10.0, 150)]


def test_more_cached_tokens_than_a_call_has_count_as_none(database: sqlite3.Connection, clock: Clock) -> None:
    calls = new_command(database, clock)
    call(calls, 0, took=0, clock=clock)
    answer(database, 0, cached=51)
    assert list(calls.recent(60, cached_count=False)) == [(0.0, 0)]


def test_a_call_from_the_future_counts_as_made_now(database: sqlite3.Connection, clock: Clock) -> None:
    call(new_command(database, clock), 0, took=0, clock=clock)
    clock.now -= 500
    assert list(new_command(database, clock).recent(60)) == [(0.0, 50)]
