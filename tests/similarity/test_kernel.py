"""The kernels: which one runs, and that all give the same to the last bit."""

from __future__ import annotations

from random import Random

import pytest

from selfinstruct.similarity import Pool, classical_tokens, kernel
from selfinstruct.similarity import native as native_module
from selfinstruct.similarity.native import LEVELS, library, use_instructions
from selfinstruct.types import Similarity
from tests.similarity.test_index import texts, words

compiled = pytest.mark.skipif(library() is None, reason="this installation has no compiled part")


def similarities(entries: list[str], asked: list[str], sizes: list[int] | None, nearest: int = 10) -> list[Similarity]:
    pool = Pool(classical_tokens, nearest)
    pool.extend(entries)
    return pool.compare_all(asked, sizes)


@pytest.mark.parametrize("name", ["python", "rapidfuzz"])
def test_a_kernel_can_be_forced(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", name)
    assert kernel() == name


def test_an_unknown_kernel_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "quantum")
    with pytest.raises(ValueError, match=r"quantum.*native, rapidfuzz, python"):
        kernel()


def test_without_the_compiled_part_rapidfuzz_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SELFINSTRUCT_KERNEL", raising=False)
    monkeypatch.setattr(native_module, "library", lambda: None)
    assert kernel() == "rapidfuzz"
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "native")
    with pytest.raises(RuntimeError, match="no compiled part"):
        kernel()


@pytest.mark.parametrize(
    ("most", "vocabulary", "nearest"),
    [(5, 4, 10), (16, 30, 3), (33, 200, 10), (70, 50, 1), (200, 90, 500), (12, 6, 40)],
)
def test_every_kernel_gives_the_same_statistics(
    most: int, vocabulary: int, nearest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = Random(f"{most}:{vocabulary}")
    entries = texts(rng, 300, most, vocabulary)
    asked = [*texts(rng, 30, most, vocabulary), "", "unheard of", words(*range(1100))]
    sizes = [rng.randint(0, 320) for _ in asked]
    for given in (None, sizes):
        found = []
        for name in ("python", "rapidfuzz", *(["native"] if library() else [])):
            monkeypatch.setenv("SELFINSTRUCT_KERNEL", name)
            found.append(similarities(entries, asked, given, nearest))
        assert all(one == found[0] for one in found)


@compiled
@pytest.mark.parametrize("level", range(len(LEVELS)))
def test_every_set_of_instructions_gives_the_same(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(level)
    entries = [text for most in (10, 40, 150) for text in texts(rng, 150, most, 60)]
    asked = [text for most in (15, 31, 64, 200) for text in texts(rng, 15, most, 60)]
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "rapidfuzz")
    expected = similarities(entries, asked, None)
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "native")
    try:
        assert use_instructions(level) in LEVELS[: level + 1]
        assert similarities(entries, asked, None) == expected
    finally:
        use_instructions(len(LEVELS) - 1)


@compiled
def test_more_cores_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = texts(Random(3), 400, 20, 50)
    asked = texts(Random(4), 40, 20, 50)
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "native")
    alone = similarities(entries, asked, None)
    monkeypatch.setattr(native_module, "_WORTH_A_THREAD", 100)
    assert similarities(entries, asked, None) == alone


@pytest.mark.parametrize("name", ["rapidfuzz", "native"])
def test_numpy_s_order_of_ties_does_not_hang_on_the_kernel(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    if name == "native" and library() is None:
        pytest.skip("no compiled part")
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
