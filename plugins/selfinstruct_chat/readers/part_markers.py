"""Finds the lines that name the parts of an example: `<<INPUT>>`, or what models write in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Literal, TypeAlias

from selfinstruct_chat.readers.fields import kind_of_field
from selfinstruct_chat.readers.line_labels import Label, LabelledText, cut_at, delimiter_at, tidy
from selfinstruct_chat.readers.part_words import INPUTS, OUTPUTS

PartKind: TypeAlias = Literal["input", "output", "label", "example", "end"]

_KINDS: Mapping[str, PartKind] = {
    "input": "input",
    "output": "output",
    "answer": "output",
    "label": "label",
    "bare": "label",
    "example": "example",
    "end": "end",
    "remark": "end",
}
"""What labels stand for, by the group of words that their names belong to."""

Mark: TypeAlias = tuple[int, Label]
PartBlock: TypeAlias = tuple[PartKind, str]
"""A part of a raw text: its kind and its text, byte for byte but for blank lines around it."""

_PART_NAMES = rf"(?:no[ _])?input|{INPUTS}|{OUTPUTS}"
_OTHER_FORM = re.compile(
    rf"(?:^[ \t]*[*_]{{0,3}}(?:\[(?P<square>{_PART_NAMES})\]|【(?P<lens>{_PART_NAMES})】)"
    rf"|(?<!<)<(?P<close>/)?(?P<tag>{_PART_NAMES}|label|example)(?:[ _#]?\d{{1,2}})?>(?!>))[*_]{{0,3}}[:：]?[ \t]*",
    re.MULTILINE | re.IGNORECASE,
)
"""Names in other brackets: `[INPUT]`, `【输入】`, `<input>`."""

_ON_ONE_LINE = re.compile(r"(?<=\S)[ \t]+(?=<<(?:OUTPUT|INPUT)>>[ \t]*\S)")


def read_blocks(text: LabelledText, is_classification: bool, keeps_remarks: bool) -> list[PartBlock]:
    """The marked parts of a raw text in their order; empty if nothing is marked.

    Delimiters count first, also in other brackets, then labels such as `Output:`, and these only outside code.
    """
    text = text.changed_to(_delimited(text.text))
    lines = text.lines
    every = [mark for mark in text.marks(keeps_remarks) if mark[1].part in _KINDS]
    labels = _counting(lines, [mark for mark in every if mark[1].part != "bare" or is_classification])
    if found := [(at, label) for at, line in enumerate(lines) if (label := delimiter_at(line))]:
        marks = {*found, *_missing(found, labels), *(m for m in every if m[1].part == "remark")}
        return _cut_at(lines, sorted(marks, key=itemgetter(0)))
    if not labels:
        return []
    before = tidy(lines[: labels[0][0]])
    if _kind(labels[0]) == "output" and "\n" in before and "input" not in map(_kind, labels):
        return []  # prose that happens to hold an `Output:`
    return _cut_at(lines, labels)


def _delimited(text: str) -> str:
    """The text with delimiters of another form, or on one line, as they were asked for."""
    kinds = {_kind_of_name(found) for found in _OTHER_FORM.finditer(text)}
    if {"input", "output"} <= kinds:
        text = _OTHER_FORM.sub(lambda found: f"\n<<{'END' if found['close'] else _kind_of_name(found)}>> ", text)
    return _ON_ONE_LINE.sub("\n", text)


def _kind_of_name(found: re.Match[str]) -> str:
    name = found["square"] or found["lens"] or found["tag"]
    return name.lower() if name.lower() in _KINDS else kind_of_field(name) or "input"


def _kind(mark: Mark) -> PartKind:
    return _KINDS[mark[1].part]


def _cut_at(lines: Sequence[str], marks: Sequence[Mark]) -> list[PartBlock]:
    texts = cut_at(lines, [(at, label.rest) for at, label in marks])
    return [(_kind(mark), text) for mark, text in zip(marks, texts, strict=True)]


def _missing(delimiters: Sequence[Mark], labels: Sequence[Mark]) -> list[Mark]:
    """The labels of outputs, where no delimiter names one."""
    is_complete = any(_kind(mark) in ("output", "label") for mark in delimiters)
    return [] if is_complete else [mark for mark in labels if _kind(mark) in ("output", "label")]


def _counting(lines: Sequence[str], found: Sequence[Mark]) -> list[Mark]:
    """The labels that name parts; none if no output is named. `Answer:` does so only after an input, or first of all.

    A heading such as `Example 2` counts if a part follows it; what stands below it is an input if none is named.
    """
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    inputs = [mark[0] for mark in found if _kind(mark) == "input"] or [len(lines)]
    is_weak = any(_kind(mark) in ("output", "label") and mark[1].part != "answer" for mark in found)
    known = [
        (at, label) for at, label in found if label.part != "answer" or at == first or (at > inputs[0] and not is_weak)
    ]
    return known if any(_kind(mark) in ("output", "label") for mark in known) else []
