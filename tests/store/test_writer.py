"""The thread that writes: it commits in order and in groups, and no waiter waits forever."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.errors import DiskFullError, RunError
from selfinstruct.store.damage import DamagedRunError, RunConnection
from selfinstruct.store.writer import Statement, Writer
from tests.command_line import environment

SECONDS = 60
ADD = "INSERT INTO numbers VALUES (?)"


class Bench:
    """A writer over one table, which the test can block, and whose statements it sees."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: list[str] = []
        self._busy, self._go = threading.Event(), threading.Event()
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
        connection.create_function("wait", 0, self._wait)
        connection.set_trace_callback(self.seen.append)
        self.writer = Writer(connection, str(path))

    def _wait(self) -> bool:
        self._busy.set()
        return self._go.wait(SECONDS)

    def held_up(self) -> Callable[[], None]:
        """Keep the writer busy with a transaction; returns a function that ends it."""
        waiting = self.writer.write([("SELECT wait()", ())])
        assert self._busy.wait(SECONDS)

        def end() -> None:
            self._go.set()
            waiting.result(SECONDS)

        return end

    def numbers(self) -> list[int]:
        with closing(sqlite3.connect(self.path)) as connection:
            return [number for (number,) in connection.execute("SELECT number FROM numbers ORDER BY 1")]

    def close(self) -> None:
        self._go.set()
        self.writer.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "db")
    yield bench
    bench.close()


def add(*numbers: Any) -> list[Statement]:
    return [(ADD, (number,)) for number in numbers]


def test_a_write_is_durable_when_its_future_is_done(bench: Bench) -> None:
    bench.writer.write(add(1, 2)).result(SECONDS)
    assert bench.numbers() == [1, 2]


def test_nothing_is_written_into_a_file_that_was_moved_or_deleted(bench: Bench, tmp_path: Path) -> None:
    bench.writer.write(add(1)).result(SECONDS)
    bench.path.rename(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="was moved or deleted while it was in use"):
        bench.writer.write(add(2)).result(SECONDS)
    bench.path = tmp_path / "elsewhere"
    assert bench.numbers() == [1]


def test_waiting_groups_are_committed_together(bench: Bench) -> None:
    let_go = bench.held_up()
    waiting = [bench.writer.write(add(number)) for number in range(100)]
    let_go()
    for done in waiting:
        done.result(SECONDS)
    assert bench.numbers() == list(range(100))
    assert bench.seen.count("COMMIT") == 2


def test_one_transaction_takes_at_most_512_groups(bench: Bench) -> None:
    let_go = bench.held_up()
    waiting = [bench.writer.write(add(number)) for number in range(513)]
    let_go()
    for done in waiting:
        done.result(SECONDS)
    assert bench.seen.count("COMMIT") == 3


def test_damage_that_a_write_meets_reaches_its_waiter_as_damage(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "db", isolation_level=None, check_same_thread=False, factory=RunConnection)
    writer = Writer(connection, str(tmp_path / "db"))
    with pytest.raises(DamagedRunError):
        writer.write(add(1)).result(SECONDS)  # the table is gone
    writer.close()


def test_a_program_that_ends_without_closing_is_not_held_up(tmp_path: Path) -> None:
    code = "import sqlite3, sys; from selfinstruct.store.writer import Writer; Writer(sqlite3.connect(sys.argv[1]), '')"
    subprocess.run([sys.executable, "-c", code, tmp_path / "db"], env=environment(), check=True, timeout=SECONDS)


def test_closing_writes_the_waiting_groups(bench: Bench) -> None:
    let_go = bench.held_up()
    bench.writer.write(add(1))
    let_go()
    bench.close()
    assert bench.numbers() == [1]


@pytest.mark.parametrize("bad", [[("INSERT INTO nowhere VALUES (1)", ())], add(1), add(2**70), add("\ud800"), add([])])
def test_a_failure_reaches_all_waiting_and_later_writes(bench: Bench, bad: list[Statement]) -> None:
    bench.writer.write(add(1)).result(SECONDS)
    let_go = bench.held_up()
    waiting = [bench.writer.write(group) for group in (add(2), bad, add(3))]
    let_go()
    waiting.append(bench.writer.write(add(4)))
    for done in waiting:
        assert isinstance(done.exception(SECONDS), RunError)
    assert bench.numbers() == [1], "what was done before stands, and nothing half done does"
    with closing(sqlite3.connect(bench.path, timeout=0)) as connection:
        connection.execute(ADD, (9,))  # the database is not left locked


def test_a_waiter_that_gives_up_stops_nothing_else(bench: Bench) -> None:
    let_go = bench.held_up()
    given_up, other = bench.writer.write(add(1)), bench.writer.write(add(2))
    given_up.cancel()
    let_go()
    other.result(SECONDS)
    assert bench.numbers() == [1, 2]


def test_a_full_database_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "db", isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE texts (text)")
    connection.execute("PRAGMA max_page_count = 8")
    writer = Writer(connection, str(tmp_path / "db"))
    with suppress(RunError):
        for _ in range(100):
            writer.write([("INSERT INTO texts VALUES (?)", ("x" * 2000,))]).result(SECONDS)
    with pytest.raises(RunError, match="full") as caught:
        writer.write([("INSERT INTO texts VALUES ('')", ())]).result(SECONDS)
    assert "Make room" in caught.value.hint
    writer.close()


def test_a_full_disk_ends_the_run_with_the_code_of_a_run_that_can_be_resumed(bench: Bench) -> None:
    bench.writer.write([("PRAGMA max_page_count = 3", ())]).result(SECONDS)
    bench.writer.write(add(1)).result(SECONDS)
    full = bench.writer.write([*add(2), ("CREATE TABLE long AS SELECT zeroblob(100000)", ())])
    with pytest.raises(DiskFullError, match="cannot be written") as caught:
        full.result(SECONDS)
    assert caught.value.exit_code == 5
    assert bench.numbers() == [1]


async def test_a_task_waits_in_its_loop_until_its_group_is_committed(bench: Bench) -> None:
    let_go = bench.held_up()
    first, given_up, last = (asyncio.create_task(bench.writer.write(add(number)).wait()) for number in (1, 2, 3))
    await asyncio.sleep(0.01)
    assert not first.done()
    assert not last.done()
    given_up.cancel()
    await asyncio.to_thread(let_go)
    await asyncio.wait_for(asyncio.gather(first, last), SECONDS)
    assert bench.numbers() == [1, 2, 3]


async def test_a_task_that_comes_after_the_commit_does_not_wait(bench: Bench) -> None:
    written = bench.writer.write(add(1))
    written.result(SECONDS)
    await asyncio.wait_for(written.wait(), SECONDS)
    assert written.waiters == []


def test_the_first_commit_marks_the_database_as_being_written(bench: Bench) -> None:
    with closing(sqlite3.connect(bench.path)) as reader:
        assert reader.execute("PRAGMA application_id").fetchone() == (0,)
        bench.writer.write(add(1)).result(SECONDS)
        assert reader.execute("PRAGMA application_id").fetchone() == (int.from_bytes(b"SIWR"),)
