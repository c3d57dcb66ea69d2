"""A full disk stops a command resumably (exit code 5), also where it is met before anything is written."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.errors import DiskFullError, RunError
from selfinstruct.files.names import RUN_FILE
from selfinstruct.store import InitialFacts, RunStore
from selfinstruct.store.damage import RunConnection
from selfinstruct.store.database import open_to_read
from selfinstruct.store.write_errors import write_error
from selfinstruct.types import Message, Request
from tests.command_line import environment

OPEN = """
import json, os, sys, traceback
from pathlib import Path
from selfinstruct.store import InitialFacts, RunStore
disk, found = Path(sys.argv[1]), {}
for kilobytes in map(int, sys.argv[2:]):
    (disk / "filler").unlink(missing_ok=True)
    free = os.statvfs(disk)
    (disk / "filler").write_bytes(bytes(free.f_bavail * free.f_frsize - 1024 * kilobytes))
    try:
        store = RunStore.open(disk / f"run{kilobytes}")
        try:
            store.create([], InitialFacts(tree={"long": "x" * 100_000}))
        finally:
            store.close(discard=True)
        found[kilobytes] = "opened"
    except Exception as error:
        found[kilobytes] = type(error).__name__
print(json.dumps(found))
"""
LEVELS = ["0", "4", "8", "16", "32", "44", "64", "100", "200", "1000"]


def test_a_run_that_finds_no_room_at_all_is_resumable(tmp_path: Path) -> None:
    """On a real small disk, with more and more room: for the lock, the database, its log and the index of that."""
    mount = f'mount -t tmpfs -o size=2m tmpfs {tmp_path} && exec "$@"'
    space = [shutil.which("unshare") or "", "--mount", *(["--map-root-user"] if os.geteuid() else [])]
    if not space[0] or subprocess.run([*space, "sh", "-c", mount, "sh", "true"], capture_output=True).returncode:
        pytest.skip("this user cannot mount a small disk")
    command = [*space, "sh", "-c", mount, "sh", sys.executable, "-c", OPEN, str(tmp_path), *LEVELS]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == dict.fromkeys(LEVELS[:-1], "DiskFullError") | {"1000": "opened"}


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("words of SQLite")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError(errno.EFBIG, "File too large"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (OSError(errno.EMFILE, "Too many open files"), False),
        (sqlite_error(sqlite3.SQLITE_CANTOPEN), False),
        (sqlite_error(sqlite3.SQLITE_FULL), True),
        (sqlite_error(sqlite3.SQLITE_IOERR_SHMSIZE), True),
        (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), False),
        (sqlite3.ProgrammingError("closed"), False),
    ],
)
def test_only_a_full_disk_is_one(error: OSError | sqlite3.Error, is_full: bool) -> None:
    made = write_error("run.sqlite cannot be written", error, hint="Choose another --out.")
    assert (type(made), made.exit_code) == ((DiskFullError, 5) if is_full else (RunError, 2))
    assert made.message.startswith("run.sqlite cannot be written: ")
    assert ("Make room" in made.hint or "ulimit -f" in made.hint) == is_full
    assert (made.hint == "Choose another --out.") != (is_full or "ulimit -n" in made.hint)


def test_a_disk_that_fails_while_a_run_is_read_is_named_with_the_file(tmp_path: Path) -> None:
    """The rows do not fit into memory, and the file that SQLite sorts them in cannot grow."""
    with closing(RunStore.open(tmp_path)) as store:
        store.create([], InitialFacts())
        with store.transaction():
            for index in range(3000):
                store.record_request(Request("generate", index, (Message("user", f"{index % 97}" * 1000),)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with closing(open_to_read(tmp_path)) as connection:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            with pytest.raises(RunError) as caught:
                connection.execute("SELECT body FROM requests ORDER BY body").fetchall()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.message == f"{tmp_path / RUN_FILE} cannot be read: the file may not become larger"
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(("name", "sql"), [("fetchmany", 64), ("fetchone", None), ("execute", "SELECT 1 FROM run")])
def test_a_disk_that_is_full_while_a_run_is_read_is_one_to_make_room_on(name: str, sql: Any) -> None:
    assert type(error_of(name, sql)) is DiskFullError
    assert str(error_of(name, sql)).startswith("run/run.sqlite cannot be read: the disk is full")


@pytest.mark.parametrize("sql", ["INSERT INTO run VALUES (1)", "COMMIT", "BEGIN IMMEDIATE"])
def test_a_write_that_finds_no_room_is_left_to_the_writer(sql: str) -> None:
    assert type(error_of("execute", sql)) is sqlite3.OperationalError


def error_of(name: str, *args: Any) -> Exception:
    """What a cursor of a run raises if a method of SQLite's finds no room."""

    def work(*_: Any) -> Any:
        raise sqlite_error(sqlite3.SQLITE_FULL)

    work.__name__ = name
    with closing(sqlite3.connect(":memory:", factory=RunConnection)) as connection:
        connection.path = "run/run.sqlite"
        with pytest.raises((sqlite3.Error, RunError)) as caught:
            connection.execute("SELECT 1")._read(work, *args)
    return caught.value


LIMITED = """
import resource, sys
from selfinstruct.cli import main
kind, most = getattr(resource, sys.argv[1]), int(sys.argv[2])
resource.setrlimit(kind, (most, most))
sys.argv = ["selfinstruct", "run", "--backend", "demo", "--target", "20", "--quiet", "--out", sys.argv[3]]
main()
"""


def limited(name: str, most: int, run: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LIMITED, name, str(most), str(run)]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.parametrize("kilobytes", [1, 50, 200])
def test_a_limit_on_the_size_of_files_is_named_and_stops_a_run_resumably(tmp_path: Path, kilobytes: int) -> None:
    ended = limited("RLIMIT_FSIZE", kilobytes * 1024, tmp_path / "run")
    assert ended.returncode == 5, ended.stderr
    assert "cannot be" in ended.stderr
    assert ": the file may not become larger\nNothing that was recorded is lost. Raise the limit" in ended.stderr


def test_every_limit_on_open_files_that_ends_a_run_is_named(tmp_path: Path) -> None:
    """Which file is one too many decides what is said of it; SQLite does not say why it cannot open one."""
    for most in range(7, 15):
        ended = limited("RLIMIT_NOFILE", most, tmp_path / f"run{most}")
        if ended.returncode:
            assert "too many" in ended.stderr.lower(), (most, ended.stderr)
            assert (".sqlite" in ended.stderr) <= ("Raise the limit, such as ulimit -n" in ended.stderr), ended.stderr


NO_LOCKS = """
import errno, fcntl, sys
def flock(*_):
    raise OSError(errno.ENOLCK, "No locks available")
fcntl.flock = flock
from selfinstruct.cli import main
sys.argv[1:] = ["generate", "--backend", "demo", "--target", "3", "--out", sys.argv[1]]
main()
"""


@pytest.mark.parametrize("has_folder", [True, False])
def test_a_start_that_is_refused_for_missing_locks_leaves_nothing_behind(tmp_path: Path, has_folder: bool) -> None:
    run = tmp_path / "runs" / "first"
    if has_folder:
        run.mkdir(parents=True)
    command = [sys.executable, "-c", NO_LOCKS, str(run)]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 2, ended.stderr
    assert "run.lock cannot be written: No locks available" in ended.stderr
    assert list(tmp_path.rglob("*")) == ([run.parent, run] if has_folder else [])
