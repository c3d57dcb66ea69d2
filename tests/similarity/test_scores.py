"""The scores of a pool equal those of `rouge_score` bit for bit, at every length and at every tie."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from selfinstruct.similarity import Pool, classical_tokens, lcs_length
from tests.golden import golden
from tests.sweeps import examples


@cache
def scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=False)


def reference(target: str, prediction: str) -> float:
    score: float = scorer().score(target, prediction)["rougeL"].fmeasure
    return score


def score(left: str, right: str) -> float:
    pool = Pool(classical_tokens)
    pool.add(left)
    return pool.compare(right).highest


def words(*numbers: int) -> str:
    return " ".join(f"w{number}" for number in numbers)


few_words = st.lists(st.sampled_from(["a", "b", "the", "42", "x1", "list", "B", "It's", "co-op", "?!", "é", "1,000"]))
many_words = st.lists(st.integers(0, 30).map(str), max_size=200)
texts = st.one_of(few_words.map(" ".join), many_words.map(" ".join), st.text(max_size=60))


@given(texts, texts)
@example("", "")
@example("", "one")
@example("?!", "?!")
@example(words(*range(64)), words(*range(1, 66)))
@example(words(*range(65)), words(*range(0, 130, 2)))
@example(words(*range(129)), words(*range(128, -1, -1)))
@examples(400)
def test_a_score_equals_that_of_rouge_score_bit_for_bit(left: str, right: str) -> None:
    assert score(left, right) == reference(left, right)


@given(st.lists(texts, min_size=1, max_size=12), texts)
@examples(80)
def test_every_entry_of_a_pool_has_the_score_of_rouge_score(entries: list[str], candidate: str) -> None:
    entries = list(dict.fromkeys(entries))
    pool = Pool(classical_tokens, nearest=len(entries))
    pool.extend(entries)
    near = pool.compare(candidate)
    assert dict(near.nearest) == {entry: reference(entry, candidate) for entry in entries}
    assert near.mean == pytest.approx(sum(reference(entry, candidate) for entry in entries) / len(entries), abs=1e-12)


def ties(longest: int) -> list[tuple[int, int, int]]:
    """Every (common, left, right) whose exact F1 is 7/10."""
    lengths = range(1, longest + 1)
    exact = [(7 * (m + n) // 20, m, n) for m in lengths for n in lengths if 7 * (m + n) % 20 == 0]
    return [(common, m, n) for common, m, n in exact if common <= min(m, n)]


def pair(common: int, left: int, right: int) -> tuple[str, str]:
    """Two texts of these lengths with so many words in common, in order."""
    shared = range(common)
    return words(*shared, *range(100, 100 + left - common)), words(*shared, *range(200, 200 + right - common))


def test_ties_at_the_threshold_are_rounded_as_in_rouge_score() -> None:
    cases = [pair(*tie) for tie in ties(60)]
    ours = [score(*case) for case in cases]
    assert ours == [reference(*case) for case in cases]
    assert {value > 0.7 for value in ours} == {True, False}, (
        "rounding puts some ties above the threshold, and others not"
    )


@pytest.mark.slow
def test_ties_of_up_to_160_tokens_are_rounded_as_in_rouge_score() -> None:
    cases = [pair(*tie) for tie in ties(160)]
    assert [score(*case) for case in cases] == [reference(*case) for case in cases]


@pytest.mark.slow
def test_ten_thousand_random_pairs_have_the_scores_of_rouge_score() -> None:
    rng = Random(7)
    for _ in range(10_000):
        most = rng.choice([3, 15, 63, 64, 65, 127, 128, 129, 180])
        left, right = (words(*rng.choices(range(rng.choice([2, 9, 60])), k=rng.randint(0, most))) for _ in "lr")
        assert score(left, right) == reference(left, right)


@golden("rouge")
def test_recorded_scores_are_reproduced(case: dict[str, Any]) -> None:
    got = score(case["input"]["target"], case["input"]["prediction"])
    assert repr(got) == case["output"]["repr"]
    assert (got > 0.7) is case["output"]["gt_0_7"]


def test_the_order_of_words_changes_the_score() -> None:
    assert score("alpha beta gamma", "gamma beta alpha") == reference("alpha beta gamma", "gamma beta alpha") < 0.5


def test_a_vocabulary_may_be_larger_than_the_characters_below_the_surrogates() -> None:
    numbers = range(0xD800 + 10)
    pool = Pool(classical_tokens)
    pool.add(words(*numbers))
    assert pool.compare(words(*numbers[-20:])).containment == 1.0
    assert pool.compare(words(*numbers)).highest == 1.0
    assert pool.compare("an unknown word").highest == 0.0


def test_lcs_length_counts_common_tokens_in_order() -> None:
    assert lcs_length(["a", "b", "c", "d"], ["b", "x", "d", "a"]) == 2
    assert lcs_length([], ["a"]) == 0
