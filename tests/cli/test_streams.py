"""Standard streams that are closed or full, a computer without room for a thread, and keys in a plugin's error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import environment

GENERATE = "generate --backend demo --target 3 --out run"
NO_THREADS = """
import sys, threading
from selfinstruct.cli import main
def start(thread):
    raise RuntimeError("can't start new thread")
threading.Thread.start = start
main()
"""
TELLS_KEY = """
import os
raise SystemExit("the key " + os.environ["OTHER_API_KEY"] + " is wrong")
"""


def shell(line: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    started = line.replace("selfinstruct", f"{sys.executable} -m selfinstruct", 1)
    env = {**environment(), **variables}
    return subprocess.run(["sh", "-c", started], cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_run_without_some_standard_streams_is_like_any_other(tmp_path: Path, closed: str) -> None:
    assert shell(f"selfinstruct {GENERATE} {closed}", tmp_path).returncode == 0
    assert len((tmp_path / "run/machine_generated_instructions.jsonl").read_text("utf-8").splitlines()) == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("options", ["", " --json"])
def test_output_onto_a_full_disk_stops_in_a_sentence(tmp_path: Path, options: str) -> None:
    ended = shell(f"selfinstruct {GENERATE}{options} > /dev/full", tmp_path)
    assert (ended.returncode, ended.stderr.splitlines()[-2:]) == (
        5,
        ["stopped: the output cannot be written: the disk is full", "Make room, then run it again."],
    )
    assert shell(f"selfinstruct {GENERATE}", tmp_path).returncode == 0


def test_a_computer_that_starts_no_thread_has_too_little_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", NO_THREADS, *GENERATE.split()]
    ended = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert ended.returncode == 5, ended.stderr
    assert "stopped: there is not enough memory" in ended.stderr


def test_a_key_in_the_error_of_a_plugin_is_masked_whatever_key_it_is(tmp_path: Path) -> None:
    (tmp_path / "tells.py").write_text(TELLS_KEY, "utf-8")
    ended = shell(f"selfinstruct {GENERATE} --plugin ./tells.py", tmp_path, OTHER_API_KEY="k3y-0f-an0ther-service")
    assert ended.returncode == 3
    assert "the key *** is wrong" in ended.stderr


FAILS_WITH_KEY = """
import os
from selfinstruct.api import Component, Filter, Options, hookimpl

class Fails(Filter):
    def evaluate(self, item):
        raise ValueError("the key " + os.environ["OTHER_API_KEY"] + " is wrong")

@hookimpl
def selfinstruct_filters():
    return [Component("fails", "It fails", Options, lambda _: Fails(), stages=("generate",))]

@hookimpl
def selfinstruct_stage_started(stage):
    raise ValueError("the key " + os.environ["OTHER_API_KEY"] + " is wrong")
"""


def test_a_key_in_the_error_of_a_filter_or_observer_is_in_no_file_and_no_message(tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text(FAILS_WITH_KEY, "utf-8")
    (tmp_path / "run").mkdir()
    options = "--plugin ./fails.py --filter fails --max-requests 1 --set run.on_plugin_error=quarantine"
    key = "k3y-0f-an0ther-service"
    ended = shell(f"selfinstruct {GENERATE} {options}", tmp_path, OTHER_API_KEY=key)
    assert ended.returncode == 5, ended.stderr
    assert "the key *** is wrong" in ended.stderr
    assert key not in ended.stderr + ended.stdout
    files = {file.name: file.read_bytes() for file in (tmp_path / "run").rglob("*") if file.is_file()}
    assert b"the key *** is wrong" in files["run.sqlite"] + files.get("run.sqlite-wal", b"")
    assert not [name for name, held in files.items() if key.encode() in held]
