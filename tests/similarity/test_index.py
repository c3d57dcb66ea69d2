"""Decisions against the plain rule: score every entry of the pool, take the highest, and of equals the oldest."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.similarity import Match, Pool, classical_tokens
from selfinstruct.similarity.native import library
from selfinstruct.similarity.scores import f_measure, least_above
from tests.sweeps import examples

NATIVE = pytest.param("native", marks=pytest.mark.skipif(library() is None, reason="no compiled kernel"))
FAST_KERNELS = ["rapidfuzz", NATIVE]
KERNELS = [*FAST_KERNELS, "rouge-score"]
THRESHOLDS = [0.0, 0.3, 0.5, 0.7, 0.85, 1.0]


@pytest.fixture(params=KERNELS)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", request.param)
    return str(request.param)


@pytest.fixture(params=FAST_KERNELS)
def fast_kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel that is fast enough for long texts and many entries."""
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", request.param)
    return str(request.param)


def words(*numbers: int) -> str:
    return " ".join(f"w{number}" for number in numbers)


@cache
def reference(target: str, prediction: str) -> float:
    from rouge_score.rouge_scorer import RougeScorer

    score: float = RougeScorer(["rougeL"]).score(target, prediction)["rougeL"].fmeasure
    return score


def expected(entries: list[str], text: str, threshold: float) -> Match | None:
    scores = [reference(entry, text) for entry in entries]
    best = max(scores, default=0.0)
    return Match(entries[scores.index(best)], best) if best > threshold else None


def texts(rng: Random, count: int, most: int, vocabulary: int) -> list[str]:
    """Random texts. A third of them are copies of others with a few words dropped, changed or added."""
    found: list[str] = []
    for _ in range(count):
        if found and rng.random() < 0.35:
            kept = [word for word in rng.choice(found).split() if rng.random() < 0.85]
            found.append(" ".join([*kept, *(f"w{rng.randrange(vocabulary)}" for _ in range(rng.randrange(3)))]))
        else:
            numbers = (min(int(rng.paretovariate(0.7)), vocabulary) for _ in range(rng.randint(0, most)))
            found.append(words(*numbers))
    return found


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize(
    ("most", "vocabulary"), [(6, 5), (18, 40), (40, 300), pytest.param(140, 60, marks=pytest.mark.slow)]
)
def test_a_decision_is_the_same_as_that_of_a_full_comparison(
    kernel: str, threshold: float, most: int, vocabulary: int
) -> None:
    if kernel == "rouge-score" and most > 40:
        pytest.skip("takes too long, and the expected decisions are those of rouge_score anyway")
    rng = Random(f"{threshold}:{most}:{vocabulary}")
    entries = texts(rng, 60, most, vocabulary)
    asked = [*texts(rng, 4, most, vocabulary), *(" ".join(entry.split()[1:]) for entry in entries[:8])]
    pool = Pool(classical_tokens)
    pool.extend(entries[:20])
    pool.decide("this builds the index before the rest is added", threshold)
    pool.extend(entries[20:])
    for text in asked:
        assert pool.decide(text, threshold) == expected(entries, text, threshold)


@given(
    st.lists(st.lists(st.integers(0, 8), max_size=20).map(lambda numbers: words(*numbers)), max_size=30),
    st.lists(st.integers(0, 10), max_size=20).map(lambda numbers: words(*numbers)),
    st.sampled_from(THRESHOLDS),
)
@examples(150)
def test_all_kernels_make_the_same_decision(entries: list[str], text: str, threshold: float) -> None:
    found = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("rapidfuzz", "rouge-score", *(["native"] if library() else [])):
            patch.setenv("SELFINSTRUCT_KERNEL", name)
            pool = Pool(classical_tokens)
            pool.extend(entries)
            found.append(pool.decide(text, threshold))
    assert found == [expected(entries, text, threshold)] * len(found)


