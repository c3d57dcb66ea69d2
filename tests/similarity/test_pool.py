"""The statistics of a pool: the nearest entries and their order, the mean, and containment."""

from __future__ import annotations

from typing import Any

import pytest

from selfinstruct.similarity import Pool, classical_tokens
from tests.golden import golden


def pool_of(*texts: str, nearest: int = 10) -> Pool:
    pool = Pool(nearest=nearest)
    pool.extend(texts)
    return pool


def test_an_empty_pool_gives_zeros_and_no_entries() -> None:
    near = Pool().compare("anything at all")
    assert (near.highest, near.nearest, near.mean, near.containment) == (0.0, (), 0.0, 0.0)


def test_the_nearest_entries_come_best_first() -> None:
    near = pool_of("x y z", "a b c d", "a b z z").compare("a b c d")
    assert [text for text, _ in near.nearest] == ["a b c d", "a b z z", "x y z"]
    assert near.highest == near.nearest[0][1] == 1.0


def test_the_older_of_equally_near_entries_comes_first() -> None:
    entries = [f"a b other{number}" for number in range(20)]
    near = pool_of("nothing alike", *entries).compare("a b")
    assert [text for text, _ in near.nearest] == entries[:10]


def test_the_older_entry_also_wins_a_tie_for_the_last_place() -> None:
    near = pool_of("a x", "a b", "a y", "a z", nearest=2).compare("a b")
    assert [text for text, _ in near.nearest] == ["a b", "a x"]


def test_the_mean_is_over_the_whole_pool_and_not_over_the_nearest_entries() -> None:
    near = pool_of("a", *["b"] * 19).compare("a")
    assert len(near.nearest) == 10
    assert near.mean == pytest.approx(1 / 20)


def test_containment_finds_a_lengthened_copy() -> None:
    near = pool_of("sort the list").compare(
        "sort the list of names that follows and print every one of them in capitals"
    )
    assert near.highest < 0.7
    assert near.containment == 1.0


def test_an_entry_without_tokens_scores_zero_and_changes_no_other_score() -> None:
    pool = Pool(classical_tokens)
    pool.extend(["你好", "a b"])
    near = pool.compare("a b")
    assert dict(near.nearest) == {"a b": 1.0, "你好": 0.0}
    assert near.mean == 0.5
    assert pool.compare("再见").highest == 0.0


def test_a_comparison_adds_nothing_to_the_pool() -> None:
    pool = pool_of("a b")
    pool.compare("c d")
    assert len(pool) == 1
    assert pool.compare("c d").highest == 0.0


@golden("novelty")
def test_recorded_novelty_decisions_are_reproduced(case: dict[str, Any]) -> None:
    given = case["input"]
    pool = Pool(classical_tokens, ties="numpy")
    pool.extend([*given["seed_instructions"], *given["machine_instructions"]])
    accepted: list[Any] = []
    for candidate in given["candidates"]:
        near = pool.compare(candidate)
        if near.highest <= 0.7:
            accepted.append((candidate, dict(near.nearest), pytest.approx(near.mean, abs=1e-12)))
            pool.add(candidate)
    if "raises" in case["output"]:  # the reference has no answer to an empty pool
        assert accepted == [(candidate, {}, 0.0) for candidate in given["candidates"]]
        return
    rows = case["output"]["rows"]
    assert [(row["instruction"], row["most_similar"], row["avg_similarity_score"]) for row in rows] == accepted
