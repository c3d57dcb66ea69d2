"""The rule against broken text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, groupby, pairwise, product
from operator import eq

from selfinstruct.api import Draft, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.wording import VERBS, distinct_words, words_of

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_REPLACED = re.compile("\ufffd")
_MISREAD = re.compile(r"Ã[\u0080-\u00bf]|Â[\u0080-\u00bf]|â€|ðŸ|[ÐÑ][\u0080-\u00bf]")
"""What UTF-8 looks like when it was read as Latin-1 or Windows-1252."""

LEAST_RUN = 16
_RUN_OF_CHARS = re.compile(rf"([^\W_])\1{{{LEAST_RUN - 1},}}")
MOST_IN_A_ROW = 5
"""How often a word may follow itself: `ha ha ha` is speech, ten times `the` is a fault."""

MOST_MENTIONED = 12
"""How often it may where a text speaks about words: `Parse this sentence: Buffalo buffalo ...`."""

_MENTIONS = re.compile(r"[\"“«:]|\b(?:sentences?|words?|repeat|times|parse|punctuate)\b", re.IGNORECASE)

LOOP_WORDS, LOOP_SHARE = 60, 0.2
"""A text of at least so many words, of which only this share are different, runs in a circle. Single letters are none:
grids and sequences are made of them."""

LONGEST_PERIOD, LEAST_LOOP = 12, 8
"""Words of a phrase that may come back at once, three times or more, and words that such a loop has at least."""

FEWEST_REPEATS = 4
"""Words that come back in any text with a word too often in a row, in a circle, in a loop, or on the spot."""

LEAST_CONTENT, CONTENT_SHARE = 8, 0.6
"""Words of more than three letters in a sentence that turns on the spot, and the share of them that may differ."""

RUN = 7
"""Words in a row that no English task says twice in one plain sentence, or three times in a short text."""

LOOPED_SHARE = 0.1
"""The share of a text that runs which come back take at least: a long abstract names its subject three times."""

_SAME_ITEMS = re.compile(r"\b(\w{3,})(?:, (?:(?:and|or) )?\1\b){2}")
"""`Coupon, Coupon, or Coupon`: a list of one thing."""

_ONE_SIDED = re.compile(
    r"\bbetween ((?:an? |the )?[\w-]+(?: [\w-]+)?) and \1(?=\W*\Z|,? and|,? or)"
    r"|\bbetween (?:(?! and )[^?.,\n])+ and what (?:is|are|does|do) ",
    re.IGNORECASE,
)
"""`between a cat and a cat`, `between ham and what does it cost`: a comparison that lacks its other side."""

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_KEYS = frozenset(
    row[start:end]
    for row in (*_ROWS, *(row[::-1] for row in _ROWS))
    for start, end in combinations(range(len(row) + 1), 2)
)
"""Keys that lie side by side, in both directions."""

_MATERIAL = re.compile(r"[\n\"“”«»`:;|=]|[.?!] ")
"""Signs that a text holds quotations, code, lists or several sentences, which may well repeat words."""

VOWELS = frozenset("aeiouy")
_SPELLING = bytes(97 + (sign not in VOWELS) if (sign := chr(byte).lower()).isalnum() else 32 for byte in range(128)) * 2
"""Translates each vowel of ASCII to `a`, other letters and digits to `b`, and signs to spaces."""

_VOWELLESS = re.compile(rb" bbb+ ")
_NO_WORD = re.compile(r"[a-z]*[^aeiouyh\d]{5}")
"""Letters that no language written in Latin script has in a row."""

LEAST_NO_WORDS, NO_WORDS_SHARE = 3, 0.6
_NEVER_NEXT = {
    "the|an": "of|and|or|is|are|to|in|on|for|from|with|by|the|an|a|that|it",
    "of|from|with|between": "and|or|of|is|are|to|between",
    "a": "in",
}
"""Words, and those that do not follow them; three such pairs are a heap of words."""

_NO_PHRASE = re.compile("|".join(rf"\b(?:{first}) (?:{second})\b" for first, second in _NEVER_NEXT.items()))
_NO_PAIRS = frozenset(
    pair for first, second in _NEVER_NEXT.items() for pair in product(first.split("|"), second.split("|"))
)
"""The same as words: each match of `_NO_PHRASE` is one of these pairs."""

_NO_PAIR_FIRST = frozenset(first for first, _ in _NO_PAIRS)

_FEWEST_LETTERS, _SIGNS_ONLY = 0.35, 12
"""A text of at least so many signs, of which fewer are letters, digits or blanks to fill in, says nothing."""


class UnreadableFilter(Filter[Draft]):
    """Drop a draft with damaged characters, without words, or that repeats itself.

    Only Latin script is checked for letters that are words of no language.
    """

    def evaluate(self, item: Draft) -> Verdict:
        """Look for each kind of damage."""
        text, words, distinct = item.text, words_of(item.text), distinct_words(item.text)
        is_long = max(map(len, words), default=0) >= LEAST_RUN
        if is_long or not (text.isascii() and text.isprintable()):
            for reason, pattern in _possible_damage(text, is_long):
                if found := pattern.search(text):
                    return drop(reason, seen=ascii(found[0][:40]))
        if "between" in distinct and (found := _ONE_SIDED.search(text)):
            return drop("no-sentence", seen=found[0])
        repeats = len(words) - len(distinct)
        may_repeat = repeats >= FEWEST_REPEATS or (repeats and _may_command(words)) or text.count(", ") > 1
        return (may_repeat and _repetition(text, words)) or _without_words(text, words)


def _repetition(text: str, words: Sequence[str]) -> Verdict | None:
    """Drop a text that says the same again."""
    spoken = [word for word in words if not word.isdecimal()]
    different = len(set(spoken))
    if different == len(spoken):
        return None
    longest = max(len(list(run)) for _, run in groupby(spoken)) if any(map(eq, spoken, spoken[1:])) else 1
    if MOST_IN_A_ROW < longest <= MOST_MENTIONED and _MENTIONS.search(text):
        spoken, longest = [word for word, _ in groupby(spoken)], 1
        different = len(set(spoken))
    is_loop = different < 0.7 * len(spoken) and (_loops(spoken) or _turns_on_the_spot(text, spoken))
    is_loop = is_loop or (len(spoken) - different >= RUN and text.isascii() and _says_again(text, spoken))
    is_loop = is_loop or _commands_twice(spoken)
    if longest > MOST_IN_A_ROW or _is_circle(spoken) or is_loop or _is_one_item(text):
        return drop("repetition", words=len(spoken), different=different, longest_run=longest)
    return None


def _possible_damage(text: str, is_long: bool) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The patterns that a glance does not rule out: printable ASCII has none of the first three."""
    if not text.isascii():
        yield "replacement-characters", _REPLACED
        yield "wrong-encoding", _MISREAD
    if not text.isprintable():
        yield "control-characters", _CONTROL
    if not text.isascii() or is_long:
        yield "repetition", _RUN_OF_CHARS


