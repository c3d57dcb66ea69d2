"""Filters look at a text before they try their patterns, and decide as if they tried each pattern on each text."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import Draft
from selfinstruct.api.similarity import unicode_tokens
from selfinstruct_filters import restated, unreadable
from selfinstruct_filters.helpers.wording import without_quotations, word_set, words_of
from selfinstruct_filters.refusal import ANYWHERE, RefusalFilter, may_signal
from tests.sweeps import examples

PIECES = sorted(
    (
        *word_set(
            "the an of a in and or to from with between it Write xkcdq bcdfg qwerty asdf zxcv poem Tell1 a_b don't"
        ),
        *("```", "\n", "  ", " (", ")", ".", "?", ":", ";", "。", "！", "!!!!", "###", "+-*/=", "été", "_", "42"),
    )
)
TEXTS = st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from([" ", " ", ""])), max_size=25).map(
    lambda pieces: "".join(piece + behind for piece, behind in pieces)
)


@pytest.mark.parametrize("words", [words for some in ANYWHERE.values() for words in some])
@examples(20)
@given(data=st.data())
def test_a_glance_rules_no_wording_out(words: str, data: st.DataObject) -> None:
    assert may_signal(data.draw(st.from_regex(re.compile(words, re.IGNORECASE))))


@given(TEXTS)
def test_words_that_never_follow_each_other_are_found_by_the_pairs_of_words(text: str) -> None:
    pairs = {tuple(found.split()) for found in unreadable._NO_PHRASE.findall(text)}
    assert not text.isascii() or pairs <= unreadable._NO_PAIRS.intersection(pairwise(words_of(text)))


@pytest.mark.parametrize(
    "text",
    ["Hola, ¿podrías aclarar qué tarea?", "Kannst du das genauer sagen?", "Potresti chiarire?", "请您澄清一下？"],
)
def test_requests_for_clarity_in_other_languages_are_dropped_without_an_english_word(text: str) -> None:
    assert RefusalFilter().evaluate(Draft(text)).reason == "asks-back"


@given(TEXTS)
def test_a_draft_has_the_sentences_that_its_signs_part(text: str) -> None:
    pieces = [piece for piece in restated._ENDS.split(text) if piece.strip()][: restated.MOST_SENTENCES]
    joined = [" ".join(pieces[: count + 1]) for count in range(1, len(pieces))]
    plain = {tuple(unicode_tokens(part)) for part in (*pieces, *joined, text)}
    assert {part.words for part in restated._parts(text)} == plain


QUOTES = {'"': '"', "“": "”", "`": "`", "«": "»", "„": "“"}
QUOTED = re.compile(r'"[^"]*"|“[^”]*”|`[^`]*`|«[^»]*»|„[^“]*“')


@given(st.text('ab"“”`«»„', max_size=30))
def test_quotations_go_as_a_pattern_finds_them(text: str) -> None:
    assert without_quotations(text, QUOTES) == QUOTED.sub('""', text)


def test_signs_that_nothing_closes_are_looked_for_once() -> None:
    """Looking for each one's closing sign would take hours."""
    text = "“«" * 1_000_000
    assert without_quotations(text, QUOTES) == text
