"""What a real, tiny model wrote and the default recipe once accepted: the good stays, and what has a sign goes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from selfinstruct.api import Draft

from .quality import filters

CORPUS = Path(__file__).parents[2] / "corpus" / "quality"
SHARES = {
    "real_run": 0.45,
    "real_run_second": 0.41,
    "real_run_third": 0.29,
    "real_run_fourth": 0.41,
    "real_run_fifth": 0.09,
    "real_run_larger": 0.69,
}
"""How much of what today's rules keep of each run is good: docs/benchmarks.md has these figures too."""

RUNS = {name: tomllib.loads((CORPUS / f"{name}.toml").read_text("utf-8")) for name in SHARES}


def lines(kind: str) -> list[str]:
    """The lines of all runs that are labelled so."""
    return [line for run in RUNS.values() for line in run[kind]]


def is_kept(text: str) -> bool:
    return all(one.evaluate(Draft(text)).keep for one in filters("generate").values())


def test_nothing_good_of_a_real_run_is_dropped() -> None:
    assert [text for text in lines("good") if not is_kept(text)] == []


def test_nothing_with_a_sign_is_kept() -> None:
    assert [text for text in lines("with_a_sign") if is_kept(text)] == []


@pytest.mark.parametrize("name", SHARES)
def test_as_much_of_what_is_kept_is_good_as_the_page_says(name: str) -> None:
    kinds = {kind: lines for kind, lines in RUNS[name].items() if kind != "good_that_a_rule_of_novelty_dropped"}
    kept = {kind: sum(map(is_kept, lines)) for kind, lines in kinds.items()}
    assert round(kept["good"] / sum(kept.values()), 2) == SHARES[name]
