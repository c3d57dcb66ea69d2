"""Reads ratings from JSON: an object by number, numbered objects, or lists in the order of the examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from selfinstruct.api.text import CutText, read_json
from selfinstruct_chat.three_answers import ANSWERS, ReadAnswers, question_of, read, read_grade, word

NUMBER_KEYS = ("number", "example", "id", "index", "example_number", "example_id", "item", "no", "n", "nr")
REASON_KEYS = ("reason", "reasons", "explanation", "comment", "comments", "why", "note", "notes", "remark", "rationale")
ANSWER_KEYS = ("answers", "answer", "rating", "ratings", "review", "result", "verdict")

Numbered = tuple[int | None, ReadAnswers]
"""An example's number, if it is given one, and what is said of it."""

_DIGITS = re.compile(r"\d{1,4}(?!\d)")
_WORDS = {True: "yes", False: "no"}


def read_json_ratings(text: str) -> list[Numbered]:
    """What is said of each example, in order; empty where there is no JSON that can be read so."""
    reading = read_json(text)
    return [found for value in reading.values for found in _ratings(value)] if reading is not None else []


def _ratings(value: object) -> Iterator[Numbered]:
    if isinstance(value, Mapping):
        inner = next(iter(value.values())) if len(value) == 1 else None
        if isinstance(inner, list | Mapping) and _number(next(iter(value))) is None:
            yield from _ratings(inner)  # {"ratings": ...}
        elif (said := _said(value)).answers:
            yield _own_number(value), said
        else:
            for key, entry in value.items():
                if (number := _number(key)) is not None:
                    yield number, _said(entry)
    elif isinstance(value, list):
        if (said := _said(value)).answers:
            yield None, said  # one example's answers, not a list of examples
            return
        for entry in value:
            if isinstance(entry, Mapping) and not _said(entry).answers:
                yield from _ratings(entry)  # [{"1": ...}, {"2": ...}]
            elif isinstance(entry, Mapping | list | str):
                number = _own_number(entry) if isinstance(entry, Mapping) else None
                yield number, _said(entry)


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
    fields = {str(key).strip().lower().replace(" ", "_"): entry for key, entry in value.items()}
    reason = next((entry for key in REASON_KEYS if isinstance(entry := fields.get(key), str)), "")
    grade, _ = read_grade(f"grade {fields.get('grade', '')}")
    for key in ANSWER_KEYS:
        if (inner := fields.get(key)) is not None and (said := _said(inner)).answers:
            return ReadAnswers(said.answers, reason or said.rest, grade or said.grade)
    pairs = [
        (question, one)
        for key, entry in fields.items()
        if key not in (*NUMBER_KEYS, *REASON_KEYS) and not key.isdecimal()
        if (question := question_of(key)) is not None and (one := _answer(entry)) is not None
    ]
    if not pairs and len(fields) <= ANSWERS + 1 and _number(next(iter(fields), "")) in (1, 2, 3):  # {"1": "yes", ...}
        pairs = [
            (number - 1, one)
            for key, entry in fields.items()
            if (number := _number(key)) in (1, 2, 3) and number is not None and (one := _answer(entry)) is not None
        ]
    return ReadAnswers(tuple(pairs), reason, grade)


def _answer(value: object) -> str | None:
    """An answer as JSON may have it: a word, a truth value, 1 or 0, or an object that holds one."""
    if isinstance(value, Mapping):
        value = next((value[key] for key in (*ANSWER_KEYS, "value") if isinstance(value.get(key), str | bool)), None)
    if isinstance(value, bool | int) and value in (0, 1):
        return _WORDS[bool(value)]
    if (
        isinstance(value, str) and not isinstance(value, CutText) and not read(value).answers
    ):  # three answers are not one
        return word(value) or word(re.split(r"\s*[-–—,;:(.]", value.strip(), maxsplit=1)[0])
    return None


def _own_number(value: Mapping[str, object]) -> int | None:
    """The number that an object gives itself."""
    fields = {str(key).strip().lower().replace(" ", "_"): entry for key, entry in value.items()}
    return next((number for key in NUMBER_KEYS if (number := _number(fields.get(key))) is not None), None)


def _number(value: object) -> int | None:
    """An integer, or the only one in a short text such as `Example 3`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _DIGITS.findall(value) if isinstance(value, str) and len(value) <= 16 else []
    return int(found[0]) if len(found) == 1 else None
