"""The paper's rules for new tasks, novelty apart: each is one function from a text to a verdict, and one filter."""

from __future__ import annotations

import re
import string
from collections.abc import Callable

from selfinstruct.api import Draft, Filter, Item, UsageError, Verdict, drop, keep

LEAST_WORDS, MOST_WORDS = 4, 150
PROGRAM = "Write a program"
# What a language model cannot see or do; the list is Self-Instruct's (Wang et al. 2023, section 2.2 and its code).
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
    """Say whether `w` stands in `s` as a whole word, in any case.

    `w` is read as a regular expression, as in the reference; raises `UsageError` if it is not a valid one.
    """
    try:
        return re.search(rf"\b({w})\b", s, re.IGNORECASE) is not None
    except re.error as error:
        raise UsageError(f"{w!r} is not a valid regular expression: {error}.") from error


def evaluate_length(text: str) -> Verdict:
    """Drop a task of three words or fewer, or of more than 150; words are what stands between white space."""
    words = len(text.split())
    if words < LEAST_WORDS:
        return drop("too-short", words=words, least=LEAST_WORDS)
    if words > MOST_WORDS:
        return drop("too-long", words=words, most=MOST_WORDS)
    return keep()


def evaluate_keywords(text: str) -> Verdict:
    """Drop a task with a word of the paper's black list, such as image or file."""
    found = next((word for word in KEYWORDS if find_word_in_string(word, text)), None)
    return keep() if found is None else drop("unsuitable-keyword", keyword=found)


def evaluate_program(text: str) -> Verdict:
    """Drop a task that starts with "Write a program".

    The case must match. It does after `split_tasks`, which lowers every letter but the first, so that "write a
    PROGRAM" is dropped too; an untouched text that shouts is kept.
    """
    return drop("asks-for-a-program", start=PROGRAM) if text.startswith(PROGRAM) else keep()


def evaluate_first_char(text: str) -> Verdict:
    """Drop a task whose first character is ASCII punctuation, or is not ASCII at all; digits are fine."""
    first = text[:1]
    if first and first in string.punctuation:
        return drop("starts-with-punctuation", character=first)
    return keep() if first.isascii() else drop("starts-outside-ascii", character=first)


TEXT_RULES = (evaluate_length, evaluate_keywords, evaluate_program, evaluate_first_char)
"""The rules in the reference's order: the first that drops a task gives the reason."""


class PaperCutFilter(Filter[Item]):
    """Drops what a post-processor noted as `cut`.

    Where its tokens ran out, the reference throws away a whole reply with tasks, and the last instance of one with
    instances.
    """

    def evaluate(self, item: Item) -> Verdict:
        """Look at the note only; the text may be anything."""
        return drop("cut-by-length", cut=True) if item.notes.get("cut") else keep()


class TextFilter(Filter[Draft]):
    """Judges a draft's text by one of the rules above."""

    def __init__(self, rule: Callable[[str], Verdict]) -> None:
        self._rule = rule

    def evaluate(self, item: Draft) -> Verdict:
        """Give the rule's verdict on the text."""
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
