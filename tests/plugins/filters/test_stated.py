"""Sums, counts, orders and comparisons that tasks state plainly, in other words than those of the demo."""

from __future__ import annotations

import tomllib

import pytest

from selfinstruct.types import Example

from .quality import CORPUS, filters

ROWS = tomllib.loads((CORPUS / "stated.toml").read_text("utf-8"))
CHECKS = [one for name, one in filters("prepare").items() if name in ("sums", "counts", "order")]
TABLES = {"seen": ROWS["plain"][::2], "held out": ROWS["plain"][1::2], "unseen": ROWS["unseen"]}


def is_dropped(instruction: str, given: str, output: str) -> bool:
    item = Example(instruction, given, output, False, "g0.0")
    return any(not check.evaluate(item).keep for check in CHECKS)


@pytest.mark.parametrize(("part", "share"), [("seen", 0.9), ("held out", 0.9), ("unseen", 0.8)])
def test_wrong_results_of_plain_tasks_are_found(part: str, share: float) -> None:
    found = sum(is_dropped(task, given, wrong) for task, given, _, wrong in TABLES[part])
    assert found >= share * len(TABLES[part])


def test_right_results_are_kept_and_so_is_what_asks_for_more_than_its_first_words_say() -> None:
    right = [row[:3] for part in TABLES.values() for row in part] + ROWS["not_plain"]
    assert [row for row in right if is_dropped(*row)] == []


@pytest.mark.parametrize(
    ("instruction", "given", "output"),
    [
        ("Add up the scores.", "-3, +4, 10", "11"),
        ("What do 0.1 and 0.2 add up to?", "", "0.3"),
        ("How many words are in this?", "", "4"),
        ("Sort: ", "", "1, 2"),
        ("Which is larger, 5 or 5?", "", "Neither: both are 5"),
        ("Sort the numbers in ascending order: 2, 2, 1.", "", "1, 2"),
        ("Count the words: one", "", "1"),
        ("Divide 7 by 0.", "", "0"),
    ],
)
def test_what_cannot_be_told_is_kept(instruction: str, given: str, output: str) -> None:
    assert not is_dropped(instruction, given, output)
