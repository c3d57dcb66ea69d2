"""The notebook works: its cells are run from top to bottom in a process of their own, and shown as a notebook shows."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import environment

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "examples" / "selfinstruct.ipynb"

KERNEL = """
import ast, json, sys

names = {"__name__": "__main__"}
shown = []
for source in json.load(sys.stdin):
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None
    as_html = getattr(value, "_repr_html_", None)
    shown.append(as_html() if as_html else repr(value))
print("\\n" + json.dumps(shown))
"""
"""Runs cells in one namespace; prints what a notebook shows below each, which is the value of its last line."""


def run_cells(cells: list[str], folder: Path) -> list[str]:
    """What a notebook shows below each of these cells; fails as the cells do."""
    ended = subprocess.run(
        [sys.executable, "-c", KERNEL],
        input=json.dumps(cells),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    shown: list[str] = json.loads(ended.stdout.splitlines()[-1])
    return shown


@pytest.mark.slow
def test_every_cell_of_the_notebook_runs_in_order(tmp_path: Path) -> None:
    notebook: dict[str, Any] = json.loads(NOTEBOOK.read_text("utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    result, status, instructions, frame, row, counts = run_cells(cells, tmp_path)
    assert "20 instructions" in result
    assert "<td" in status
    assert "20 of 20" in status
    assert instructions == "None"
    assert "<table" in frame
    assert row.startswith("{'messages': [{")
    assert sum(ast.literal_eval(counts).values()) == 10


def test_the_notebook_is_one_and_holds_no_output() -> None:
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    for cell in notebook["cells"]:
        assert cell.keys() >= {"cell_type", "id", "metadata", "source"}
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_a_cell_that_fails_fails_the_test(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        run_cells(["x = 1", "x / 0"], tmp_path)
    assert run_cells(["x = 1", "x + 1"], tmp_path) == ["None", "2"]
