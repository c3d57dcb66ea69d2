"""A disk that is read-only, and a clock that jumps back: the run says so or does not mind, and loses nothing."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from unittest import mock

import pytest

from selfinstruct.errors import Stopped
from selfinstruct.store import Calls
from tests.command_line import environment
from tests.faults.bench import ProviderBench
from tests.project import Project
from tests.servers.provider import Provider

DAY = 86400


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing be written there by who must heed the permissions of files."""
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def heedful() -> list[str]:
    """What to put before a command so that permissions bind it, as they do not bind root."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("permissions do not bind root, and there is no setpriv to give up that right")
    return ["setpriv", "--bounding-set=-dac_override"]


@pytest.mark.parametrize("has_started", [True, False], ids=["continues", "starts"])
def test_on_a_read_only_disk_nothing_is_asked_and_one_sentence_says_why(tmp_path: Path, has_started: bool) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    broken, unbroken = Project(disk / "run"), Project(tmp_path / "unbroken").grow(30)
    if has_started:
        broken.grow(10)
    command = [*heedful(), sys.executable, "-m", "selfinstruct", "generate", "--backend", "demo", "--target", "30"]
    with read_only(disk):
        ended = subprocess.run(
            [*command, "--out", str(broken.folder)],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert ended.returncode == 2, (ended.stdout, ended.stderr)
    assert str(broken.folder) in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) <= 3, ended.stderr
    assert broken.grow(30).exported() == unbroken.exported()


def clock(tell: Callable[[], float]) -> AbstractContextManager[object]:
    """Another time of day for the journal of calls."""
    return mock.patch.object(Calls.__init__, "__defaults__", (tell,))


def test_a_clock_that_jumps_back_changes_no_result_and_no_budget(tmp_path: Path) -> None:
    """Every reading is an hour before the one before it, and the second command's day is the one before."""
    calm, odd = ProviderBench(tmp_path / "calm", Provider()), ProviderBench(tmp_path / "odd", Provider())
    calm.run(60)
    began = time.time()
    falling = itertools.count()
    with clock(lambda: began - 3600 * next(falling)):
        with pytest.raises(Stopped, match="7 requests"):
            odd.run(60, budget={"max_requests": 7})
        assert len(odd.provider.prompts) == 7
        with pytest.raises(Stopped, match="a day is reached"):
            odd.run(60, budget={"max_requests": 100}, limits={"requests_per_day": 10})
    assert len(odd.provider.prompts) == 10, "what was spent stays spent, though its time has not come yet"
    with closing(odd.open_readonly()) as store:
        assert store.calls().spent().requests == 10
    with clock(lambda: began + 2 * DAY):
        odd.run(60, budget={"max_requests": 100}, limits={"requests_per_day": 100})
    odd.check()
    assert Project(odd.folder).exported() == Project(calm.folder).exported()


LITTLE_MEMORY = """
import resource, sys
from selfinstruct.cli import main
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
sys.argv = ["selfinstruct", "dedup", sys.argv[1]]
main()
"""


def test_a_command_that_finds_no_memory_is_stopped_in_a_sentence(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    with rows.open("wb") as file:
        file.truncate(2 << 30)  # one line, which takes no room on the disk
    command = [sys.executable, "-c", LITTLE_MEMORY, str(rows)]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 5, ended.stderr
    assert ended.stderr.startswith("stopped: there is not enough memory\nNothing that was recorded is lost.")
    assert not (tmp_path / "rows.deduplicated.jsonl").exists()
