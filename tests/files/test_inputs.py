"""Every input is a regular file, or is refused at once: a pipe would be read half, or waited for without an end."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.command_line import Ended, command

ROW = '{"instruction": "Name three rivers of Europe that flow north.", "input": "", "output": "Rhine."}\n'
pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs on Windows")

COMMANDS = [
    "fingerprint rows.jsonl PATH -o out.fp",
    "import rows.jsonl PATH --out run",
    "dedup PATH -o out.jsonl",
    "generate --backend demo --seeds PATH --target 3 --out run",
    "generate --backend demo --config PATH --target 3 --out run",
    "generate --backend demo --plugin PATH.py --target 3 --out run",
    "generate --backend replay --set backend.path=PATH --target 3 --out run",
    'generate --backend demo --set generate.add_filters=[{use="decontamination",sets=["PATH"]}] --out run',
    'generate --backend demo --set generate.add_filters=[{use="unsafe",files=["PATH"]}] --out run',
    "generate --backend demo --set generate.encoder.topics=PATH --target 3 --out run",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with rows to read and pipes that nobody writes to."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.jsonl").write_text(ROW)
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.py")
    return tmp_path


def run_with_deadline(line: str) -> Ended:
    """The end of a command; if it waits for a pipe, its wait ends with an empty pipe and the test fails by that."""
    opened = threading.Timer(20, lambda: os.close(os.open("pipe", os.O_WRONLY | os.O_NONBLOCK)))
    opened.daemon = True
    opened.start()
    try:
        return command(*line.split())
    finally:
        opened.cancel()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_pipe_without_a_writer_is_refused_in_a_sentence(line: str) -> None:
    found = run_with_deadline(line.replace("PATH", "pipe"))
    assert found.code in (2, 3), found
    assert "a pipe" in found.err or "regular file" in found.err, found.err
    assert "Traceback" not in found.err


@pytest.mark.parametrize("line", [line for line in COMMANDS if "--plugin" not in line])
def test_an_endless_file_is_refused_in_a_sentence(line: str) -> None:
    found = command(*line.replace("PATH", "/dev/zero").split())
    assert found.code in (2, 3), found
    assert "a device" in found.err or "regular file" in found.err, found.err
