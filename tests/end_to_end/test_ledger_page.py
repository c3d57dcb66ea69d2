"""The commands on the page about the ledger work as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.command_line import command

PAGE = Path(__file__).parents[2] / "docs" / "ledger.md"


def commands() -> list[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]


def test_every_command_on_the_page_works_in_the_order_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = {}
    for name, *args in commands():
        assert name == "selfinstruct"
        said[" ".join(args)] = command(*args).done().out
    assert len(said) == 12
    assert said["why g1.0 --out runs/first"].startswith("g1.0 rejected by restated: restated\n")
    assert "restated" in command("status", "--out", "runs/first").out
    assert "restated" not in command("status", "--out", "runs/laxer").out
    assert Path("changes.jsonl").read_text("utf-8").count('"removed"') > 0
    assert "  80 accepted" in said["run --out runs/stricter --target 80"]
