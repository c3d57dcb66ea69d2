"""What the fields of a record hold, by their names: the keys of JSON, or the heads of a table's columns."""

from __future__ import annotations

import json
import re
from typing import Literal, TypeAlias

from selfinstruct.api.text import CutText
from selfinstruct_chat.words import ANSWERS, CLASS_LABELS, INPUTS, NO_INPUT, OUTPUTS, TASKS

FieldKind: TypeAlias = Literal["task", "input", "output", ""]

_KIND = r"(?:(?:expected|correct|sample|example|model|test|user|ideal)[ _-])?"
_NAME = re.compile(
    rf"[*_ ]*{_KIND}(?:(?P<task>{TASKS})|(?P<input>{INPUTS}|text|context|data)"
    rf"|(?P<output>{OUTPUTS}|{ANSWERS}|{CLASS_LABELS}|(?:class[ _])?label|expected|target|result))s?"
    rf"[ _-]?\d{{0,2}}[*_ ]*",
    re.IGNORECASE,
)
_SIGNS = r"[\s\"'`“”*_.()\[\]<>{}–—-]*"
_NOTHING = re.compile(rf"{_SIGNS}(?:{NO_INPUT}|not (?:needed|required))?{_SIGNS}", re.IGNORECASE)

LABEL = re.compile(
    r"[ \t]*(?:\d{1,2}[.)][ \t]+|[-*•][ \t]+)?[*_]{0,3}(?P<name>[^\W\d_][^\n:：*]{0,30}?)"
    r"[ \t]*\d{0,2}[*_]{0,3}[:：][*_]{0,3}[ \t]*"
)
"""The start of a line that names a field: `**Text:** `."""


def kind_of_field(name: str) -> FieldKind:
    """What a field of that name holds; empty where the name says nothing."""
    found = _NAME.fullmatch(name)
    kinds: tuple[FieldKind, ...] = ("task", "input", "output")
    return next((kind for kind in kinds if found[kind]), "") if found else ""


def says_nothing(given: str) -> bool:
    """Whether an input says that there is none: `N/A`, `<noinput>`, `-`."""
    return _NOTHING.fullmatch(given) is not None


def with_input(task: str, given: str) -> str:
    """A task with the text or data that it works on below it; alone where it has none, or holds it already."""
    if isinstance(task, CutText) or says_nothing(given) or given in task:
        return task
    joined = f"{task}\nInput: {given}"
    return CutText(joined) if isinstance(given, CutText) else joined


def text_of(value: object) -> str:
    """A value of JSON as text, without line ends around it; empty for null."""
    if value is None:
        return ""
    if isinstance(value, CutText):
        return CutText(value.strip("\r\n"))
    return value.strip("\r\n") if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
