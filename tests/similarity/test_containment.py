"""Containment: the index finds what a look at the whole pool finds, with and without the compiled kernel."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.similarity import ContainmentIndex, lcs_length
from tests.similarity.test_kernel import FAST_KERNELS

THRESHOLDS = ("0.5", "0.55", "0.7", "0.8", "0.9", "1")
FEW_WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h"]), max_size=14)
LONE_WORDS = st.lists(st.sampled_from([f"w{number}" for number in range(40)]), max_size=30)


@pytest.mark.parametrize("words", [FEW_WORDS, LONE_WORDS], ids=["many repeats", "few repeats"])
@pytest.mark.parametrize("kernel", FAST_KERNELS)
def test_the_index_finds_what_a_look_at_every_entry_finds(kernel: str, words: st.SearchStrategy[list[str]]) -> None:
    @given(st.lists(words, max_size=12), words, st.sampled_from(THRESHOLDS), st.integers(1, 6))
    def compare(pool: list[list[str]], text: list[str], threshold: str, fewest: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SELFINSTRUCT_KERNEL", kernel)
            index = ContainmentIndex(float(threshold), fewest)
        for entry in pool:
            index.add(entry)
        assert index.most_contained(text) == by_brute_force(pool, text, Fraction(threshold), fewest)

    compare()


def test_both_kernels_find_the_same_in_long_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 64 tokens the compiled kernel compares in another way, and a pool of these sizes makes its files grow."""
    rng = Random(5)
    entries = [drawn(rng, length) for length in (5, 30, 63, 64, 65, 66, 130, 400) for _ in range(40)]
    asked = [[*drawn(rng, before), *varied(rng, entry), *drawn(rng, 3)] for entry in entries for before in (0, 40)]
    asked += [entry[len(entry) // 3 :] for entry in entries]
    found = []
    for kernel in FAST_KERNELS:
        monkeypatch.setenv("SELFINSTRUCT_KERNEL", kernel)
        index = ContainmentIndex(0.8, 5)
        for entry in entries:
            index.add(entry)
        found.append([index.most_contained(text) for text in asked])
    assert all(one == found[0] for one in found)
    assert 100 < sum(one is not None for one in found[0]) < len(asked)


def drawn(rng: Random, length: int) -> list[str]:
    return [f"w{int(rng.paretovariate(0.5)) % 3000}" for _ in range(length)]


def varied(rng: Random, text: list[str]) -> list[str]:
    return [word if rng.random() > 0.12 else f"new{rng.random()}" for word in text]


def in_one_stretch(one: list[str], other: list[str], threshold: Fraction) -> bool:
    """Whether some stretch of the longer text, one fifth longer than the shorter, holds the share of it."""
    shorter, longer = sorted((one, other), key=len)
    size = len(shorter) + max(1, len(shorter) // 5)
    stretches = (longer[at : at + size] for at in range(len(longer)))
    return any(lcs_length(shorter, stretch) >= threshold * len(shorter) for stretch in stretches)


def by_brute_force(
    pool: list[list[str]], text: list[str], threshold: Fraction, fewest: int
) -> tuple[int, float] | None:
    shares = [
        (Fraction(lcs_length(entry, text), min(len(entry), len(text))), -at)
        for at, entry in enumerate(pool)
        if min(len(entry), len(text)) >= fewest and in_one_stretch(entry, text, threshold)
    ]
    share, at = max(shares, default=(Fraction(0), 0))
    return (-at, share.numerator / share.denominator) if shares and share >= threshold else None
