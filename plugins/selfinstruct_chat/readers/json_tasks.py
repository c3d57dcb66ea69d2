"""Reads tasks from the JSON in a reply: strings or objects, in lists or by number, under any name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from selfinstruct.api.text import CutText, read_json
from selfinstruct_chat.readers.fields import kind_of_field, text_of, with_input
from selfinstruct_chat.readers.lists import has_marker
from selfinstruct_chat.readers.part_words import TASKS
from selfinstruct_chat.readers.rows import read_toml

KEYS = ("instruction", "task", "text", "prompt", "question", "description", "content")
"""Where an object keeps its task; the first one that holds a string counts."""

_NUMBER = re.compile(rf"(?:(?:{TASKS})s?[ _-]?)?#?\d{{1,3}}\.?", re.IGNORECASE)
_SENTENCE = re.compile(r"\S\s+\S+\s+\S.*[.?!…\"”']\s*\Z|[。？！।؟]\s*\Z", re.DOTALL)
_FENCE = re.compile(r"^[ \t]*```.*$|^[A-Za-z_]\w{0,30}[ \t]*=[ \t]*\Z", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class JsonTasks:
    """Tasks as they stood in the JSON, what stood around it, and whether it ended inside the last one."""

    intro: str
    tasks: tuple[str, ...]
    outro: str
    cut: bool


def read_json_tasks(text: str) -> JsonTasks | None:
    """Read the first JSON that holds tasks; `None` where there is none, so that other forms can be tried."""
    if tables := read_toml(text):
        return JsonTasks("", tuple(task for table in tables for task in tasks_in(table)), "", cut=False)
    reading = read_json(text)
    if reading is None or has_marker(text[: reading.start]):
        return None  # no JSON, or JSON that is a task's data
    tasks = [task for value in reading.values for task in tasks_in(value)]
    intro, outro = _plain(text[: reading.start]), _plain(text[reading.end :])
    if not tasks and (intro or _has_words(reading.values)):
        return None
    return JsonTasks(intro, tuple(tasks), outro, cut=bool(tasks) and isinstance(tasks[-1], CutText))


def tasks_in(value: object) -> Iterator[str]:
    """The tasks in a value: every string of a list, and of an object its own task, or those in its parts."""
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, list):
        for inner in value:
            yield from tasks_in(inner)
    elif isinstance(value, dict):
        if value.get("role") in ("assistant", "system"):
            return
        if (own := _own(value)) is not None:
            yield own
            return
        are_tasks = len(value) > 1 and all(
            isinstance(inner, str) and _SENTENCE.search(inner) for inner in value.values()
        )
        for key, inner in value.items():
            if are_tasks or isinstance(inner, list | dict) or _NUMBER.fullmatch(str(key).strip()):
                yield from tasks_in(inner)


def _has_words(value: object) -> bool:
    """Whether there is a text with words in a value."""
    if isinstance(value, Mapping | list | tuple):
        return any(map(_has_words, value.values() if isinstance(value, Mapping) else value))
    return isinstance(value, str) and any(map(str.isalpha, value))


def _own(value: dict[str, object]) -> str | None:
    """The task that an object holds, with the input beside it."""
    fields = {str(key).strip().lower(): inner for key, inner in value.items()}
    names = [*KEYS, *(key for key in fields if not key[-1:].isdigit() and kind_of_field(key) == "task")]
    held = ((name, text) for name in names if isinstance(text := fields.get(name), str) and text.strip())
    own, task = next(held, ("", None))
    given = (text_of(inner) for name, inner in fields.items() if name != own and kind_of_field(name) == "input")
    return None if task is None else with_input(task, next(given, ""))


def _plain(text: str) -> str:
    return _FENCE.sub("", text).strip()
