"""Who may open a run folder: one writer, any number of readers, and nothing that is not a run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.errors import RunError
from selfinstruct.files.names import REVIEW_FILE
from selfinstruct.store import RUN_FILE, InitialFacts, RunStore
from selfinstruct.types import Message, Request
from tests.command_line import command

HOLD = """
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from selfinstruct.store import RunStore
store = RunStore.open(Path(sys.argv[1]))
store.facts.record_again(config={"seed": 1})
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the folder open and writes."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], text=True, **pipes)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    yield process
    process.kill()
    process.communicate()


def begin(folder: Path) -> None:
    with closing(RunStore.open(folder)) as store:
        store.create([], InitialFacts(config={"seed": 1}))


def alter(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / RUN_FILE)) as connection:
        connection.execute(sql)
        connection.commit()


def test_a_second_process_is_refused_with_the_first_one_s_pid(folder: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(RunError, match=rf"in use by another process \(pid {holder.pid}\)"):
        RunStore.open(folder)


def test_a_second_writer_of_the_same_process_is_refused_too(folder: Path) -> None:
    with closing(RunStore.open(folder)), pytest.raises(RunError, match="another call of this process"):
        RunStore.open(folder)


def test_a_killed_process_frees_the_folder_and_keeps_what_it_wrote(folder: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    with closing(RunStore.open(folder)) as store:
        assert store.facts.config == {"seed": 1}


def test_a_run_can_be_read_while_another_process_writes(folder: Path, holder: subprocess.Popen[str]) -> None:
    with closing(RunStore.open_readonly(folder)) as store:
        assert store.facts.config == {"seed": 1}
        with pytest.raises(RunError, match="reading only"):
            store.facts.record_again(config={"seed": 2})


def test_a_reader_sees_what_is_written_meanwhile(folder: Path) -> None:
    begin(folder)
    with closing(RunStore.open(folder)) as writer, closing(RunStore.open_readonly(folder)) as reader:
        writer.facts.record_again(config={"seed": 2})
        assert reader.facts.config == {"seed": 2}


def test_a_closed_run_is_one_file_that_can_be_copied(folder: Path, tmp_path: Path) -> None:
    begin(folder)
    assert sorted(entry.name for entry in folder.iterdir()) == ["run.lock", RUN_FILE]
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / RUN_FILE).write_bytes((folder / RUN_FILE).read_bytes())
    with closing(RunStore.open_readonly(copy)) as store:
        assert store.facts.config == {"seed": 1}


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="cannot be made"):
        RunStore.open(tmp_path / "file" / "run")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")
def test_a_folder_that_cannot_be_made_is_an_error() -> None:
    with pytest.raises(RunError, match="cannot be made"):
        RunStore.open(Path("/proc/selfinstruct/run"))


@pytest.mark.parametrize("name", [RUN_FILE, "run.lock"])
def test_a_folder_in_the_place_of_a_file_is_an_error(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    with pytest.raises(RunError, match=r"cannot be (used|written)"):
        RunStore.open(folder)


@pytest.mark.parametrize("name", [RUN_FILE, "run.lock"])
def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path, name: str) -> None:
    folder.mkdir()
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError):
        RunStore.open(folder)
    assert not (tmp_path / "elsewhere").exists()


def test_a_run_of_a_newer_program_is_refused_and_left_alone(folder: Path) -> None:
    begin(folder)
    alter(folder, "PRAGMA user_version = 999")
    for way_in in (RunStore.open, RunStore.open_readonly):
        with pytest.raises(RunError, match="newer selfinstruct"):
            way_in(folder)


def test_a_refused_folder_is_not_kept_locked(folder: Path) -> None:
    begin(folder)
    alter(folder, "PRAGMA user_version = 999")
    with pytest.raises(RunError):
        RunStore.open(folder)
    alter(folder, "PRAGMA user_version = 6")
    RunStore.open(folder).close()


def test_a_file_that_is_not_a_database_is_an_error(folder: Path) -> None:
    folder.mkdir()
    (folder / RUN_FILE).write_text("a text, and not a short one, so that it is no empty database either. " * 20)
    for way_in in (RunStore.open, RunStore.open_readonly):
        with pytest.raises(RunError, match="not a"):
            way_in(folder)


def test_the_database_of_another_program_is_not_changed(folder: Path) -> None:
    folder.mkdir()
    alter(folder, "CREATE TABLE theirs (x)")
    for way_in in (RunStore.open, RunStore.open_readonly):
        with pytest.raises(RunError, match="not a run of this program"):
            way_in(folder)
    with closing(sqlite3.connect(folder / RUN_FILE)) as connection:
        assert [name for (name,) in connection.execute("SELECT name FROM sqlite_master")] == ["theirs"]


def test_a_folder_without_a_run_cannot_be_read_and_is_not_made(folder: Path) -> None:
    with pytest.raises(RunError, match="no run in"):
        RunStore.open_readonly(folder)
    assert not folder.exists()


