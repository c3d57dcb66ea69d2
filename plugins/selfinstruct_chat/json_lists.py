"""Reads tasks from JSON: lists of strings or objects, with trailing commas, in fences, or cut at the end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from selfinstruct_chat.lists import has_marker

KEYS = ("instruction", "task", "text", "prompt", "question")
"""Where an object keeps its task; the first one that holds a string counts."""

_START = re.compile(r'^[ \t]*(?:\[\s*["{\]]|\{\s*")', re.MULTILINE)
_NUMBER = r'"(?:(?:task|instruction)[ _]?)?\d{1,3}"\s*:'
_SEPARATORS = re.compile(rf"(?:[\s,\[\]}}]|{_NUMBER})*", re.IGNORECASE)
_CUT_STRING = re.compile(r'"((?:[^"\\]|\\.)*)\\?\Z', re.DOTALL)
_CUT_OBJECT = re.compile(rf'\{{.*?"(?:{"|".join(KEYS)})"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)
_OPEN_LIST = re.compile(rf'\{{\s*(?:"\w+"\s*:\s*(?=[\[{{])|(?={_NUMBER}))', re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*```.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class JsonList:
    """Tasks as they stood in the JSON, what stood around it, and whether it ended inside the last one."""

    intro: str
    tasks: tuple[str, ...]
    outro: str
    cut: bool


def read_json(text: str) -> JsonList | None:
    """Read the first JSON list of tasks; `None` where there is none, so that other forms can be tried."""
    start = _START.search(text)
    if start is None or has_marker(text[: start.start()]):
        return None  # no JSON, or JSON that is a task's data
    tasks, end, cut = _elements(text, start.start())
    if not tasks:
        return None
    return JsonList(_without_fences(text[: start.start()]), tuple(tasks), _without_fences(text[end:]), cut)


def _elements(text: str, position: int) -> tuple[list[str], int, bool]:
    """Decode one element after the other: a broken list still gives what stands before the break."""
    decoder = json.JSONDecoder(strict=False)
    tasks: list[str] = []
    while True:
        separators = _SEPARATORS.match(text, position)
        at = separators.end() if separators else position
        opened = _OPEN_LIST.match(text, at)
        if opened and not tasks:  # {"tasks": [...]}: read the elements of the list inside
            position = opened.end()
            continue
        if at >= len(text) or text[at] not in '"{':
            return tasks, at, False
        try:
            value, position = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            cut = _cut_text(text[at:])
            return (tasks, at, False) if cut is None else ([*tasks, cut], len(text), True)
        tasks.extend(_texts(value))


def _texts(value: object) -> Iterator[str]:
    """The task that a decoded element holds, if it holds one."""
    if isinstance(value, dict):
        value = next((value[key] for key in KEYS if isinstance(value.get(key), str)), None)
    if isinstance(value, str) and value.strip():
        yield value


def _cut_text(rest: str) -> str | None:
    """The beginning of a task whose string was never closed, or that stands in an object that never was."""
    found = _CUT_STRING.match(rest) or _CUT_OBJECT.match(rest)
    if found is None or not found[1].strip():
        return None
    try:
        return str(json.loads(f'"{found[1]}"', strict=False))
    except ValueError:  # the break is inside an escape
        return found[1].rpartition("\\")[0] or None


def _without_fences(text: str) -> str:
    return _FENCE.sub("", text).strip()
