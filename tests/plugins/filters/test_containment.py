"""Containment: what counts as a copy, and that the index finds what a look at the whole pool finds."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import Draft
from selfinstruct.api.similarity import lcs_length
from selfinstruct_filters.containment import ContainmentFilter, ContainmentIndex, ContainmentOptions

THRESHOLDS = ("0.5", "0.55", "0.7", "0.8", "0.9", "1")
FEW_WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h"]), max_size=14)
LONE_WORDS = st.lists(st.sampled_from([f"w{number}" for number in range(40)]), max_size=30)


def evaluated(text: str, *pool: str, **options: object) -> tuple[str, object]:
    one = ContainmentFilter(ContainmentOptions.model_validate(options))
    for entry in pool:
        one.observe(Draft(entry))
    verdict = one.evaluate(Draft(text))
    return verdict.reason, verdict.evidence.get("known")


SHORT = "Write a short poem about a lighthouse keeper."
LONG = "Write a short poem about a lighthouse keeper. It should rhyme, and have at least three stanzas of four lines."


def test_a_lengthened_copy_is_dropped() -> None:
    assert evaluated(LONG, SHORT) == ("lengthened-copy", SHORT)
    assert evaluated(f"Listen well! {LONG}", SHORT) == ("lengthened-copy", SHORT)


def test_a_part_of_an_entry_is_dropped() -> None:
    assert evaluated(SHORT, LONG) == ("shortened-copy", LONG)


def test_the_words_must_stand_in_order() -> None:
    assert evaluated("keeper lighthouse a about poem short a Write", SHORT) == ("", None)


OPERATORS = 'What is the difference between "==" and "==="?'


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("What is the difference between a virus and a bacterium?", OPERATORS),
        ("What is the difference between a virus and a bacterium?", "What is the difference between x and y?"),
        ("Write a C# function that sorts names.", "Write a C function that sorts names."),
        ("Compute 7 + 3 by hand.", "Compute 7 - 3 by hand."),
    ],
)
def test_questions_of_one_form_are_no_copies(text: str, entry: str) -> None:
    assert evaluated(text, entry) == ("", None)


def test_a_copy_may_have_a_word_between_its_words() -> None:
    longer = "Write a short sad poem about a lighthouse keeper. It should rhyme."
    assert evaluated(longer, SHORT) == ("lengthened-copy", SHORT)


def test_short_sides_are_nobody_s() -> None:
    assert evaluated("Explain this poem to a child of six years.", "Explain this poem") == ("", None)
    assert (
        evaluated("Explain this poem to a child of six years.", "Explain this poem", fewest=3)[0] == "lengthened-copy"
    )


def test_it_works_without_spaces_between_words() -> None:
    assert evaluated("请写一首关于大海的短诗，每行不超过七个字。", "写一首关于大海的短诗")[0] == "lengthened-copy"


def test_the_fullest_copy_is_named_and_of_equals_the_oldest() -> None:
    near, first, second = (
        "one two three four five six seven eight nine X",
        "one two three four five",
        "two three four five six",
    )
    assert evaluated("one two three four five six seven eight nine ten", near, first, second)[1] == first


@pytest.mark.parametrize("text", ["", " ", "?!", "\ud800 a b c d e", "a " * 5000])
def test_odd_texts_are_judged(text: str) -> None:
    assert evaluated(text, "", "\ud800", "?!") == ("", None)
    assert evaluated(text, text)[0] in ("", "lengthened-copy")


@pytest.mark.parametrize("words", [FEW_WORDS, LONE_WORDS], ids=["many repeats", "few repeats"])
def test_the_index_finds_what_a_look_at_every_entry_finds(words: st.SearchStrategy[list[str]]) -> None:
    @given(st.lists(words, max_size=12), words, st.sampled_from(THRESHOLDS), st.integers(1, 6))
    def compare(pool: list[list[str]], text: list[str], threshold: str, fewest: int) -> None:
        index = ContainmentIndex(float(threshold), fewest)
        for entry in pool:
            index.add(entry)
        assert index.most_contained(text) == by_brute_force(pool, text, Fraction(threshold), fewest)

    compare()


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
