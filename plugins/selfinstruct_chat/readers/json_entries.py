"""Finds the numbered entries in the JSON of a reply: answers on tasks, facts about them, ratings of examples."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from selfinstruct.api.text import CutText, read_json

Entry = tuple[int | None, object]
"""The number of a task or an example, if it is given one, and the value that speaks of it."""

NUMBER_KEYS = (
    "number", "task", "example", "id", "index", "task_number", "task_id", "example_number", "example_id", "item", "no",
    "n", "nr", "question",
)  # fmt: skip

_DIGITS = re.compile(r"\d{1,4}(?!\d)")


def json_entries(text: str, is_entry: Callable[[object], bool]) -> list[Entry]:
    """The entries of a reply in order: by number, as objects that name their number, or in a list.

    `is_entry` says of a value that it speaks of one task or example, and is not a list or an object of several.
    """
    reading = read_json(text)
    return [entry for value in reading.values for entry in _entries(value, is_entry)] if reading is not None else []


def _entries(value: object, is_entry: Callable[[object], bool]) -> Iterator[Entry]:
    if is_entry(value):
        yield _own_number(value), value
    elif isinstance(value, Mapping):
        numbered = [(number, inner) for key, inner in value.items() if (number := _number_in(key)) is not None]
        yield from numbered
        for inner in value.values() if not numbered else ():
            yield from _entries(inner, is_entry) if isinstance(inner, list | Mapping) else ()
    elif isinstance(value, list):
        for inner in value:
            yield from _entries(inner, is_entry) if isinstance(inner, Mapping) else [(None, inner)]


def folded_keys(value: Mapping[str, object]) -> dict[str, object]:
    """An object with its keys in one way of writing."""
    return {str(key).strip().lower().replace(" ", "_"): inner for key, inner in value.items()}


def word_in(value: object) -> str:
    """The words of an answer, also of a truth value; of anything else, and of a text that is cut, none."""
    if isinstance(value, int) and value in (0, 1):
        return "yes" if value else "no"
    return value.strip() if isinstance(value, str) and not isinstance(value, CutText) else ""


def _own_number(value: object) -> int | None:
    fields = folded_keys(value) if isinstance(value, Mapping) else {}
    return next((number for key in NUMBER_KEYS if (number := _number_in(fields.get(key))) is not None), None)


def _number_in(value: object) -> int | None:
    """An integer, or the only one in a short text such as `Task 3`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _DIGITS.findall(value) if isinstance(value, str) and len(value) <= 16 else []
    return int(found[0]) if len(found) == 1 else None
