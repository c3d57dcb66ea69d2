"""The paper's filters for new tasks, except novelty. Each rule is a function from a text to a verdict."""

from __future__ import annotations

import re
import string
from collections.abc import Callable

from selfinstruct.api import Draft, Filter, Item, UsageError, Verdict, drop, keep

LEAST_WORDS, MOST_WORDS = 4, 150
PROGRAM = "Write a program"
# Things that a language model cannot see or do. The list is that of Self-Instruct (Wang et al. 2023, section 2.2).
KEYWORDS = (
    "image",
    "images",
    "graph",
    "graphs",
    "picture",
    "pictures",
    "file",
    "files",
    "map",
    "maps",
    "draw",
    "plot",
    "go to",
)


def find_word_in_string(w: str, s: str) -> bool:
    """Whether `s` contains `w` as a whole word, in upper or lower case.

    `w` is a regular expression, as in the reference. Raises `UsageError` if it is not a valid one.
    """
    try:
        return re.search(rf"\b({w})\b", s, re.IGNORECASE) is not None
    except re.error as error:
        raise UsageError(f"{w!r} is not a valid regular expression: {error}.") from error


def evaluate_length(text: str) -> Verdict:
    """Drop a task of fewer than 4 or more than 150 words, which are separated by white space."""
    words = len(text.split())
    if words < LEAST_WORDS:
        return drop("too-short", words=words, least=LEAST_WORDS)
    if words > MOST_WORDS:
        return drop("too-long", words=words, most=MOST_WORDS)
    return keep()


def evaluate_keywords(text: str) -> Verdict:
    """Drop a task that contains a word of the paper's list, such as `image` or `file`."""
    found = next((word for word in KEYWORDS if find_word_in_string(word, text)), None)
    return keep() if found is None else drop("unsuitable-keyword", keyword=found)


def evaluate_program(text: str) -> Verdict:
    """Drop a task that starts with "Write a program".

    Upper and lower case must match. After `split_tasks`, which lowers all letters but the first, they do, so that
    "write a PROGRAM" is dropped too.
    """
    return drop("asks-for-a-program", start=PROGRAM) if text.startswith(PROGRAM) else keep()


def evaluate_first_char(text: str) -> Verdict:
    """Drop a task whose first character is ASCII punctuation or not ASCII. Digits are allowed."""
    first = text[:1]
    if first and first in string.punctuation:
        return drop("starts-with-punctuation", character=first)
    return keep() if first.isascii() else drop("starts-outside-ascii", character=first)


TEXT_RULES = (evaluate_length, evaluate_keywords, evaluate_program, evaluate_first_char)
"""The rules in the reference's order. The first rule that drops a task gives the reason."""


class PaperCutFilter(Filter[Item]):
    """Drops items with the note `cut` of a post-processor.

    If a reply was cut by length, the reference drops all of its tasks, or the last of its instances.
    """

    def evaluate(self, item: Item) -> Verdict:
        """Drop an item with the note `cut`, whatever its text."""
        return drop("cut-by-length", cut=True) if item.notes.get("cut") else keep()


class TextFilter(Filter[Draft]):
    """Applies one of the rules above to the text of a draft."""

    def __init__(self, rule: Callable[[str], Verdict]) -> None:
        self._rule = rule

    def evaluate(self, item: Draft) -> Verdict:
        """The verdict of the rule on the text."""
        return self._rule(item.text)


KEPT = {
    "paper-cut": Draft("Name three rivers of Asia."),
    "paper-length": Draft("Name three rivers of Asia."),
    "paper-keywords": Draft("Describe a sunset in words."),
    "paper-program": Draft("Write a function that adds two numbers."),
    "paper-first-char": Draft("3 plus 4 is how much?"),
}
DROPPED = {
    "paper-cut": Draft("Name three rivers of", notes={"cut": True}),
    "paper-length": Draft("Name three rivers."),
    "paper-keywords": Draft("Describe the plot of a novel."),
    "paper-program": Draft("Write a program that adds two numbers."),
    "paper-first-char": Draft("¿Qué es una metáfora?"),
}
REASONS = {
    "paper-cut": ("cut-by-length",),
    "paper-length": ("too-short", "too-long"),
    "paper-keywords": ("unsuitable-keyword",),
    "paper-program": ("asks-for-a-program",),
    "paper-first-char": ("starts-with-punctuation", "starts-outside-ascii"),
}