@pytest.mark.parametrize("left", ["nothing", "header", "tables"])
def test_a_kill_before_a_run_begins_leaves_a_folder_that_can_be_used(folder: Path, left: str) -> None:
    folder.mkdir()
    if left == "nothing":
        (folder / RUN_FILE).touch()
    elif left == "header":
        alter(folder, "PRAGMA journal_mode = WAL")
    else:
        RunStore.open(folder).close()
    assert not RunStore.exists(folder)
    begin(folder)
    assert RunStore.exists(folder)


def copied(folder: Path, to: Path, *names: str) -> Path:
    """A copy of some files of a run folder, as it would be after a kill."""
    to.mkdir()
    for name in names:
        (to / name).write_bytes((folder / name).read_bytes())
    return to


DIES_WHILE_MADE = """
import os, signal, sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("PRAGMA cache_size = 1")
file.execute("BEGIN")
file.execute("CREATE TABLE made (text)")
file.execute("INSERT INTO made VALUES (?)", ("x" * 100_000,))
os.kill(os.getpid(), signal.SIGKILL)
"""


def die_while_made(path: Path) -> None:
    """What a kill leaves before the switch to a write-ahead log: a part of a database, and a journal to undo it."""
    path.parent.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-c", DIES_WHILE_MADE, str(path)], check=False)
    assert path.stat().st_size
    assert path.with_name(f"{path.name}-journal").stat().st_size


@pytest.mark.parametrize("name", ["status", "generate"])
def test_a_kill_while_the_database_is_made_leaves_a_folder_that_can_be_used(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    die_while_made(folder / RUN_FILE)
    if name == "status":
        command(name, "--out", str(folder)).failed(2, "there is no run in")
    command("generate", "--out", str(folder), "--backend", "demo", "--target", "3").done()


def test_a_kill_while_the_file_of_reviews_is_made_leaves_a_run_that_can_be_exported(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command("generate", "--out", str(folder), "--backend", "demo", "--target", "3").done()
    die_while_made(folder / REVIEW_FILE)
    command("export", "--out", str(folder)).done()


def test_a_copy_of_a_killed_run_without_its_log_is_recognised_and_never_starts_again(
    folder: Path, tmp_path: Path
) -> None:
    with closing(RunStore.open(folder)) as store:
        store.create([], InitialFacts(config={"seed": 1}))
        alone = copied(folder, tmp_path / "alone", RUN_FILE)
        both = copied(folder, tmp_path / "both", RUN_FILE, f"{RUN_FILE}-wal")
    closed = copied(folder, tmp_path / "closed", RUN_FILE)
    for copy, lost in ((alone, True), (both, False), (closed, False)):
        with closing(RunStore.open(copy)) as store:
            assert (store.lost_log, store.facts.config) == (lost, {"seed": 1}), copy


@pytest.mark.parametrize("before", [(), ("status",), ("doctor", "--backend", "demo")])
def test_the_commands_recognise_such_a_copy_also_after_another_one_has_read_it(
    folder: Path, tmp_path: Path, before: tuple[str, ...]
) -> None:
    SelfInstruct(backend="demo", out=folder).generate(3)
    with closing(RunStore.open(folder)) as store:
        store.record_request(Request("classify", 0, (Message("user", "Go."),))).result()
        alone = copied(folder, tmp_path / "alone", RUN_FILE)
    words = f"{alone / RUN_FILE}-wal is missing: if this is a copy, its last replies are in that file"
    if before:
        found = command(*before, "--out", alone).done()
        assert (words in found.out) == (before[0] == "doctor")
    ended = command("generate", "--target", "4", "--out", alone).done()
    assert words in ended.err
    assert words not in command("generate", "--target", "5", "--out", alone).done().err


def test_the_database_alone_is_the_run_after_a_stage_and_the_log_stays_small(folder: Path, tmp_path: Path) -> None:
    with closing(RunStore.open(folder)) as store:
        store.create([], InitialFacts())
        for index in range(300):
            request = Request("generate", index, (Message("user", "x" * 20_000),))
            store.record_request(request).result()
        assert (folder / f"{RUN_FILE}-wal").stat().st_size < 2_000_000
        store.move_log()
        alone = copied(folder, tmp_path / "alone", RUN_FILE)
    with closing(RunStore.open_readonly(alone)) as store:
        assert store.next_request_index("generate") == 300


def test_a_run_is_read_in_a_folder_that_cannot_be_written() -> None:
    with TemporaryDirectory() as made:
        folder = Path(made)
        begin(folder)
        before = sorted(path.name for path in folder.iterdir())
        folder.chmod(0o555)
        try:
            assert in_a_process_without_rights(lambda: RunStore.open_readonly(folder).close()) == 0
            assert sorted(path.name for path in folder.iterdir()) == before
        finally:
            folder.chmod(0o755)


def in_a_process_without_rights(work: Callable[[], None]) -> int:
    """The exit code of a process that does this work; root, who may write everywhere, is another user there."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            if os.getuid() == 0:
                os.setuid(65534)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
