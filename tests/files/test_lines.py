"""Rows of JSONL are lines for every reader, and what a command prints fits into any pipe."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.cli.events import emit
from selfinstruct.files.atomic import write_jsonl
from tests.command_line import COMMAND, command

ODD = "a\x85b\u2028c\u2029d\x0be\x0cf\x1cg\x00h\x9bi\u202ej"


def test_a_file_of_n_rows_has_n_lines_for_every_reader(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": ODD, ODD: 1}, {"text": "plain"}]
    assert write_jsonl(tmp_path / "rows.jsonl", rows) == 2
    text = (tmp_path / "rows.jsonl").read_text("utf-8")
    assert [json.loads(line) for line in text.splitlines()] == rows


def test_dedup_reads_numbers_of_any_length_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"instruction": "Name a river.", "n": ' + "9" * 5000 + "}\n")
    command("dedup", path).failed(2, "line 1 is not a JSON object")


def test_a_seed_with_a_nul_character_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "seeds.jsonl"
    task = {"instruction": "Name a\0 river.", "instances": [{"output": "Rhine"}], "is_classification": False}
    path.write_text(json.dumps(task) + "\n")
    command("generate", "--backend", "demo", "--seeds", path, "--out", tmp_path / "run").failed(2, "line 1", "NUL")


def test_events_are_ascii_for_any_pipe_and_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    emit("note", text=ODD + "😂")
    said = capsys.readouterr().out
    assert said.isascii()
    assert json.loads(said)["text"] == ODD + "😂"


@pytest.mark.parametrize("line", ["why g0.0", "trace g0.0", "status"])
def test_output_to_a_pipe_of_another_encoding_says_everything(tmp_path: Path, line: str) -> None:
    (tmp_path / "old.jsonl").write_text(json.dumps({"instruction": "Draw a 😂 for a friend."}))
    command("import", tmp_path / "old.jsonl", "--seeds", "builtin", "--out", tmp_path / "run").done()
    ended = subprocess.run(
        [*COMMAND, *line.split(), "--out", str(tmp_path / "run")],
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert line == "status" or b"\\U0001f602" in ended.stdout, ended.stdout
