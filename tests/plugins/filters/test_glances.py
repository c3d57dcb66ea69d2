"""Filters look at a text before they try their patterns, and decide as if they tried each pattern on each text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfinstruct.api import Verdict, drop, keep
from selfinstruct.api.similarity import unicode_tokens
from selfinstruct_filters import restated, unreadable
from selfinstruct_filters.refusal import ANYWHERE, may_signal
from selfinstruct_filters.wording import word_set, words_of

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
@settings(max_examples=20)
@given(data=st.data())
def test_a_glance_rules_no_wording_out(words: str, data: st.DataObject) -> None:
    assert may_signal(data.draw(st.from_regex(re.compile(words, re.IGNORECASE))))


def each_pattern(text: str) -> Verdict:
    """Whether a text has no words, by every pattern."""
    signs = "".join(text.split())
    if len(signs) >= 12 and len(re.sub(r"\W+", "", signs)) < 0.35 * len(signs):
        return drop("no-words", seen=ascii(text[:40]))
    if text.isascii() and "```" not in text:
        some = re.findall(r"\b[A-Z]?[a-z]{3,}\b", text)
        no_word = re.compile(r"[^aeiouy]{4,}\Z|[a-z]*[^aeiouyh]{5}|[^aeiouy]{3}\Z", re.IGNORECASE)
        odd = [word for word in some if no_word.match(word) or word.lower() in unreadable.KEY_ROWS]
        if len(odd) >= 3 and len(odd) >= 0.6 * len(some):
            return drop("no-words", seen=" ".join(odd[:5]))
        pairs = re.findall(
            r"\b(?:the|an) (?:of|and|or|is|are|to|in|on|for|from|with|by|the|an?|that|it)\b"
            r"|\b(?:of|from|with|between) (?:and|or|of|is|are|to|between)\b|\ba in\b",
            text,
        )
        if len(pairs) > 2:
            return drop("no-sentence", pairs=pairs[:5])
    return keep()


@given(TEXTS)
def test_a_text_without_words_is_found_as_by_every_pattern(text: str) -> None:
    assert unreadable._without_words(text, words_of(text)) == each_pattern(text)


@given(TEXTS)
def test_a_draft_has_the_sentences_that_its_signs_part(text: str) -> None:
    pieces = [piece for piece in restated._ENDS.split(text) if piece.strip()][: restated.MOST_SENTENCES]
    joined = [" ".join(pieces[: count + 1]) for count in range(1, len(pieces))]
    plain = {tuple(unicode_tokens(part)) for part in (*pieces, *joined, text)}
    assert {part.words for part in restated._parts(text)} == plain