def _is_one_item(text: str) -> bool:
    """Whether a list names one thing three times."""
    return text.count(", ") > 1 and _SAME_ITEMS.search(text) is not None


def _is_circle(spoken: Sequence[str]) -> bool:
    words = [word for word in spoken if len(word) > 1] if len(spoken) >= LOOP_WORDS else []
    return len(words) >= LOOP_WORDS and len(set(words)) < LOOP_SHARE * len(words)


def _may_command(words: Sequence[str]) -> bool:
    """Whether `and` may be the second word that is no number."""
    return words[1] == "and" or any(map(str.isdecimal, words[:2]))


def _commands_twice(spoken: Sequence[str]) -> bool:
    """Whether a text opens with a verb, `and`, and the same verb: `Present and present a new idea`."""
    return len(spoken) > 2 and spoken[1] == "and" and spoken[0] == spoken[2] and spoken[0] in VERBS


def _turns_on_the_spot(text: str, spoken: Sequence[str]) -> bool:
    """Whether one plain command says the same few words again: `Grade the grade based on the grade level`."""
    content = [word for word in spoken if len(word) > 3]
    return (
        len(content) >= LEAST_CONTENT
        and len(set(content)) <= CONTENT_SHARE * len(content)
        and "?" not in text
        and _MATERIAL.search(text) is None
    )


def _says_again(text: str, spoken: Sequence[str]) -> bool:
    """Whether a run of words comes back: once is enough where nothing can be a quotation, a list or code."""
    runs = Counter(zip(*(spoken[at:] for at in range(RUN)), strict=False))
    most = max(runs.values(), default=0)
    return (most > 2 and most * RUN >= LOOPED_SHARE * len(spoken)) or (
        most == 2 and _MATERIAL.search(text.replace(". ", "")) is None
    )


def _loops(words: Sequence[str]) -> bool:
    """Whether a phrase follows itself at least twice, and that is half of the text."""
    for period in range(2, LONGEST_PERIOD + 1):
        run = 0
        for at in range(period, len(words)):
            run = run + 1 if words[at] == words[at - period] else 0
            looped = run + period
            if run >= 2 * period and looped >= max(LEAST_LOOP, len(words) / 2):
                return any(len(word) > 2 for word in words[at - period : at])
    return False


def _without_words(text: str, words: Sequence[str]) -> Verdict:
    """Whether a text is made of signs, of keys in a row, of letters that are no words, or of words in no order."""
    letters = sum(map(len, words))
    if letters < _FEWEST_LETTERS * len(text):  # else the signs are fewer still
        signs = len("".join(text.split()))
        if signs >= _SIGNS_ONLY and letters + text.count("_") < _FEWEST_LETTERS * signs:
            return drop("no-words", seen=ascii(text[:40]))
    if text.isascii() and "```" not in text:
        spelling = b" %b " % text.encode().translate(_SPELLING)
        is_odd = _VOWELLESS.search(spelling) is not None or not _KEYS.isdisjoint(words)
        some = [word for word in words if len(word) > 2] if is_odd else []
        odd = [word for word in some if (VOWELS.isdisjoint(word) or word in _KEYS) and word.upper() not in text]
        if odd:
            odd += [word for word in some if _NO_WORD.match(word) and word not in odd]
        if len(odd) >= LEAST_NO_WORDS and len(odd) >= NO_WORDS_SHARE * len(some):
            return drop("no-words", seen=" ".join(odd[:5]))
        may_pair = sum(map(_NO_PAIR_FIRST.__contains__, words)) > 2
        pairs = _NO_PHRASE.findall(text) if may_pair and sum(map(_NO_PAIRS.__contains__, pairwise(words))) > 2 else []
        if len(pairs) > 2:
            return drop("no-sentence", pairs=pairs[:5])
    return keep()


KEPT = Draft("Écris une phrase avec « ça va ».")
DROPPED = Draft("Explain the effect of gravity on a cafÃ© table.")
REASONS = ("replacement-characters", "wrong-encoding", "control-characters", "repetition", "no-words", "no-sentence")
