"""Reads numbered answers from the JSON in a reply: by number, as objects, or in the order of the tasks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from selfinstruct.api.text import CutText, read_json

NUMBER_KEYS = ("task", "number", "id", "index", "no", "n", "task_number", "task_id", "item", "question")
ANSWER_KEYS = (
    "answer", "label", "classification", "is_classification", "is_classification_task", "result", "value", "output",
)  # fmt: skip

_DIGITS = re.compile(r"\d{1,3}(?!\d)")
_WORDS = {True: "yes", False: "no"}


def read_json_labels(text: str, tasks: Sequence[str]) -> list[tuple[int, str]] | None:
    """Numbers and what is said of them; `None` where there is no JSON that can be read so.

    A task's own words may stand in place of its number. Where one task was asked about, an answer needs neither.
    """
    reading = read_json(text)
    if reading is None:
        return None
    found = [answer for value in reading.values for answer in _answers(value)]
    if not found and len(reading.values) == 1 and isinstance(keys := reading.values[0], Mapping):
        found = [(at, said) for at, task in enumerate(tasks, start=1) if (said := _said(keys.get(task)))]
    if not found and len(tasks) == 1:
        found = [(1, said) for value in reading.values if (said := _said(value))]
    return found or None


def _answers(value: object) -> Iterator[tuple[int, str]]:
    if isinstance(value, Mapping):
        lists = [inner for inner in value.values() if isinstance(inner, list | dict)]
        if len(lists) == 1 and not any(number_in(key) is not None for key in value):
            yield from _answers(lists[0])  # {"answers": ...}
            return
        if (said := _said(value)) and (number := own_number(value)) is not None:
            yield number, said
            return
        for key, inner in value.items():
            if (number := number_in(key)) is not None and (said := _said(inner)):
                yield number, said
    elif isinstance(value, list):
        for position, inner in enumerate(value, start=1):
            if said := _said(inner):
                number = own_number(inner) if isinstance(inner, Mapping) else None
                yield (position if number is None else number), said
            elif isinstance(inner, Mapping):
                yield from _answers(inner)  # [{"1": "yes"}, {"2": "no"}]


def _said(value: object) -> str:
    """The words of an answer, or of an object that holds one; of a cut one, nothing."""
    if isinstance(value, Mapping):
        fields = {str(key).strip().lower().replace(" ", "_"): inner for key, inner in value.items()}
        value = next((fields[key] for key in ANSWER_KEYS if isinstance(fields.get(key), str | int)), None)
    if isinstance(value, int) and value in (0, 1):
        return _WORDS[bool(value)]
    return value.strip() if isinstance(value, str) and not isinstance(value, CutText) else ""


def own_number(value: Mapping[str, object]) -> int | None:
    """The number that an object gives itself."""
    return next((number for key in NUMBER_KEYS if (number := number_in(value.get(key))) is not None), None)


def number_in(value: object) -> int | None:
    """An integer, or the only one in a short text such as `Task 3`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _DIGITS.findall(value) if isinstance(value, str) and len(value) <= 16 else []
    return int(found[0]) if len(found) == 1 else None
