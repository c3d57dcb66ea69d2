"""Texts of any length: the same results from both kernels, and memory that grows with a text, not with its square."""

from __future__ import annotations

from random import Random

import pytest

from selfinstruct.similarity import Match, Pool, classical_tokens
from selfinstruct.similarity.scores import f_measure
from tests.similarity.test_index import words
from tests.similarity.test_kernel import FAST_KERNELS, compiled, similarities

LONG = 2048
"""Tokens from which on the compiled kernel has no table of masks (`csrc/pool.h`)."""

WORDS = 600_000
"""Words for which such a table would take 45 GB."""


def drawn(rng: Random, length: int, vocabulary: int) -> list[int]:
    return [rng.randrange(vocabulary) for _ in range(length)]


def varied(rng: Random, text: list[int]) -> list[int]:
    """The text without some of its words, and with others in between."""
    kept = [word for word in text if rng.random() > 0.1]
    for _ in range(len(text) // 20):
        kept.insert(rng.randrange(len(kept)), rng.randrange(4000))
    return kept


@compiled
@pytest.mark.parametrize("vocabulary", [30, 3000])
def test_both_kernels_agree_on_long_texts(vocabulary: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(vocabulary)
    long = [drawn(rng, length, vocabulary) for length in (LONG - 1, LONG, LONG + 1, LONG + 63, 2 * LONG, 5000)]
    short = [drawn(rng, length, vocabulary) for length in (0, 1, 2, 9, 40, 64, 700) for _ in range(4)]
    entries = [words(*text) for text in (*long, *short, *(varied(rng, text) for text in long))]
    asked = [
        words(*text) for text in (*(varied(rng, text) for text in long), *long, *short[:9], drawn(rng, 6000, 9000))
    ]
    sizes = [rng.randint(0, len(entries)) for _ in asked]
    found = []
    for name in FAST_KERNELS:
        monkeypatch.setenv("SELFINSTRUCT_KERNEL", name)
        pool = Pool(classical_tokens)
        pool.extend(entries)
        decided = [pool.decide(text, threshold) for threshold in (0.3, 0.7) for text in asked]
        found.append((similarities(entries, asked), similarities(entries, asked, sizes, nearest=3), decided))
    assert found[0] == found[1]
    assert None in found[0][2]
    assert sum(match is not None for match in found[0][2]) > len(long)


@compiled
def test_a_text_of_a_book_is_compared_in_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "native")
    rng = Random(1)
    book = drawn(rng, WORDS, 20_000)
    pool = Pool(classical_tokens)
    pool.extend(["w1 w2 w3", words(*book)])
    other = words(*book[:-3], 30_000)
    nearest = Match(words(*book), f_measure(WORDS - 3, WORDS - 2, WORDS))
    assert pool.decide(other, 0.7) == nearest
    assert pool.compare(other).nearest[0] == (nearest.text, nearest.score)


@compiled
def test_short_texts_are_compared_in_little_memory_with_a_long_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", "native")
    pool = Pool(classical_tokens)
    pool.extend([words(*(number % 1000 for number in range(WORDS))), "w1 w2 w4"])
    found = pool.compare_all([f"w{number} w{number + 1} w{number + 2}" for number in range(900)] * 3)
    assert {one.containment for one in found} == {1.0}
    assert found[1].nearest[0] == ("w1 w2 w4", f_measure(2, 3, 3))
