"""The verb and the object of an instruction: right on what was labelled by hand, empty rather than wrong elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.config.seeds import read_seeds
from selfinstruct.text.phrases import NOTHING, Phrase, verb_and_object
from selfinstruct.text.words import VERBS, singular

LABELLED = [line.split("\t") for line in (Path(__file__).parent / "phrases.tsv").read_text("utf-8").splitlines()]


def test_what_was_labelled_by_hand() -> None:
    assert len(LABELLED) >= 120
    wrong = [(text, found) for *said, text in LABELLED if (found := verb_and_object(text)) != Phrase(*said)]
    assert len(wrong) <= 0.03 * len(LABELLED), wrong


def test_nearly_every_seed_has_a_verb_and_most_have_an_object() -> None:
    found = [verb_and_object(seed.instruction) for seed in read_seeds("builtin")]
    assert sum(bool(phrase.verb) for phrase in found) >= 0.95 * len(found)
    assert sum(bool(phrase.noun) for phrase in found) >= 0.75 * len(found)


@pytest.mark.parametrize("text", [text for verb, _, text in LABELLED if not verb])
def test_what_is_no_english_instruction_has_neither(text: str) -> None:
    assert verb_and_object(text) == NOTHING


@pytest.mark.parametrize(
    "text", ["", " \n\t", "?", "!!!" * 400, "5", "\ud800", "Please", "Can you", "What is", "Do not"]
)
def test_next_to_nothing_has_neither(text: str) -> None:
    assert verb_and_object(text) == NOTHING


def test_case_a_number_in_front_and_half_a_word_at_the_end_do_not_matter() -> None:
    assert verb_and_object("WRITE A POEM") == verb_and_object("3. write a poem") == Phrase("write", "poem")
    assert verb_and_object("Write a" + " very" * 200 + " long poem") == Phrase("write", "")


SALAD = st.lists(st.sampled_from([*sorted(VERBS), "the", "a", "poem", ",", "?", "you", "what", "to", "can", "is"]))
WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


@given(st.text(max_size=600) | SALAD.map(" ".join))
def test_any_text_gives_a_known_verb_and_a_word_of_its_own_or_nothing(text: str) -> None:
    phrase = verb_and_object(text)
    assert not phrase.verb or phrase.verb in VERBS
    assert phrase.verb or not phrase.noun
    assert phrase.noun in {"", *map(singular, WORD.findall(text.lower())), *map(singular, text.lower().split())}


@pytest.mark.parametrize(
    ("plural", "one"),
    [("stories", "story"), ("boxes", "box"), ("classes", "class"), ("analyses", "analysis"), ("houses", "house"),
     ("news", "news"), ("bus", "bus"), ("people", "people"), ("author's", "author"), ("churches", "church")],
)  # fmt: skip
def test_nouns_lose_their_plural(plural: str, one: str) -> None:
    assert singular(plural) == one
