"""Reads numbered answers from the JSON in a reply: by number, as objects, or in the order of the tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from selfinstruct.api.text import read_json
from selfinstruct_chat.readers.json_entries import folded_keys, json_entries, word_in

ANSWER_KEYS = (
    "answer", "label", "classification", "is_classification", "is_classification_task", "result", "value", "output",
)  # fmt: skip


def read_json_labels(text: str, tasks: Sequence[str]) -> list[tuple[int, str]]:
    """Numbers and what is said of them; none where there is no JSON that can be read so.

    A task's own words may stand in place of its number. Where one task was asked about, an answer needs neither.
    """
    entries = json_entries(text, lambda value: isinstance(value, Mapping) and bool(_said(value)))
    found = [
        (at if number is None else number, said)
        for at, (number, entry) in enumerate(entries, start=1)
        if (said := _said(entry)) and (number is not None or len(entries) > 1 or len(tasks) == 1)
    ]
    reading = None if found else read_json(text)
    if reading is not None and len(reading.values) == 1 and isinstance(keys := reading.values[0], Mapping):
        found = [(at, said) for at, task in enumerate(tasks, start=1) if (said := _said(keys.get(task)))]
    return found


def _said(value: object) -> str:
    """The words of an answer, or of an object that holds one; of a cut one, nothing."""
    if isinstance(value, Mapping):
        fields = folded_keys(value)
        value = next((fields[key] for key in ANSWER_KEYS if isinstance(fields.get(key), str | int)), None)
    return word_in(value)
