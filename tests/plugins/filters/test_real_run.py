"""What a real, tiny model wrote and the default recipe once accepted: the good stays, and what has a sign goes."""

from __future__ import annotations

import tomllib
from pathlib import Path

from selfinstruct.api import Draft

from .quality import filters

CORPUS = Path(__file__).parents[2] / "corpus" / "quality"
NAMES = ("real_run", "real_run_second", "real_run_third")
RUNS = [tomllib.loads((CORPUS / f"{name}.toml").read_text("utf-8")) for name in NAMES]


def lines(kind: str) -> list[str]:
    """The lines of all runs that are labelled so."""
    return [line for run in RUNS for line in run[kind]]


def is_kept(text: str) -> bool:
    return all(one.evaluate(Draft(text)).keep for one in filters("generate").values())


def test_nothing_good_of_a_real_run_is_dropped() -> None:
    assert [text for text in lines("good") if not is_kept(text)] == []


def test_nothing_with_a_sign_is_kept() -> None:
    assert [text for text in lines("with_a_sign") if is_kept(text)] == []
