"""What a killed command leaves beside its output goes with the next one; what another one is writing stays."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from selfinstruct.files.atomic import atomic_write, write_text
from tests.command_line import command

KILLED = """
import os, signal, sys
from selfinstruct.files import atomic
atomic.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
from selfinstruct.cli import main
sys.argv = ["selfinstruct", *sys.argv[1:]]
main()
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a killed command's file stays there")


@pytest.mark.parametrize("name", ["dataset", "[a]*"])
def test_the_next_export_deletes_what_a_killed_one_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for args in (("generate", "--target", "3"), ("classify",), ("instances",), ("prepare",)):
        command(*args, "--out", "run", *(("--backend", "demo") if args[0] != "prepare" else ())).done()
    export = ("export", "--out", "run", "--to", name)
    killed = subprocess.run([sys.executable, "-c", KILLED, *export], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    left = list((tmp_path / name).iterdir())
    assert left
    others = {f"{left[0].name}0", left[0].name[:-1], ".notes.12345678"}  # a user's own
    for other in others:
        (tmp_path / name / other).touch()
    command(*export).done()
    assert {path.name for path in (tmp_path / name).iterdir() if path.name.startswith(".")} == others


def test_a_file_that_is_being_written_stays(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    with atomic_write(out) as slow:
        slow.write(b"slow")
        write_text(out, "quick")
        assert out.read_text() == "quick"
    assert out.read_text() == "slow"
    assert list(tmp_path.iterdir()) == [out]
