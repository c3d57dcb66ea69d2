"""Words of an answer, the question that they answer, and three answers side by side."""

from __future__ import annotations

import re
from dataclasses import dataclass

from selfinstruct_chat.readers.part_words import NO, YES

ANSWERS = 3

_YES = rf"{YES}|valid|correct"
_NO = rf"{NO}|invalid|incorrect"
_NEITHER = r"unknown|unclear|unsure|uncertain|maybe|possibly|partly|partially|partial|mostly|somewhat|n/a|na|none|\?"
ANSWER = rf"(?:(?P<neither>{_NEITHER})|(?P<no>{_NO})|(?P<yes>{_YES}))(?:\ufe0f)?(?![^\W_])"

_QUOTES = r"[\s*_`\"'“”‘’(\[<]{0,9}"
_CLOSES = r"[\s*_`\"'“”‘’)\]>]{0,9}"
_LABEL = r"(?:(?P<label>[A-Za-z][A-Za-z0-9 _'?()/-]{0,80}?)[*_`\"']{0,4}\s{0,4}[:=?][*_`\"']{0,4})?"
"""None of these is without bounds: a reply may be a hundred thousand of such signs."""

_NEXT = re.compile(rf"{_QUOTES}{_LABEL}{_QUOTES}{ANSWER}{_CLOSES}", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s{0,9}(?:[/|,;&+.–—→-]|->|and\b)?\s{0,9}", re.IGNORECASE)
_ONE_MORE = re.compile(rf"\s{{0,9}}[/|,;]{_QUOTES}{ANSWER}{_CLOSES}(?=[/|,;.]|\Z)", re.IGNORECASE)
_ALL = re.compile(
    rf"{_QUOTES}(?:(?P<first>yes|no) (?:to|for|on) all(?: three| 3)?(?: questions)?|all (?:three )?(?P<last>yes|no))\b",
    re.IGNORECASE,
)
_GRADE = re.compile(
    r"\W{0,9}(?:(?:overall|final) )?grade\W{0,9}([1-5])(?![\d.,]?\d)(?:[*_]{0,2}\s{0,9}(?:/|of|out of)\s{0,9}5\b)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\A\W{0,9}(?:q|question|no|nr)?[\W_]{0,9}([123])\W{0,9}\Z|\bq(?:uestion)?[\W_]{0,9}([123])\b", re.IGNORECASE
)
_SUBJECTS = (
    (2, re.compile(r"output|response|answer|correct|third", re.IGNORECASE)),
    (1, re.compile(r"input|suit|second", re.IGNORECASE)),
    (0, re.compile(r"instruction|task|valid|first", re.IGNORECASE)),
)
"""The words that a question is known by. Those of the third also name the first two, so it is looked for first."""


@dataclass(frozen=True, slots=True)
class ReadAnswers:
    """What is read at the beginning of some words: each question and its answer, the words behind, and a grade."""

    answers: tuple[tuple[int, str], ...]
    rest: str = ""
    grade: int | None = None


def question_of(label: str) -> int | None:
    """Which question (0, 1, 2) a label is about: its number, or its words."""
    if found := _NUMBER.search(label):
        return int(found[1] or found[2]) - 1
    return next((question for question, words in _SUBJECTS if words.search(label)), None)


def word(text: str) -> str | None:
    """One answer in some words and nothing else: "yes", "no" or "unknown"; `None` where there is none."""
    found = re.fullmatch(rf"{_QUOTES}{ANSWER}{_CLOSES}[.!]?\s*", text, re.IGNORECASE)
    return _says(found) if found else None


def read(text: str) -> ReadAnswers:
    """Three answers in a row, or answers that name their questions; none where it is not clear which is which."""
    if found := _ALL.match(text):
        says = (found["first"] or found["last"]).lower()
        return _answered(tuple((question, says) for question in range(ANSWERS)), text[found.end() :])
    at = 0
    labels: list[str] = []
    said: list[str] = []
    while len(said) < ANSWERS and (found := _NEXT.match(text, at)):
        labels.append(found["label"] or "")
        said.append(_says(found))
        at = found.end()
        if len(said) < ANSWERS and (between := _SEPARATOR.match(text, at)):
            at = between.end()
    if not said:
        return ReadAnswers(())
    if any(labels):
        questions = [question_of(label) for label in labels]
        pairs = tuple((question, says) for question, says in zip(questions, said, strict=True) if question is not None)
        return _answered(pairs, text[at:])
    if len(said) != ANSWERS or _ONE_MORE.match(text, at):
        return ReadAnswers((), text)
    return _answered(tuple(enumerate(said)), text[at:])


def read_grade(text: str) -> tuple[int | None, str]:
    """The grade that some words begin with, as in `grade 4 of 5`, and the words behind it."""
    found = _GRADE.match(text)
    return (int(found[1]), text[found.end() :]) if found else (None, text)


def _answered(answers: tuple[tuple[int, str], ...], behind: str) -> ReadAnswers:
    grade, rest = read_grade(behind)
    return ReadAnswers(answers, _reason(rest), grade)


def _says(found: re.Match[str]) -> str:
    return "yes" if found["yes"] else "no" if found["no"] else "unknown"


def _reason(text: str) -> str:
    """The words behind answers, without the signs that set them apart."""
    said = re.sub(r"\A[\s\-–—:;,.|/(\[*_→>]*(?:reason[s]?\W{0,3}[:=-]\s*)?", "", text, count=1, flags=re.IGNORECASE)
    return said.rstrip(" \t*_|)]`")
