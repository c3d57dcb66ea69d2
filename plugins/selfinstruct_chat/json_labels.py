"""Reads numbered answers from JSON: an object by number, a list of objects, or a list in the order of the tasks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

NUMBER_KEYS = ("task", "number", "id", "index", "no", "n", "task_number", "task_id", "item", "question")
ANSWER_KEYS = (
    "answer", "label", "classification", "is_classification", "is_classification_task", "result", "value", "output",
)  # fmt: skip

_START = re.compile(r"^[ \t]*[\[{]", re.MULTILINE)
_DIGITS = re.compile(r"\d{1,3}(?!\d)")
_WORDS = {True: "yes", False: "no"}


def read_json_labels(text: str) -> list[tuple[int, str]] | None:
    """Numbers and what is said of them; `None` where there is no JSON that can be read so."""
    start = _START.search(text)
    if start is None:
        return None
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text, start.end() - 1)
    except (ValueError, RecursionError):
        return None
    return list(_answers(value)) or None


def _answers(value: object) -> Iterator[tuple[int, str]]:
    if isinstance(value, Mapping):
        lists = [inner for inner in value.values() if isinstance(inner, list | dict)]
        if len(value) == 1 and lists and _number(next(iter(value))) is None:
            yield from _answers(lists[0])  # {"answers": ...}
            return
        if (said := _said(value)) and (number := _own_number(value)) is not None:
            yield number, said
            return
        for key, inner in value.items():
            if (number := _number(key)) is not None and (said := _said(inner)):
                yield number, said
    elif isinstance(value, list):
        for position, inner in enumerate(value, start=1):
            if said := _said(inner):
                number = _own_number(inner) if isinstance(inner, Mapping) else None
                yield (position if number is None else number), said
            elif isinstance(inner, Mapping):
                yield from _answers(inner)  # [{"1": "yes"}, {"2": "no"}]


def _said(value: object) -> str:
    """The words of an answer, or of an object that holds one."""
    if isinstance(value, Mapping):
        value = next((value[key] for key in ANSWER_KEYS if isinstance(value.get(key), str | bool)), None)
    if isinstance(value, bool):
        return _WORDS[value]
    return value.strip() if isinstance(value, str) else ""


def _own_number(value: Mapping[str, object]) -> int | None:
    """The number that an object gives itself."""
    return next((number for key in NUMBER_KEYS if (number := _number(value.get(key))) is not None), None)


def _number(value: object) -> int | None:
    """An integer, or the only one in a short text such as `Task 3`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _DIGITS.findall(value) if isinstance(value, str) and len(value) <= 16 else []
    return int(found[0]) if len(found) == 1 else None
