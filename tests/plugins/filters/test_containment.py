"""Containment: what counts as a copy."""

from __future__ import annotations

import pytest

from selfinstruct.api import Draft
from selfinstruct_filters.containment import ContainmentFilter, ContainmentOptions


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
