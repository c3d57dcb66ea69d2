"""Parser and filters against replies whose acceptable tasks were written down by hand."""

from __future__ import annotations

import json

import pytest

from selfinstruct.config.seeds import BUILTIN, read_seeds

from .counting import LabelledReply, cases, count, fates, good_instructions

CASES = cases()
LEAST, LEAST_GOOD = 0.97, 0.95


def test_precision_and_recall() -> None:
    tally = count(CASES.values())
    precision, recall = tally.both()
    assert tally.replies >= 120
    assert precision >= LEAST, f"precision {tally.kept_right}/{tally.kept}"
    assert recall >= LEAST, f"recall {tally.kept_right}/{tally.wanted}"
    assert tally.parser()[1] >= LEAST, f"the parser's recall {tally.tasks_read}/{tally.tasks}"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_reply(case: LabelledReply) -> None:
    """`known_misses` and `known_losses` count as wrong above; here they leave the rest of their reply in view."""
    kept = [one.text for one in case.decide() if one.fate == "accepted"]
    assert sorted(kept) == sorted({*case.accepted, *case.known_misses} - {*case.known_losses})
    assert {draft.text for draft in case.read()} >= {*case.answered}


def test_good_instructions_pass() -> None:
    good = good_instructions()
    dropped = [f"{one.filter}: {one.text}" for one in fates(row["instruction"] for row in good) if one.filter]
    assert len(good) >= 200
    assert len(dropped) <= (1 - LEAST_GOOD) * len(good), json.dumps(dropped, ensure_ascii=False)


def test_all_seeds_pass() -> None:
    seeds = read_seeds(BUILTIN)
    assert len(seeds) == 175
    assert [f"{one.filter}: {one.text}" for one in fates(seed.instruction for seed in seeds) if one.filter] == []
