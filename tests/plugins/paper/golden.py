"""Finds the recorded inputs and outputs of the reference code, which are stored beside the repository."""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[3].parent / "shared" / "data" / "golden"


def golden(name: str) -> pytest.MarkDecorator:
    """Run a test for each recorded case of a file; skip it with a reason if the file is missing."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        absent = pytest.param(None, marks=pytest.mark.skip(reason=f"the recorded cases are absent: {path}"))
        return pytest.mark.parametrize("case", [absent])
    cases: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.get("id")) for case in cases])


def raises(case: dict[str, Any]) -> bool:
    """Whether the reference raised an exception in this case."""
    return isinstance(case["output"], dict) and "raises" in case["output"]


def unordered(rows: list[Any]) -> list[Any]:
    """Sort rows, because the reference's order was that of a set."""
    return sorted(list(row) for row in rows)
