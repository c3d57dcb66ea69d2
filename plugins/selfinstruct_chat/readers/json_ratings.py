"""Reads ratings from JSON: an object by number, numbered objects, or lists in the order of the examples."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from selfinstruct.api.text import CutText
from selfinstruct_chat.readers.json_entries import NUMBER_KEYS, folded_keys, json_entries, word_in
from selfinstruct_chat.readers.three_answers import ANSWERS, ReadAnswers, question_of, read, read_grade, word

REASON_KEYS = ("reason", "reasons", "explanation", "comment", "comments", "why", "note", "notes", "remark", "rationale")
_NO_QUESTIONS = {*NUMBER_KEYS, *REASON_KEYS} - {"task", "question"}
ANSWER_KEYS = ("answers", "answer", "rating", "ratings", "review", "result", "verdict")

Numbered = tuple[int | None, ReadAnswers]
"""An example's number, if it is given one, and what is said of it."""


def read_json_ratings(text: str) -> list[Numbered]:
    """What is said of each example, in order; empty where there is no JSON that can be read so."""
    return [(number, _said(entry)) for number, entry in json_entries(text, _is_rating)]


def _is_rating(value: object) -> bool:
    """Whether a value rates one example; an object around a list or another object does not."""
    if isinstance(value, Mapping) and len(value) == 1 and isinstance(next(iter(value.values())), list | Mapping):
        return False
    return isinstance(value, list | Mapping) and bool(_said(value).answers)


def _said(value: object) -> ReadAnswers:
    """What one value says of one example: a text, a list of answers, or an object by question."""
    if isinstance(value, str):
        return ReadAnswers(()) if isinstance(value, CutText) else read(value)
    if isinstance(value, Mapping):
        return _by_question(value)
    if not isinstance(value, Sequence) or len(value) < ANSWERS:
        return ReadAnswers(())
    says = [_answer(entry) for entry in value]
    reason = value[ANSWERS] if len(value) == ANSWERS + 1 and isinstance(value[-1], str) and says[-1] is None else ""
    if None in says[:ANSWERS] or (len(value) > ANSWERS and not reason):
        return ReadAnswers(())
    return ReadAnswers(tuple((question, str(said)) for question, said in enumerate(says[:ANSWERS])), str(reason))


def _by_question(value: Mapping[str, object]) -> ReadAnswers:
    fields = folded_keys(value)
    reason = next((entry for key in REASON_KEYS if isinstance(entry := fields.get(key), str)), "")
    grade, _ = read_grade(f"grade {fields.get('grade', '')}")
    for key in ANSWER_KEYS:
        if (inner := fields.get(key)) is not None and (said := _said(inner)).answers:
            return ReadAnswers(said.answers, reason or said.rest, grade or said.grade)
    pairs = [
        (question, one)
        for key, entry in fields.items()
        if key not in _NO_QUESTIONS and (len(fields) <= ANSWERS + 1 or not key.isdecimal())
        if (question := question_of(key)) is not None and (one := _answer(entry)) is not None
    ]
    return ReadAnswers(tuple(pairs), reason, grade)


def _answer(value: object) -> str | None:
    """An answer as JSON may have it: a word, a truth value, 1 or 0."""
    said = word_in(value)
    if not said or read(said).answers:
        return None  # three answers are not one
    return word(said) or word(re.split(r"\s*[-–—,;:(.]", said, maxsplit=1)[0])
