"""The rule against wrong counts of words, letters, items and numbers that task and input state plainly."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction

from selfinstruct.api import Example, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.plain_tasks import PlainTask, take_apart
from selfinstruct_filters.helpers.stated_values import NUMBER, items, numbers, said_number, to_number
from selfinstruct_filters.helpers.wording import word_set

LONGEST, MOST_WORDS = 300, 16
"""Characters of a text in which things are counted, and words of a task that is plain."""

_COUNTS = re.compile(r"\b(?:how many|how often|count|number of|occurrences)\b", re.IGNORECASE)
_THING = re.compile(r"\b(words|letters|vowels|consonants|characters|items|elements|entries)\b", re.IGNORECASE)
_LETTER = re.compile(r"\bletters? [\"'“‘]?([a-z])[\"'”’]?(?!\w)(?! and)", re.IGNORECASE)
_WORDS_OF_COUNTS = word_set(
    """how many count word sentence text phrase passage paragraph string line title contain contains contained make up
    array"""
)
_WORDS_OF_LETTERS = _WORDS_OF_COUNTS | word_set(
    "letter letters often times time occur occurs appear appears occurrences occurrence used"
)
_ABOVE = re.compile(
    rf"\b(?:(?:that|which) (?:are|is) )?(?:(above|over|greater than|more than|larger than|bigger than|higher than)"
    rf"|(below|under|less than|smaller than|lower than)) ({NUMBER})(?![.\d%]*\w)",
    re.IGNORECASE,
)
_THINGS: Mapping[str, Callable[[str], set[int]]] = {
    "words": lambda text: {
        len(text.split()),
        len(re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text)),
        len(re.findall(r"[^\W_]+", text)),
    },
    "letters": lambda text: {sum(map(str.isalpha, text))},
    "vowels": lambda text: {sum(char in "aeiou" for char in text), sum(char in "aeiouy" for char in text)},
    "consonants": lambda text: {
        sum(char.isalpha() and char not in vowels for char in text) for vowels in ("aeiou", "aeiouy")
    },
}


class CountsFilter(Filter[Example]):
    """Drop an example whose output is a wrong count of words, letters, items or numbers.

    Where people count in more than one way, such as words with hyphens, each is accepted. A task that says more than
    what to count is not checked.
    """

    def evaluate(self, item: Example) -> Verdict:
        """Count, and compare with the number that the output says."""
        if not _COUNTS.search(item.instruction) or (plain := take_apart(item)) is None:
            return keep()
        if len(plain.given) > LONGEST or "\n" in plain.given or len(plain.words.split()) > MOST_WORDS:
            return keep()
        right = _counted(plain)
        if not right or (said := said_number(item.output.strip())) is None or float(said.replace(",", "")) in right:
            return keep()
        return drop("wrong-count", said=said, right=sorted(right))


def _counted(plain: PlainTask) -> set[int]:
    """Every number that may be right; none if the task is not plain."""
    if letter := _LETTER.search(plain.words):
        is_plain = plain.says_only(_WORDS_OF_LETTERS | {letter[1].lower()})
        return {plain.given.lower().count(letter[1].lower())} if is_plain else set()
    if found := _ABOVE.search(plain.words):
        rest = PlainTask(plain.words.replace(found[0], " "), plain.given)
        values = numbers(plain.given) if rest.says_only(_WORDS_OF_COUNTS) else None
        return {_passing(values, to_number(found[3]), operator.gt if found[1] else operator.lt)} if values else set()
    thing = _THING.search(plain.words)
    if thing is None or not plain.says_only(_WORDS_OF_COUNTS | {thing[1].lower()}):
        return set()
    bare = plain.given.strip("\"'“”.")
    if thing[1].lower() == "characters":
        return {len(plain.given), len(bare), len("".join(bare.split())), sum(map(str.isalnum, bare))}
    if thing[1].lower() in _THINGS:
        return _THINGS[thing[1].lower()](bare.lower())
    listed = items(plain.given)
    return {len(listed)} if listed else set()


def _passing(values: list[Fraction], bound: Fraction, passes: Callable[[Fraction, Fraction], bool]) -> int:
    return sum(passes(value, bound) for value in values)


KEPT = Example("Count the vowels in the word.", "banana", "There are 3 vowels.", False, "g0.0")
DROPPED = Example("How many words are in the sentence?", "I like tea.", "4", False, "g0.0")
