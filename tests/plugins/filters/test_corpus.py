"""Parser and filters against replies whose acceptable tasks were written down by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .chain import Chain, read

REPLIES = sorted((Path(__file__).parents[2] / "corpus" / "replies").glob("*.json"))
LEAST = 0.97


def _case(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _accepted(case: dict[str, Any]) -> list[str]:
    return Chain(case["examples"]).accepted(read(case["reply"], case["examples"], case["finish"]))


def test_precision_and_recall() -> None:
    hits = accepted = wanted = 0
    for path in REPLIES:
        case = _case(path)
        got = _accepted(case)
        hits += len(set(got) & set(case["accepted"]))
        accepted += len(got)
        wanted += len(case["accepted"])
    assert len(REPLIES) >= 30
    assert hits / accepted >= LEAST, f"precision {hits}/{accepted}"
    assert hits / wanted >= LEAST, f"recall {hits}/{wanted}"


@pytest.mark.parametrize("path", REPLIES, ids=lambda path: path.stem)
def test_reply(path: Path) -> None:
    case = _case(path)
    """`known_misses` are wrong, and count as wrong above; here they only keep the rest of their reply in view."""
    assert sorted(_accepted(case)) == sorted([*case["accepted"], *case.get("known_misses", [])])
