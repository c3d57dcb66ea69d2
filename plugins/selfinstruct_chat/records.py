"""Reads examples that come as paragraphs of two labelled parts each, whatever their labels are."""

from __future__ import annotations

import re

from selfinstruct_chat.fields import LABEL, kind_of_field


def read_records(text: str, is_classification: bool) -> list[tuple[str, str]]:
    """Inputs and outputs of paragraphs that all have the same two labels; of one only if its labels are known.

    The first part is the input, unless the first label names an output, or the second one an input.
    """
    paragraphs = [part.split("\n") for part in re.split(r"\n[ \t]*\n\s*", text.strip())]
    found = [read for lines in paragraphs if (read := _record(lines))]
    names = {(first, second) for first, second, _, _ in found}
    if len(found) < len(paragraphs) or len(names) != 1:
        return []
    first, second = map(kind_of_field, names.pop())
    is_known = second == "output" and first in ("task", "input")
    if len(found) < 2 and not is_known:
        return []
    if first == "output" or (second == "input" and is_classification):
        return [(below, above) for _, _, above, below in found]
    return [(above, below) for _, _, above, below in found]


def _record(lines: list[str]) -> tuple[str, str, str, str] | None:
    """Two labels and what stands behind each; `None` where a paragraph does not have exactly two."""
    marks = [(at, found) for at, line in enumerate(lines) if (found := LABEL.match(line))]
    if len(marks) != 2 or marks[0][0] > 0:
        return None
    (_, one), (at, other) = marks
    above = "\n".join([lines[0][one.end() :], *lines[1:at]]).strip()
    below = "\n".join([lines[at][other.end() :], *lines[at + 1 :]]).strip()
    return (one["name"].casefold(), other["name"].casefold(), above, below) if above and below else None
