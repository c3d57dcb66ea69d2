"""Filters look at a text before they try their patterns, and decide as if they tried each pattern on each text."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import Draft, Filter
from selfinstruct.api.similarity import unicode_tokens
from selfinstruct_filters import limits, marks, material, restated, unreadable
from selfinstruct_filters.helpers import wording
from selfinstruct_filters.helpers.wording import distinct_words, without_quotations, word_set, words_of
from selfinstruct_filters.marks import MarksFilter
from selfinstruct_filters.material import MaterialFilter
from selfinstruct_filters.refusal import ANYWHERE, STARTS, RefusalFilter
from selfinstruct_filters.unreadable import UnreadableFilter
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


@pytest.mark.parametrize(("words", "signals"), [pair for some in ANYWHERE.values() for pair in some.items()])
@examples(20)
@given(data=st.data())
def test_a_glance_rules_no_wording_out(words: str, signals: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(re.compile(words, re.IGNORECASE)))
    assert not text.isascii() or not distinct_words(text).isdisjoint(signals.split())


@pytest.mark.parametrize("words", [words for some in STARTS.values() for words in some])
@examples(20)
@given(data=st.data())
def test_plain_text_starts_with_a_wording_in_lower_case_too(words: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(re.compile(rf"\A(?:{words})", re.IGNORECASE)))
    assert not text.isascii() or RefusalFilter()._any_plain_start.match(text.lower())


@given(TEXTS)
def test_a_plain_verb_in_front_asks_as_the_pattern_of_a_clause_says(text: str) -> None:
    first = next(wording._CLAUSE.finditer(text), None)
    is_plain = text.partition(" ")[0].lower() in wording._PLAIN_VERBS
    assert not is_plain or (first and first[1].lower() in wording._PLAIN_VERBS)


@given(st.from_regex(r"\A[a-z1_ ,]{,9}\Z"))
def test_a_word_without_vowels_is_found_by_its_spelling(text: str) -> None:
    found = unreadable._VOWELLESS.search(b" %b " % text.encode().translate(unreadable._SPELLING))
    assert bool(found) == any(len(word) > 2 and unreadable.VOWELS.isdisjoint(word) for word in words_of(text))


@examples(300)
@given(st.lists(st.sampled_from(["present", "and", "it", "7"]), max_size=7))
def test_a_verb_that_comes_twice_is_seen_at_a_glance(words: list[str]) -> None:
    spoken = [word for word in words if not word.isdecimal()]
    assert not unreadable._commands_twice(spoken) or unreadable._may_command(words)


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


PLAIN = Draft("Describe the lighthouse that your grandmother painted for the village school.")


@pytest.mark.parametrize(
    ("module", "name", "rule"),
    [
        (marks, "_NEXT", MarksFilter()),
        (marks, "_NUMBER_FIRST", MarksFilter()),
        (material, "_GIVEN", MaterialFilter()),
        (material, "_EARLIER", MaterialFilter()),
        (unreadable, "_SAME_ITEMS", UnreadableFilter()),
        (unreadable, "_NO_PHRASE", UnreadableFilter()),
        (unreadable, "_RUN_OF_CHARS", UnreadableFilter()),
    ],
)
def test_a_plain_draft_is_kept_without_the_slow_patterns(
    module: object, name: str, rule: Filter[Draft], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, None)
    assert rule.evaluate(PLAIN).keep


@examples(300)
@given(st.text('a1.:";)\n \t', max_size=12))
def test_numbers_inside_are_found_as_by_the_plain_pattern(text: str) -> None:
    plain = re.compile(r"(?:[.?!:\"”]\s+|\n\s*)(\d{1,2})[.)]\s+(?=[^\W\d_])")
    assert [found.span() for found in marks._NEXT.finditer(text)] == [found.span() for found in plain.finditer(text)]


@pytest.mark.parametrize("pattern", [marks._NUMBER_FIRST, marks._DATE_FIRST, marks._NEXT, marks._NEXT_LABEL])
@examples(20)
@given(data=st.data())
def test_each_mark_has_a_digit(pattern: re.Pattern[str], data: st.DataObject) -> None:
    assert marks._DIGIT.search(data.draw(st.from_regex(pattern)))


@examples(50)
@given(text=st.from_regex(material._EARLIER))
def test_what_points_at_an_earlier_task_has_one_of_its_words(text: str) -> None:
    assert any(map(text.casefold().__contains__, material._EARLIER_WORDS))


@pytest.mark.parametrize("before", range(5))
def test_a_run_of_one_sign_is_found_wherever_it_starts(before: int) -> None:
    text = "Name a river with a "
    assert UnreadableFilter().evaluate(Draft(text + "b" * before + "h" * unreadable.LEAST_RUN)).reason == "repetition"


@given(st.text("qwertyasdfgpoi", min_size=3, max_size=4))
def test_keys_side_by_side_are_those_of_a_row(word: str) -> None:
    rows = " ".join([*unreadable._ROWS, *(row[::-1] for row in unreadable._ROWS)])
    assert (word in unreadable._KEYS) == (word in rows)


@pytest.mark.parametrize(
    ("pattern", "check"),
    [
        (limits._WORDS, limits._words),
        (limits._SENTENCES, limits._sentences),
        (limits._PARAGRAPHS, limits._paragraphs),
        (limits._NO_LETTER, limits._letters),
        (limits._UPPER, limits._letters),
        (limits._LOWER, limits._letters),
        (limits._MUST, limits._quoted),
        (limits._MUST_NOT, limits._quoted),
        (limits._LANGUAGE, limits._language),
    ],
)
@examples(20)
@given(data=st.data())
def test_a_task_that_states_a_limit_has_a_word_of_its_kind(
    pattern: re.Pattern[str], check: object, data: st.DataObject
) -> None:
    task = data.draw(st.from_regex(pattern, alphabet=st.characters(codec="ascii")) | st.from_regex(pattern))
    signs = next(signs for signs, one in limits.CHECKS if one is check)
    assert any(map(task.casefold().__contains__, signs))


QUOTES = {'"': '"', "“": "”", "`": "`", "«": "»", "„": "“"}
QUOTED = re.compile(r'"[^"]*"|“[^”]*”|`[^`]*`|«[^»]*»|„[^“]*“')


@given(st.text('ab"“”`«»„', max_size=30))
def test_quotations_go_as_a_pattern_finds_them(text: str) -> None:
    assert without_quotations(text, QUOTES) == QUOTED.sub('""', text)


def test_signs_that_nothing_closes_are_looked_for_once() -> None:
    """Looking for each one's closing sign would take hours."""
    text = "“«" * 1_000_000
    assert without_quotations(text, QUOTES) == text
