"""What the fields of a record hold, by their names: the keys of JSON, or the heads of a table's columns."""

from __future__ import annotations

import json
import re
from typing import Literal, TypeAlias

from selfinstruct.api.text import CutText
from selfinstruct_chat.readers.part_words import ANSWERS, CLASS_LABELS, EXPLANATIONS, INPUTS, NO_INPUT, OUTPUTS, TASKS

FieldKind: TypeAlias = Literal["task", "input", "output", ""]

_KIND = r"(?:(?:expected|correct|right|possible|suggested|sample|example|model|test|user|ideal|final|given)[ _-])?"
_NAME = re.compile(
    rf"[*_ ]*{_KIND}(?:(?P<task>{TASKS}|user|human)|(?P<input>{INPUTS})|(?P<given>text|context|data|given|source)"
    rf"|(?P<output>{OUTPUTS})|(?P<answer>{ANSWERS}|assistant|ai|bot|(?-i:A))"
    rf"|(?P<label>{CLASS_LABELS}|class(?:ification)?[ _]label)|(?P<bare>label)|(?P<result>expected|target|result)"
    rf"|(?P<remark>{EXPLANATIONS}))s?[ _-]?[#(]?\d{{0,2}}\)?[*_ ]*",
    re.IGNORECASE,
)
_KINDS: dict[str, FieldKind] = {"task": "task", "input": "input", "given": "input", "remark": ""}
_SIGNS = r"[\s\"'`“”*_.()\[\]<>{}–—-]*"
_NOTHING = re.compile(rf"{_SIGNS}(?:{NO_INPUT}|not (?:needed|required))?{_SIGNS}", re.IGNORECASE)


def part_of_field(name: str) -> str:
    """The group of words that a field's name belongs to; empty where the name says nothing."""
    found = _NAME.fullmatch(name)
    return str(found.lastgroup) if found else ""


def kind_of_field(name: str) -> FieldKind:
    """What a field of that name holds; empty where the name says nothing."""
    part = part_of_field(name)
    return _KINDS.get(part, "output") if part else ""


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
