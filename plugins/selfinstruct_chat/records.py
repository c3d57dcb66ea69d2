"""Reads examples whose parts have labels that come again and again in the same order, whatever they are called."""

from __future__ import annotations

import re
from collections.abc import Sequence

from selfinstruct_chat.fields import LABEL, kind_of_field
from selfinstruct_chat.words import REMARKS

_REMARK = re.compile(rf"explanation|reason(?:ing)?|note|comment|erklärung|explicación|{REMARKS}", re.IGNORECASE)
_CLASS = re.compile(
    r"category|class|sentiment|topic|verdict|genre|tone|intent|kategorie|categoría|catégorie", re.IGNORECASE
)


def read_records(text: str, is_classification: bool) -> list[tuple[str, str]]:
    """Inputs and outputs of a text that is nothing but records of two labelled parts, and remarks on them.

    At least one label must name an output. Where none does, there must be several records, each a paragraph: the
    second part is the output then, or of a classification task the shorter one.
    """
    lines = text.strip().split("\n")
    marks = [(at, found) for at, line in enumerate(lines) if (found := LABEL.match(line))]
    names = [found["name"].strip().casefold() for _, found in marks]
    if not marks or marks[0][0] > 0:
        return []
    period = names.index(names[0], 1) if names[0] in names[1:] else len(names)
    own = [at for at in range(period) if at == 0 or not _REMARK.fullmatch(names[at])]
    if len(own) != 2 or own[0] > 0 or any(name != names[at % period] for at, name in enumerate(names)):
        return []
    ends = [*(at for at, _ in marks[1:]), len(lines)]
    parts = [
        "\n".join([lines[at][found.end() :], *lines[at + 1 : end]]).strip()
        for (at, found), end in zip(marks, ends, strict=True)
    ]
    kinds = [_kind(names[at]) for at in own]
    pairs = [(parts[at], parts[at + own[1]]) for at in range(0, len(parts) - own[1], period)]
    if kinds[1] == "output" and kinds[0] != "output":
        return pairs if kinds[0] or len(pairs) > 1 else []
    if kinds[0] == "output" and kinds[1] != "output" and is_classification:
        name = "" if kinds[1] else f"{marks[own[1]][1]['name'].strip()}: "  # `Email: ...` belongs to the text
        return [(f"{name}{given}", label) for label, given in pairs]
    if "output" in kinds or len(pairs) < 2 or not _are_paragraphs(lines, [at for at, _ in marks[::period]]):
        return []
    above, below = (sum(map(len, side)) for side in zip(*pairs, strict=True))
    return [(given, label) for label, given in pairs] if is_classification and above < below else pairs


def _kind(name: str) -> str:
    return kind_of_field(name) or ("output" if _CLASS.fullmatch(name) else "")


def _are_paragraphs(lines: Sequence[str], starts: Sequence[int]) -> bool:
    """Whether each record is one paragraph of its own: a dialogue looks different."""
    blank = [at for at, line in enumerate(lines) if not line.strip()]
    return all(not lines[at - 1].strip() for at in starts[1:]) and len(blank) == len(starts) - 1
