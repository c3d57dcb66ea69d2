"""The kernels: which one is used, and that all give the same results to the last bit."""

from __future__ import annotations

import sys
from random import Random

import pytest

from selfinstruct.errors import UsageError
from selfinstruct.similarity import Match, Pool, classical_tokens, kernel
from selfinstruct.similarity import native as native_module
from selfinstruct.similarity.native import LEVELS, library, use_instructions
from selfinstruct.types import Similarity
from tests.similarity.test_index import texts, words

compiled = pytest.mark.skipif(library() is None, reason="this installation has no compiled kernel")
FAST_KERNELS = ["rapidfuzz", *(["native"] if library() else [])]


def similarities(
    entries: list[str], asked: list[str], sizes: list[int] | None = None, *, nearest: int = 10
) -> list[Similarity]:
    pool = Pool(classical_tokens, nearest)
    pool.extend(entries)
    return pool.compare_all(asked, sizes)


@pytest.mark.parametrize("name", ["rapidfuzz", "rouge-score"])
def test_a_kernel_can_be_forced(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", name)
    assert kernel() == name


def test_an_unknown_kernel_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "quantum")
    with pytest.raises(UsageError, match=r"quantum.*native, rapidfuzz, rouge-score"):
        kernel()


def test_rapidfuzz_is_used_where_nothing_was_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SELFINSTRUCT_KERNEL", raising=False)
    monkeypatch.setattr(native_module, "library", lambda: None)
    assert kernel() == "rapidfuzz"
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "native")
    with pytest.raises(UsageError, match="no compiled kernel"):
        kernel()


def test_a_missing_reference_kernel_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "rouge_score", raising=False)
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "rouge-score")
    with pytest.raises(UsageError, match=r"pip install 'selfinstruct\[testing\]'"):
        kernel()


@pytest.mark.parametrize(
    ("most", "vocabulary", "nearest"),
    [(5, 4, 10), (16, 30, 3), (33, 200, 10), (70, 50, 1), (200, 90, 500), (12, 6, 40)],
)
def test_compiled_code_and_rapidfuzz_give_the_same_statistics(
    most: int, vocabulary: int, nearest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = Random(f"{most}:{vocabulary}")
    entries = texts(rng, 300, most, vocabulary)
    asked = [*texts(rng, 30, most, vocabulary), "", "unheard of", words(*range(1100))]
    sizes = [rng.randint(0, 320) for _ in asked]
    for given in (None, sizes):
        found = []
        for name in FAST_KERNELS:
            monkeypatch.setenv("SELFINSTRUCT_KERNEL", name)
            found.append(similarities(entries, asked, given, nearest=nearest))
        assert all(one == found[0] for one in found)


@pytest.mark.parametrize(
    ("most", "vocabulary", "nearest", "pairs"),
    [(5, 4, 10, 6000), (16, 30, 3, 3000), (33, 200, 40, 900), (90, 50, 5, 90)],
)
def test_statistics_are_those_of_the_reference_kernel(
    most: int, vocabulary: int, nearest: int, pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rouge_score` is slow: longer texts are compared with fewer entries."""
    rng = Random(f"reference:{most}:{vocabulary}")
    asked = [*texts(rng, 12, most, vocabulary), "", "unheard of"]
    entries = texts(rng, pairs // len(asked), most, vocabulary)
    sizes = [rng.randint(0, len(entries) + 5) for _ in asked]
    for given in (None, sizes):
        monkeypatch.setenv("SELFINSTRUCT_KERNEL", "rouge-score")
        expected = similarities(entries, asked, given, nearest=nearest)
        for name in FAST_KERNELS:
            monkeypatch.setenv("SELFINSTRUCT_KERNEL", name)
            assert similarities(entries, asked, given, nearest=nearest) == expected


@compiled
@pytest.mark.parametrize("level", range(len(LEVELS)))
def test_every_set_of_vector_instructions_gives_the_same_statistics(
    level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = Random(level)
    entries = [text for most in (10, 40, 150) for text in texts(rng, 150, most, 60)]
    asked = [text for most in (15, 31, 64, 200) for text in texts(rng, 15, most, 60)]
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "rapidfuzz")
    expected = similarities(entries, asked)
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "native")
    try:
        assert use_instructions(level) in LEVELS[: level + 1]
        assert similarities(entries, asked) == expected
    finally:
        use_instructions(len(LEVELS) - 1)


@compiled
@pytest.mark.parametrize("level", range(len(LEVELS)))
def test_every_set_of_vector_instructions_decides_by_the_nearest_entry(
    level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = Random(f"many:{level}")
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "native")
    pool = Pool(classical_tokens)
    pool.extend(text for most in (8, 16, 24, 70) for text in texts(rng, 1500, most, 40))
    pool.extend(text for most in (150, 700) for text in texts(rng, 200, most, 400))
    asked = [text for most in (8, 16, 24, 70, 150, 700) for text in texts(rng, 40, most, 45)]
    asked += [" ".join(text.split()[most // 20 :]) for most in (150, 700) for text in texts(rng, 20, most, 400)]
    near = 0
    try:
        use_instructions(level)
        for text, found in zip(asked, pool.compare_all(asked), strict=True):
            best = Match(*found.nearest[0])
            assert pool.decide(text, 0.7) == (best if best.score > 0.7 else None)
            near += best.score > 0.7
    finally:
        use_instructions(len(LEVELS) - 1)
    assert 20 < near < 140


@compiled
def test_texts_that_need_several_walks_through_the_pool_get_the_same_statistics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = Random(5)
    entries = [*texts(rng, 200, 60, 300), words(*range(20_000)), *(words(number) for number in range(17_000))]
    asked = [words(*rng.sample(range(400), rng.randint(33, 64))) for _ in range(530)]
    asked += [*texts(rng, 50, 30, 300), *(words(*range(start, start + 2000)) for start in range(0, 20_000, 500))]
    sizes = [rng.choice((0, 5, 150, 201, 17_000, 17_201)) for _ in asked]
    found = []
    for name in ("rapidfuzz", "native"):
        monkeypatch.setenv("SELFINSTRUCT_KERNEL", name)
        found.append(similarities(entries, asked, sizes))
    assert found[0] == found[1]


@compiled
def test_several_threads_give_the_same_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = texts(Random(3), 400, 20, 50)
    asked = texts(Random(4), 40, 20, 50)
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "native")
    alone = similarities(entries, asked)
    monkeypatch.setattr(native_module, "_PAIRS_PER_THREAD", 100)
    assert similarities(entries, asked) == alone


@pytest.mark.parametrize("name", ["rapidfuzz", "native", "rouge-score"])
def test_the_kernel_does_not_change_the_order_of_ties_of_numpy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    if name == "native" and library() is None:
        pytest.skip("this installation has no compiled kernel")
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", name)
    entries = [f"a b c other{number % 7}" for number in range(60)]
    pool = Pool(classical_tokens, ties="numpy")
    pool.extend(entries)
    everything = Pool(classical_tokens, nearest=60)
    everything.extend(entries)
    score = everything.compare("a b other3").nearest
    scores = np.array([dict(score)[entry] for entry in entries])
    order = np.argsort(scores)[-10:][::-1]
    assert pool.compare("a b other3").nearest == tuple((entries[i], scores[i]) for i in order)
