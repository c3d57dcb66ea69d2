"""A damaged run is called damaged, by every command that reads it, and doctor finds damage inside texts."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.files.names import RUN_FILE
from tests.command_line import command

READING = ("status", "why g0.0", "trace g0.0", "report", "export", "generate --target 30", "doctor")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The database of a run of some hundreds of kilobytes."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    SelfInstruct(backend="demo", out=folder).run(25)
    return (folder / RUN_FILE).read_bytes()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def flip_bits(content: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(content)
    for _ in range(200):
        spoilt[chance.randrange(100, len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def zero_pages(content: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(content)
    for _ in range(5):
        page = chance.randrange(1, len(spoilt) // 4096)
        spoilt[page * 4096 : (page + 1) * 4096] = bytes(4096)
    return bytes(spoilt)


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(4096, len(content))]


def replace_all(content: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(len(content))


SPOIL: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "flipped bits": flip_bits,
    "zeroed pages": zero_pages,
    "cut off": cut,
    "another file": replace_all,
}


@pytest.mark.parametrize("kind", SPOIL)
@pytest.mark.parametrize("seed", range(3))
def test_every_command_calls_a_damaged_run_damaged(run: Path, whole: bytes, kind: str, seed: int) -> None:
    chance = random.Random(f"{kind}:{seed}")
    for line in READING:
        shutil.rmtree(run)
        run.mkdir()
        (run / RUN_FILE).write_bytes(SPOIL[kind](whole, chance))
        ended = command(*line.split(), "--out", "run", *(["--backend", "demo"] if "generate" in line else []))
        assert "bug of selfinstruct" not in ended.err, (line, ended)
        assert ended.code in (0, 2), (line, ended)
        assert ended.code == 0 or "damaged" in ended.err + ended.out, (line, ended)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE replies SET text = text || ' ' WHERE idx = 0",
        "UPDATE decisions SET text = replace(text, 'e', 'E') WHERE stage = 'prepare'",
        "UPDATE requests SET body = replace(body, 'task', 'tusk')",
        "UPDATE decisions SET fate = 'rejected' WHERE stage = 'generate' AND idx = 0",
        "UPDATE settlements SET accepted = accepted - 1 WHERE stage = 'generate' AND idx = 0",
        "UPDATE seeds SET task = replace(task, ' the ', ' a ') WHERE position = 3",
        "UPDATE run SET value = replace(value, '7', '8') WHERE key = 'config.generate'",
        "UPDATE calls SET prompt_tokens = prompt_tokens - 1 WHERE id = 1",
    ],
)
def test_doctor_finds_a_row_that_was_edited(run: Path, whole: bytes, edit: str) -> None:
    (run / RUN_FILE).write_bytes(whole)
    command("doctor", "--out", "run", "--backend", "demo").done()
    with closing(sqlite3.connect(run / RUN_FILE)) as database, database:
        assert database.execute(edit).rowcount
    ended = command("doctor", "--out", "run", "--backend", "demo")
    assert ended.code == 2
    assert "is damaged" in ended.out
    assert "not as it was written" in ended.out


@pytest.mark.parametrize(
    "edit",
    ["DELETE FROM seeds WHERE position = 3", "UPDATE seeds SET task = replace(task, ' the ', ' a '), checksum = NULL"],
)
def test_doctor_finds_seed_tasks_that_are_not_those_of_the_run(run: Path, whole: bytes, edit: str) -> None:
    """The rows of an older version have no checksums, and one that is gone has none in any version."""
    (run / RUN_FILE).write_bytes(whole)
    with closing(sqlite3.connect(run / RUN_FILE)) as database, database:
        assert database.execute(edit).rowcount
    ended = command("doctor", "--out", "run", "--backend", "demo")
    assert ended.code == 2
    assert "seeds: the seed tasks are not those that the run began with" in ended.out


@pytest.mark.parametrize("edit", ["evidence = '{'", "payload = '[]'", "similarity = 'x'", "notes = ''", "text = x'ff'"])
def test_a_row_that_cannot_be_read_is_damage_and_no_bug(run: Path, whole: bytes, edit: str) -> None:
    (run / RUN_FILE).write_bytes(whole)
    with closing(sqlite3.connect(run / RUN_FILE)) as database, database:
        database.execute(f"UPDATE decisions SET {edit}")
    command("export", "--out", "run").failed(2, "run.sqlite is damaged", "selfinstruct doctor")


@pytest.mark.parametrize("line", READING)
def test_a_schema_that_is_no_text_is_damage_and_no_bug(run: Path, whole: bytes, line: str) -> None:
    (run / RUN_FILE).write_bytes(whole.replace(b"CREATE TABLE replies (", b"CREATE TABL\xe9 replies ("))
    ended = command(*line.split(), "--out", "run", *(["--backend", "demo"] if "generate" in line else []))
    assert ended.code == 2, ended
    assert "run.sqlite is damaged: its schema cannot be read" in ended.out + ended.err


@pytest.mark.parametrize("line", READING)
def test_a_setting_that_was_spoilt_is_damage_and_no_mistake_of_the_user(run: Path, whole: bytes, line: str) -> None:
    (run / RUN_FILE).write_bytes(whole.replace(b'"use":"marks"', b'"use":"mqrks"'))
    ended = command(*line.split(), "--out", "run", *(["--backend", "demo"] if "generate" in line else []))
    assert ended.code == 2, ended
    assert "not as it was written" in ended.out + ended.err
