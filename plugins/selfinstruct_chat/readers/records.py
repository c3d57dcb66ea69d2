"""Reads records: examples or tasks whose parts have labels that come again and again, whatever they are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from selfinstruct_chat.readers.fields import with_input
from selfinstruct_chat.readers.line_labels import Label, LabelledText, cut_at
from selfinstruct_chat.readers.lists import ListItem, ParsedList, has_marker

_CLASS = re.compile(
    r"category|class|sentiment|topic|verdict|genre|tone|intent|kategorie|categoría|catégorie", re.IGNORECASE
)
_BESIDE = ("input", "output", "answer")
_ASIDE = ("example", "remark")
_OUTPUTS = ("output", "answer", "label", "bare", "result")
MOST_PARTS = 5
"""Labelled parts of a record."""

_Mark = tuple[int, Label]


def read_records(text: LabelledText, is_classification: bool, keeps_remarks: bool) -> list[tuple[str, str]]:
    """Inputs and outputs of a text that is nothing but records of the same labelled parts, and remarks on them.

    One label must name an output, the first or the last; the others are the input, under their names where they are
    several. Where none does, there must be several records of two parts, each a paragraph: the second part is the
    output then.
    """
    text = text.changed_to(text.text.strip())
    lines, marks = text.lines, text.marks(keeps_remarks)
    parts = {label.part for _, label in marks}
    if "input" in parts and not parts.isdisjoint(_OUTPUTS):
        marks = [(at, label) for at, label in marks if label.part]  # other names belong to the texts
    own = [(at, label) for at, label in marks if label.part not in _ASIDE]
    if not own or not _begins(lines, marks):
        return []
    names = [label.name for _, label in own]
    period = next((size for size in range(2, MOST_PARTS + 1) if _repeats(names, size)), 0)
    if not period:
        return []
    texts = cut_at(lines, [(at, label.rest) for at, label in marks])
    own_texts = [text for (_, label), text in zip(marks, texts, strict=True) if label.part not in _ASIDE]
    rows = [own_texts[at : at + period] for at in range(0, len(own_texts) - period + 1, period)]
    kinds = [_kind(label) for _, label in own[:period]]
    if kinds.count("output") == 1 and (kinds[-1] == "output" or (kinds[0] == "output" and is_classification)):
        place = kinds.index("output")
        others = [label for (_, label) in own[:period] if label is not own[place][1]]
        given = [row[:place] + row[place + 1 :] for row in rows]
        is_bare = place > 0 and marks[0][1].part != "example"
        return [(text, row[place]) for text, row in zip(_inputs(others, given, is_bare), rows, strict=True)]
    if "output" in kinds or period != 2 or len(rows) < 2 or not _are_paragraphs(lines, [at for at, _ in own[::period]]):
        return []
    return [(first, second) for first, second in rows]


def _begins(lines: Sequence[str], marks: Sequence[_Mark]) -> bool:
    """Whether nothing but a line to the user stands above the first label."""
    above = [line for line in lines[: marks[0][0]] if line.strip()]
    return not above or (len(above) == 1 and (marks[0][1].part == "example" or above[0].rstrip().endswith((":", "："))))


def _inputs(labels: Sequence[Label], rows: Sequence[Sequence[str]], is_bare: bool) -> list[str]:
    """All parts but the outputs: the input alone beside the same task again and again, else each under its name."""
    columns = range(len(labels))
    kept = [at for at in columns if labels[at].part != "task" or len({row[at] for row in rows}) > 1] or list(columns)
    if len(kept) == 1 and (is_bare or labels[kept[0]].part):
        return [row[kept[0]] for row in rows]  # `Email: ...` belongs to the text
    return ["\n".join(f"{labels[at].written}: {row[at]}" for at in kept) for row in rows]


def _repeats(names: Sequence[str], size: int) -> bool:
    return len(names) >= size and all(name == names[at % size] for at, name in enumerate(names))


def _kind(label: Label) -> str:
    return "output" if label.part in _OUTPUTS or _CLASS.fullmatch(label.name) else label.part


def _are_paragraphs(lines: Sequence[str], starts: Sequence[int]) -> bool:
    """Whether each record is one paragraph of its own: a dialogue looks different."""
    blank = [at for at, line in enumerate(lines) if not line.strip()]
    return all(not lines[at - 1].strip() for at in starts[1:]) and len(blank) == len(starts) - 1


# --- tasks ------------------------------------------------------------------------------------------------------------


def read_task_records(text: str) -> ParsedList | None:
    """One item for each labelled task, with what stands under its input; `None` where tasks are not labelled so.

    It takes a label for the task and one for its input or its answer, or the same label for several tasks. Labels of
    other names that every task has file it, and go, and so do answers. Where only the tasks have numbers, and no other
    label is a heading, it is a numbered list.
    """
    labelled = LabelledText.from_text(text)
    lines, marks = labelled.lines, _task_marks(labelled)
    tasks = [label for _, label in marks if label.part == "task"]
    others = [label for _, label in marks if label.part in _BESIDE]
    if not tasks or not (others or len(tasks) > 1) or marks[0][1].part in _BESIDE:
        return None
    if all(label.is_numbered for label in tasks) and not any(one.is_heading or one.is_numbered for one in others):
        return None
    before = list(lines[: marks[0][0]])
    if has_marker("\n".join(before)):
        return None  # the labels stand in a task of a list
    listing = ParsedList(before)
    for (_, label), body in zip(marks, cut_at(lines, [(at, label.rest) for at, label in marks]), strict=True):
        if label.part == "task":
            listing.items.append(ListItem(body.split("\n")))
        elif label.part == "input" and listing.items:
            listing.items[-1].lines[:] = with_input("\n".join(listing.items[-1].lines), body).split("\n")
    return listing


def _task_marks(text: LabelledText) -> list[_Mark]:
    """The labels that make up the records of tasks. The first label above a task's words is that of every task.

    A label above another one (`Task 1`, and below it `Instruction:`) or above all tasks parts records.
    """
    marks = [(at, label) for at, label in text.marks() if label.part in ("task", "example", *_BESIDE, "")]
    bodies = cut_at(text.lines, [(at, label.rest) for at, label in marks])
    for place, ((_, label), (_, below)) in enumerate(pairwise(marks)):
        is_above = not bodies[place] and below.part == "task"
        if label.part == "task" and (is_above or (not label.rest.strip() and label.name.endswith("s"))):
            marks[place] = (marks[place][0], replace(label, part="example"))
    first = next((label.name for _, label in marks if label.part == "task"), "")
    counts = Counter(label.name for _, label in marks)
    parts = ("example", *_BESIDE)
    return [
        (at, label)
        for at, label in marks
        if label.part in parts or label.name == first or (not label.part and counts[label.name] == counts[first] > 1)
    ]