def test_ties_at_the_threshold_are_decided_as_the_reference_rounds_them(kernel: str) -> None:
    ties = [(7 * (m + n) // 20, m, n) for m in range(1, 41) for n in range(1, 41) if 7 * (m + n) % 20 == 0]
    seen = set()
    for common, m, n in ties:
        if common > min(m, n):
            continue
        shared = range(common)
        entry = words(*shared, *range(100, 100 + n - common))
        text = words(*shared, *range(200, 200 + m - common))
        pool = Pool(classical_tokens)
        pool.add(entry)
        found = pool.decide(text, 0.7)
        assert (found is not None) is (reference(entry, text) > 0.7)
        seen.add(found is not None)
    assert seen == {True, False}, "rounding puts some ties above the threshold, and others not"


@pytest.mark.parametrize("length", [63, 64, 65, 128, 129, 1000, 5000])
def test_a_text_may_have_any_length(fast_kernel: str, length: int) -> None:
    text = words(*range(length))
    pool = Pool(classical_tokens)
    pool.extend(["w1 w2", text, words(*range(length, 2 * length))])
    assert pool.decide(text, 0.7) == Match(text, 1.0)
    changed = words(*range(7, length), *range(9_000, 9_007))
    assert pool.decide(changed, 0.7) == Match(text, f_measure(length - 7, length, length))
    assert pool.compare(changed).nearest[0] == (text, f_measure(length - 7, length, length))


@pytest.mark.parametrize("length", [5, 12, 30, 64, 65, 100, 140, 300])
def test_one_token_decides_at_the_threshold(fast_kernel: str, length: int) -> None:
    need = least_above(0.7, length, length)
    for start in range(0, 40 * length, 2 * length):
        entry, strange = range(start, start + length), range(start + length, start + 2 * length)
        pool = Pool(classical_tokens)
        pool.extend(["w1 w2", words(*entry), words(*strange)])  # every token is in the pool
        assert pool.decide(words(*entry[:need], *strange[: length - need]), 0.7) is not None
        assert pool.decide(words(*entry[: need - 1], *strange[: length - need + 1]), 0.7) is None


def test_a_vocabulary_may_be_larger_than_unicode(fast_kernel: str) -> None:
    pool = Pool(classical_tokens)
    pool.extend(words(*range(start, start + 4000)) for start in range(0, 1_120_000, 4000))
    pool.extend(["w3 w1119999 w5", "w1119990 w1119991 w1119992 w7"])
    assert pool.decide("w1119990 w1119991 w1119992 w8", 0.7) == Match("w1119990 w1119991 w1119992 w7", 0.75)
    assert pool.decide("w3 w1119999 w5 w6", 0.7) is not None
    assert pool.compare("w3 w1119999 w6").nearest[0] == ("w3 w1119999 w5", f_measure(2, 3, 3))


def test_another_threshold_rebuilds_the_index(kernel: str) -> None:
    pool = Pool(classical_tokens)
    pool.add("a b c d")
    found = [pool.decide("a b c x", threshold) is not None for threshold in (0.7, 0.8, 0.7)]
    assert found == [True, False, True]


def test_decisions_stay_the_same_when_a_growing_pool_rebuilds_its_index(fast_kernel: str) -> None:
    """An index that was built for fewer than 64 entries is rebuilt at 512."""
    rng = Random(11)
    entries = texts(rng, 530, 14, 80)
    asked = [*texts(rng, 25, 14, 90), *(" ".join(entry.split()[1:]) for entry in entries[::25])]
    pool = Pool(classical_tokens)
    near = 0
    for size in (0, 1, 500, 511, 512, 513, 530):
        pool.extend(entries[len(pool) : size])
        for text in asked:
            best = [Match(*one) for one in pool.compare(text).nearest[:1] if one[1] > 0.7]
            assert pool.decide(text, 0.7) == (best[0] if best else None)
            near += len(best)
    assert near > 60


def test_a_text_in_any_script_is_too_near_to_its_copy(kernel: str) -> None:
    pool = Pool()
    pool.extend(["写一首关于大海的短诗", "Напиши короткое стихотворение о море", "👍🎉"])
    for text in ("写一首关于大海的短诗", "Напиши короткое стихотворение о море", "👍🎉"):
        assert pool.decide(text, 0.7) == Match(text, 1.0)
    assert pool.decide("", 0.0) is None


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.7, 0.95])
def test_least_above_is_the_least_common_length_above_a_threshold(threshold: float) -> None:
    for m in range(1, 30):
        for n in range(1, 30):
            need = least_above(threshold, m, n)
            assert need == next((c for c in range(min(m, n) + 1) if f_measure(c, m, n) > threshold), min(m, n) + 1)


def test_a_snapshot_ignores_later_entries(kernel: str) -> None:
    pool = Pool(classical_tokens)
    pool.extend(["a b c", "a b d"])
    then = pool.snapshot()
    before: Any = then.compare(["a b e", "x"])
    pool.extend(["a b e", "x"])
    assert then.compare(["a b e", "x"]) == before
    assert len(then) == 2
    assert pool.compare("a b e").highest == 1.0
