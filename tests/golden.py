"""Finds what the reference code was recorded to do; the recordings live beside the repository."""

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1].parent / "shared" / "data" / "golden"


def golden(name: str) -> pytest.MarkDecorator:
    """Run a test once for each recorded case of a file; skip it with a reason where the file is absent."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        absent = pytest.param(None, marks=pytest.mark.skip(reason=f"the recorded cases are absent: {path}"))
        return pytest.mark.parametrize("case", [absent])
    cases = json.loads(path.read_text("utf-8"))
    names = [str(case.get("id") or case.get("note") or position) for position, case in enumerate(cases)]
    return pytest.mark.parametrize("case", cases, ids=names)
