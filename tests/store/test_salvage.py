"""Of a damaged run every whole row is saved into a new run, and every other row is named."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.files.names import CONTRACTS, EXAMPLES, RUN_FILE
from selfinstruct.store import Calls, RunStore
from selfinstruct.store.damage import insert
from selfinstruct.store.database import find_damage
from selfinstruct.types import Retry
from tests.command_line import command, rows
from tests.store.test_damage import SPOIL

KEYS = {"requests": ("request", 2), "replies": ("reply", 2), "decisions": ("decision", 3)}
"""The tables of the journal: the word for one row, and how many columns name it."""

LONGER = "longer " * 900


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with ratings, whose requests and replies reach over several pages."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    settings = {"judge.enabled": True, "generate.encoder.system": f"You write tasks. {LONGER}"}
    SelfInstruct(backend="demo", out=folder, settings=settings).run(25)
    return folder


@pytest.fixture
def run(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(whole, tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    return Path("run")


def journal(folder: Path) -> dict[str, tuple[object, ...]]:
    """Each row of the journal by its name, without the similarity, which is no part of the checksum."""
    found: dict[str, tuple[object, ...]] = {}
    with closing(sqlite3.connect(folder / RUN_FILE)) as database:
        for table, (word, width) in KEYS.items():
            for row in database.execute(f"SELECT * FROM {table}"):
                place = ".".join(map(str, row[1:width]))
                found[f"{word} {place} of {row[0]}"] = row[:11]
    return found


def save() -> tuple[int, set[str]]:
    """Save the run; returns the exit code and the names of what is lost."""
    ended = command("export", "--out", "run", "--salvage", "new")
    assert ended.code in (0, 2), ended
    return ended.code, set(re.findall(r"^lost: (.+?): ", ended.out, re.MULTILINE))


def edit(sql: str) -> None:
    with closing(sqlite3.connect(Path("run") / RUN_FILE)) as database, database:
        assert database.execute(sql).rowcount


def paid(folder: Path) -> list[list[tuple[object, ...]]]:
    """The rows from which budgets, quotas and batches are counted."""
    with closing(sqlite3.connect(folder / RUN_FILE)) as database:
        return [database.execute(f"SELECT * FROM {name}").fetchall() for name in ("calls", "retries", "batches")]


def overwrite(at: int, content: bytes) -> None:
    with (Path("run") / RUN_FILE).open("r+b") as file:
        file.seek(at)
        file.write(content)


def test_of_a_whole_run_everything_is_saved(run: Path) -> None:
    assert save() == (0, set())
    assert journal(Path("new")) == journal(run)
    for name in CONTRACTS:
        assert (Path("new") / name).read_bytes() == (run / name).read_bytes() != b""


def test_what_was_paid_is_saved_and_a_row_of_it_that_was_edited_is_named(run: Path) -> None:
    with closing(RunStore.open(run)) as store:
        calls = Calls(store._read, store._write, lambda: 1000.0)  # SQLite keeps a whole second as an integer
        calls.ended(
            calls.sent("judge", 0, prompt_tokens=3, completion_tokens=4),
            prompt_tokens=3,
            completion_tokens=4,
            refused=False,
        )
        store.record_retry(Retry("judge", 0, 1, 2.0, "busy"))
        store.record_retry(Retry("judge", 0, 2, 2.5, "busy"))
        store.batches.record("key", "judge", [0, 1], tokens=(5, 6), price_share=1)
        store.batches.confirm("key", "theirs").result()
    assert save() == (0, set())
    assert paid(Path("new")) == paid(run)
    shutil.rmtree("new")
    for sql in (
        "UPDATE calls SET prompt_tokens = 0 WHERE id = 1",
        "UPDATE retries SET message = 'calm' WHERE id = 2",
        "UPDATE batches SET indexes = '[0, 2]'",
    ):
        edit(sql)
    assert len(list(find_damage(run))) == 3
    assert save() == (2, {"call 1", "retry 2", "batch key"})


@pytest.mark.parametrize("size", [16, 100, 4096])
def test_without_its_first_bytes_nothing_is_lost(run: Path, size: int) -> None:
    before = journal(run)
    overwrite(0, bytes(size))
    assert save() == (0, set())
    assert journal(Path("new")) == before


@pytest.mark.parametrize(
    ("sql", "lost"),
    [
        ("UPDATE replies SET text = text || ' ' WHERE stage = 'generate' AND idx = 1", {"reply 1 of generate"}),
        ("UPDATE requests SET body = body || ' ' WHERE stage = 'classify' AND idx = 0", {"request 0 of classify"}),
        (
            "UPDATE decisions SET text = 'no' WHERE stage = 'generate' AND idx = 1 AND position = 0",
            {"decision 1.0 of generate"},
        ),
        ("UPDATE run SET value = '{' WHERE key = 'tree'", {"setting tree"}),
        ("UPDATE run SET value = replace(value, '7', '8') WHERE key = 'config.generate'", {"setting config.generate"}),
        ("UPDATE seeds SET task = '{' WHERE position = 3", {"seed task 3"}),
        ("UPDATE seeds SET task = replace(task, ' the ', ' a ') WHERE position = 3", {"seed task 3"}),
        ("UPDATE seeds SET task = replace(task, ' the ', ' a '), checksum = NULL WHERE position = 3", {"seed tasks"}),
        ("DELETE FROM seeds WHERE position = 3", {"seed tasks"}),
        (
            "UPDATE requests SET asked_at = '' WHERE stage = 'judge' AND idx = 0",
            {"request 0 of judge", *(f"decision 0.{position} of judge" for position in range(8))},
        ),
    ],
)
def test_a_row_that_was_edited_is_the_only_one_that_is_lost(run: Path, sql: str, lost: set[str]) -> None:
    before = journal(run)
    edit(sql)
    code, named = save()
    assert (code, named) == (2, lost)
    after = journal(Path("new"))
    assert {name: row for name, row in after.items() if row != before[name]}.keys() <= lost
    assert before.keys() - after.keys() <= lost
    assert list(find_damage(Path("new"))) == []


@pytest.mark.parametrize("kind", [name for name in SPOIL if name != "another file"])
@pytest.mark.parametrize("seed", range(2))
def test_every_row_is_saved_or_named_and_the_new_run_is_whole(run: Path, kind: str, seed: int) -> None:
    before, chance = journal(run), random.Random(f"{kind}:{seed}")
    spoilt = SPOIL[kind]((run / RUN_FILE).read_bytes(), chance)
    (run / RUN_FILE).write_bytes(spoilt)
    code, named = save()
    after = journal(Path("new"))
    missing = {name for name, row in before.items() if after.get(name) != row}
    if not any(f" of {stage}" in name for name in named for stage in ("instances", "prepare")):
        assert not {name for name in missing if name.endswith("of prepare")}
    unnamed = {name for name in missing - named if not name.endswith("of prepare")}
    assert not {name for name in unnamed if is_followed(name, after)}, "only the end of a stage may go unnamed"
    assert (code == 2) == bool(named)
    assert (run / RUN_FILE).read_bytes() == spoilt
    assert list(find_damage(Path("new"))) == []
    for line in ("status", "report", "export", "why g0.0", "trace g0.0"):
        ended = command(*line.split(), "--out", "new")
        assert ended.code == 0 or "no candidate" in ended.err, (line, ended)


def is_followed(name: str, rows_by_name: dict[str, tuple[object, ...]]) -> bool:
    """Whether a later request of the stage has a fate in the new run."""
    place, stage = name.split()[1], name.split()[-1]
    index = int(place.partition(".")[0])
    return any(row[0] == stage and int(str(row[1])) > index for key, row in rows_by_name.items() if "decision" in key)


@pytest.mark.parametrize("table", ["requests", "replies", "decisions", "settlements"])
def test_a_run_with_gaps_names_each_and_continues_to_its_goal(run: Path, table: str) -> None:
    word, width = KEYS.get(table, ("settlement", 2))
    with closing(sqlite3.connect(run / RUN_FILE)) as database:
        gone = database.execute(f"SELECT * FROM {table} WHERE idx % 3 = 1").fetchall()
        ratings = database.execute("SELECT idx, position FROM decisions WHERE stage = 'judge' AND idx % 3 = 1")
        unread = {f"decision {index}.{position} of judge" for index, position in ratings}
        sql = "SELECT stage, idx FROM replies LEFT JOIN settlements USING (stage, idx) WHERE judged IS NULL"
        unread |= {f"reply {index} of {stage}" for stage, index in database.execute(sql) if index % 3 == 1}
    edit(f"DELETE FROM {table} WHERE idx % 3 = 1")
    code, named = save()
    assert gone
    assert code == 2
    names = {f"{word} {'.'.join(map(str, row[1:width]))} of {row[0]}" for row in gone}
    assert named == names | (unread if table == "requests" else set())
    command("run", "--target", "32", "--out", "new").done()
    assert len(rows(Path("new") / "machine_generated_instructions.jsonl")) == 32
    assert rows(Path("new") / EXAMPLES)
    command("doctor", "--out", "new").done()


def test_a_lost_reply_without_items_stands_as_a_failure_with_its_cause(run: Path) -> None:
    edit("DELETE FROM replies WHERE stage = 'generate' AND idx = 1")
    edit("DELETE FROM decisions WHERE stage = 'generate' AND idx = 1")
    edit("UPDATE settlements SET judged = 0, checksum = NULL WHERE stage = 'generate' AND idx = 1")
    assert save() == (2, {"reply 1 of generate"})
    assert "lost when run.sqlite was damaged" in command("status", "--out", "new").done().out


def test_the_log_of_a_killed_run_counts_also_if_the_first_page_is_gone(run: Path) -> None:
    with closing(sqlite3.connect(run / RUN_FILE)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute(*insert("run", ("python", '"logged"'), "INSERT OR REPLACE"))
        writer.commit()
        writer.execute(*insert("run", ("python", '"not committed"'), "INSERT OR REPLACE"))
        shutil.copytree(run, "copy")
    shutil.rmtree(run)
    Path("copy").rename(run)
    overwrite(0, bytes(4096))
    assert save() == (0, set())
    with closing(sqlite3.connect(Path("new") / RUN_FILE)) as database:
        assert database.execute("SELECT value FROM run WHERE key = 'python'").fetchall() == [('"logged"',)]


@pytest.mark.parametrize("column", ["stage = 'judce'", "idx = 131072", "judged = -1", "complete = 64"])
def test_a_settlement_that_says_nonsense_is_counted_anew(run: Path, column: str) -> None:
    before = journal(run)
    edit(f"UPDATE settlements SET {column} WHERE stage = 'judge' AND idx = 0")
    code, named = save()
    assert code == 2
    assert "settlement 0 of judge" in named
    assert journal(Path("new")) == before
    command("status", "--out", "new").done()


def test_reviews_come_along(run: Path) -> None:
    with closing(sqlite3.connect(run / "reviews.sqlite")) as reviews:
        reviews.execute("CREATE TABLE anything (a)")
    save()
    assert (Path("new") / "reviews.sqlite").read_bytes() == (run / "reviews.sqlite").read_bytes()


def test_a_folder_in_use_and_a_file_of_something_else_are_refused(run: Path) -> None:
    command("export", "--out", "run", "--salvage", "run").failed(2, "run is not empty", "Name a new folder")
    command("export", "--out", "gone", "--salvage", "new").failed(2, "there is no run in gone")
    (run / RUN_FILE).write_bytes(random.Random(0).randbytes(100_000))
    command("export", "--out", "run", "--salvage", "new").failed(2, "nothing in", "can be read", "Use a backup")
    assert not Path("new").exists()
