"""No output replaces an input, a run, or a file that nobody asked to have replaced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.errors import RunError
from selfinstruct.files.names import CONTRACTS, INSTRUCTIONS, RUN_FILE
from tests.command_line import command

ROW = '{"instruction": "Name three rivers of Europe that flow north.", "input": "", "output": "Rhine."}\n'


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small run, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    SelfInstruct(backend="demo", out=tmp_path / "run").generate(3)
    (tmp_path / "rows.jsonl").write_text(ROW)
    return tmp_path / "run"


def contents(folder: Path) -> dict[Path, bytes]:
    """All files but those that SQLite makes to read a database."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith(("-shm", "-wal")))
    return {path: path.read_bytes() for path in files}


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_new_run_never_replaces_files_of_an_older_one(tmp_path: Path, name: str) -> None:
    old = tmp_path / "old" / name
    old.parent.mkdir(parents=True)
    old.write_text(ROW)
    with pytest.raises(RunError, match="exists already"):
        SelfInstruct(backend="demo", out=tmp_path / "old").generate(3)
    assert contents(tmp_path / "old") == {old: ROW.encode()}


def test_a_run_whose_database_was_lost_is_refused_with_the_way_to_import_its_files(run: Path) -> None:
    (run / RUN_FILE).unlink()
    kept = (run / INSTRUCTIONS).read_bytes()
    found = command("generate", "--backend", "demo", "--target", "3", "--out", "run")
    assert found.code == 2
    assert "selfinstruct import run/machine_generated_instructions.jsonl" in found.err
    assert (run / INSTRUCTIONS).read_bytes() == kept


@pytest.mark.parametrize(
    "line",
    [
        f"report --out run -o run/{RUN_FILE}",
        f"report --out run -o run/{RUN_FILE}-wal",
        f"report --out run -o run/{INSTRUCTIONS}",
        "report --out run -o run",
        "fingerprint rows.jsonl -o rows.jsonl",
        "fingerprint rows.jsonl -o link.jsonl",
        f"fingerprint rows.jsonl -o run/{RUN_FILE}",
        "dedup rows.jsonl -o rows.jsonl",
        "dedup rows.jsonl -o ./run/../rows.jsonl",
        f"dedup rows.jsonl -o run/{INSTRUCTIONS}",
        f"reprocess run --out again --diff run/{RUN_FILE}",
        "export --out run --to run",
        "export --out run --to mine",
    ],
)
def test_an_output_never_replaces_an_input_or_a_file_of_a_run(run: Path, line: str) -> None:
    (run.parent / "link.jsonl").symlink_to("rows.jsonl")
    (run.parent / "mine" / "data").mkdir(parents=True)
    (run.parent / "mine" / "data" / "train.jsonl").write_text(ROW)
    SelfInstruct(backend="demo", out=run).run(3)
    before = contents(run.parent)
    found = command(*line.split())
    assert (found.code, contents(run.parent)) == (2, before), found.err
    assert "Choose another" in found.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs on Windows")
def test_an_output_never_replaces_a_device_or_a_fifo(run: Path) -> None:
    os.mkfifo(run.parent / "fifo")
    found = command("report", "--out", "run", "-o", "fifo")
    assert found.code == 2
    assert (run.parent / "fifo").is_fifo()
