"""Finds the lines that name the parts of an example: `<<INPUT>>`, or what models write in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from selfinstruct_chat.fields import kind_of_field
from selfinstruct_chat.labels import HEAD, cut_at, labels_of, tidy
from selfinstruct_chat.words import INPUTS, OUTPUTS

PartKind: TypeAlias = Literal["input", "output", "label", "example", "end"]

KINDS: Mapping[str, PartKind] = {
    "input": "input",
    "noinput": "input",
    "output": "output",
    "answer": "output",
    "label": "label",
    "classlabel": "label",
    "example": "example",
}
"""What delimiters stand for, by their names."""

_PARTS: Mapping[str, PartKind] = {
    "input": "input",
    "output": "output",
    "answer": "output",
    "label": "label",
    "bare": "label",
    "example": "example",
    "remark": "end",
}
"""What labels stand for, by the group of words that their names belong to."""

_PART_NAMES = rf"(?:no[ _])?input|{INPUTS}|{OUTPUTS}"
_DECOR = r"[ \t>*_#`\"-]*"
_DELIMITER = re.compile(
    rf"{_DECOR}<<+[ \t]*(?P<close>/|END[ _])?[ \t]*"
    rf"(?P<name>NO[ _-]?INPUT|CLASS[ _]?LABEL|LABEL|ANSWER|EXAMPLE|END|{INPUTS}|{OUTPUTS})"
    r"[ \t]*[#:]?[ \t]*\d*[ \t]*>+[*_`\"]*[ \t]*(?::[*_]*)?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_OTHER_FORM = re.compile(
    rf"(?:^[ \t]*[*_]{{0,3}}(?:\[(?P<square>{_PART_NAMES})\]|【(?P<lens>{_PART_NAMES})】)"
    rf"|(?<!<)<(?P<close>/)?(?P<tag>{_PART_NAMES}|label|example)>(?!>))[*_]{{0,3}}[:：]?[ \t]*",
    re.MULTILINE | re.IGNORECASE,
)
"""Names in other brackets: `[INPUT]`, `【输入】`, `<input>`."""

_ON_ONE_LINE = re.compile(r"(?<=\S)[ \t]+(?=<<(?:OUTPUT|INPUT)>>[ \t]*\S)")
_FIELD = re.compile(
    r"(?!(?:note|here|sure|task|instruction|example|certainly|of course)\b)[a-z][\w-]*(?: [\w-]+){0,2}: *\S",
    re.IGNORECASE,
)
"""A text under a name of its own: `Email: ...`."""


@dataclass(frozen=True, slots=True)
class PartMarker:
    """A line that names a part, and what stands behind the name on the same line.

    `name` distinguishes labels of one kind: `answer` and `bare` are weak, since they also occur in texts.
    """

    line: int
    kind: PartKind
    rest: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class PartBlock:
    """A part of a raw text: its kind and its text, byte for byte but for blank lines around it."""

    kind: PartKind
    text: str


def read_blocks(text: str, is_classification: bool, keeps_remarks: bool) -> list[PartBlock]:
    """The marked parts of a raw text in their order; empty if nothing is marked.

    Delimiters count first, also in other brackets, then labels such as `Output:`, and these only outside code.
    """
    lines = _delimited(text).split("\n")
    labels = _labels(lines, is_classification, keeps_remarks)
    if found := _by(_delimiter_at, lines):
        remarks = [PartMarker(at, "end", "") for at, label in labels_of(lines, keeps_remarks) if label.part == "remark"]
        known = _completed(found, labels, is_classification)
        return _cut_at(lines, sorted({*known, *remarks}, key=lambda marker: marker.line))
    if not labels:
        return []
    before = tidy(lines[: labels[0].line])
    if labels[0].kind == "output" and before:
        if _FIELD.match(before):
            return [PartBlock("input", before), *_cut_at(lines, labels)]
        if "\n" in before and not any(marker.kind == "input" for marker in labels):
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
    return name.lower() if name.lower() in KINDS else kind_of_field(name) or "input"


def _cut_at(lines: Sequence[str], markers: Sequence[PartMarker]) -> list[PartBlock]:
    texts = cut_at(lines, [(marker.line, marker.rest) for marker in markers])
    return [PartBlock(marker.kind, text) for marker, text in zip(markers, texts, strict=True)]


def _completed(
    delimiters: Sequence[PartMarker], labels: Sequence[PartMarker], is_classification: bool
) -> list[PartMarker]:
    """The delimiters, with labels for the kind of part that no delimiter names."""
    kinds = {marker.kind for marker in delimiters}
    inputs = [marker for marker in labels if marker.kind == "input"]
    missing: list[PartMarker] = []
    if not kinds & {"output", "label"}:
        missing = [marker for marker in labels if marker.kind in ("output", "label")]
    elif "input" not in kinds and inputs and (is_classification or inputs[0].line < delimiters[0].line):
        missing = inputs
    return sorted([*delimiters, *missing], key=lambda marker: marker.line)


# --- lines ------------------------------------------------------------------------------------------------------------


def _by(read: Callable[[int, str], PartMarker | None], lines: Sequence[str]) -> list[PartMarker]:
    return [marker for at, line in enumerate(lines) if (marker := read(at, line))]


def _match(pattern: re.Pattern[str], line: str) -> tuple[re.Match[str], str] | None:
    """What a pattern finds at a line's start, and the rest of the line."""
    found = pattern.fullmatch(line[:HEAD])
    return None if found is None else (found, found["rest"] + line[HEAD:])


def _delimiter_at(at: int, line: str) -> PartMarker | None:
    return _named(at, _match(_DELIMITER, line))


def _named(at: int, match: tuple[re.Match[str], str] | None) -> PartMarker | None:
    if match is None:
        return None
    found, rest = match
    name = re.sub(r"[ _-]", "", found["name"].lower())
    if found["close"] or name == "end":
        return PartMarker(at, "end", rest)
    return PartMarker(at, KINDS.get(name) or ("output" if kind_of_field(name) == "output" else "input"), rest)


def _labels(lines: Sequence[str], is_classification: bool, keeps_remarks: bool) -> list[PartMarker]:
    """The labels that name parts; none if no output is named. `Answer:` does so only after an input, or first of all.

    A heading such as `Example 2` counts if a part follows it; what stands below it is an input if none is named.
    """
    found = [
        PartMarker(at, _PARTS[label.part], label.rest, label.part)
        for at, label in labels_of(lines, keeps_remarks)
        if label.part in _PARTS
    ]
    found = [marker for marker in found if marker.name != "bare" or is_classification]
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    inputs = [marker.line for marker in found if marker.kind == "input"] or [len(lines)]
    is_weak = any(marker.kind in ("output", "label") and marker.name != "answer" for marker in found)
    known = [
        marker
        for marker in found
        if marker.name != "answer" or marker.line == first or (marker.line > inputs[0] and not is_weak)
    ]
    used = [one for one, following in pairwise([*known, None]) if one and _counts(one, following)]
    return used if any(marker.kind in ("output", "label") for marker in used) else []


def _counts(marker: PartMarker, following: PartMarker | None) -> bool:
    return marker.kind != "example" or (following is not None and following.kind != "example")
