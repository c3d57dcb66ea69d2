"""Reads raw instances into training examples: whatever looks like one is handed on, for the filters to judge."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal, TypeAlias

from selfinstruct.api import Example, Json, PostProcessor, Reply, Request
from selfinstruct.api.text import final_text
from selfinstruct_chat.readers.fields import says_nothing
from selfinstruct_chat.readers.framing import split_input, without_closers, without_frame, without_next_task
from selfinstruct_chat.readers.json_examples import read_json_examples, read_row_examples
from selfinstruct_chat.readers.line_labels import LabelledText, label_at, one_label_a_line, tidy
from selfinstruct_chat.readers.part_markers import PartBlock, read_blocks
from selfinstruct_chat.readers.part_words import EXPLANATIONS, NOTES
from selfinstruct_chat.readers.records import read_records
from selfinstruct_chat.readers.replies import final_part, without_markup

MarkedPart: TypeAlias = tuple[Literal["input", "output"], str]
InputOutput: TypeAlias = tuple[str, str]
"""Input and output."""

_WANTS_DATA = re.compile(r"json|yaml|xml|\b(?:object|dictionar|record|key|field|data)", re.IGNORECASE)
"""Tasks whose output may itself look like records."""

_WANTS_REMARKS = re.compile(
    rf"\b(?:{EXPLANATIONS}|expla|expli|reason|justif|comment|why|erklär|begründ|spieg)|объясн|поясн|açıkla|wyjaśn",
    re.IGNORECASE,
)
"""Tasks whose answer is an explanation, or has one."""

_WANTS_THOUGHT = re.compile(rf"<|\bt(?:hink|hought|ag|oken)|markup|html|xml|{_WANTS_REMARKS.pattern}", re.IGNORECASE)
_EXAMPLE_TAG = re.compile(r"^[ \t]*</?examples?(?:[ _]?\d+)?>[ \t]*$", re.MULTILINE | re.IGNORECASE)
_ARROW = re.compile(r"->|=>|→|⇒")
_ITEM = re.compile(r"(?:[-*•][ \t]+|\d{1,2}[.)][ \t]+)?")
_ARROW_BELOW = re.compile(r"\n[ \t]*(?=(?:->|=>|→|⇒))")
_NOTE_LAST = re.compile(rf"\n[ \t]*\n[*_]*(?:{NOTES})[*_]*\s?[:：][^\n]*\Z", re.IGNORECASE)
"""A note below the last of several outputs, which is on all of them."""


class ChatExamplesReader(PostProcessor):
    """Reads examples under delimiters, tags, labels, as JSON, or as one unmarked output; total and pure."""

    def process(self, request: Request, reply: Reply) -> Sequence[Example]:
        """The examples of the one subject, in order. The last one of a reply cut by length is noted as `cut`.

        A text without any marker is an output, and noted as `unmarked`.
        """
        subject = request.subjects[0]
        is_classification = subject.is_classification is True
        text = without_closers(final_part(reply.text).rstrip(), subject.text).strip("\n")
        labelled = without_next_task(LabelledText.from_text(text), subject.text)
        text = labelled.text
        ends_open = reply.ended_early
        pairs, is_cut = read_pairs(labelled, subject.text, is_classification, ends_open=ends_open)
        shared: dict[str, Json] = {}
        if not pairs:
            pairs, is_cut, shared = [("", tidy(text.split("\n")))], ends_open, {"unmarked": True}
        if len(pairs) > 1 and not any(_NOTE_LAST.search(output) for _, output in pairs[:-1]):
            pairs[-1] = (pairs[-1][0], _NOTE_LAST.sub("", pairs[-1][1]))
        if is_cut and not shared and _begins_example(text.rpartition("\n")[2]):
            pairs = [*pairs, ("", "")]  # the one that is cut
        examples = []
        for at, (given, output) in enumerate(pairs):
            notes = {**shared, "cut": True} if is_cut and at == len(pairs) - 1 else dict(shared)
            given, output = split_input(given, without_frame(_without_thought(output, subject.text), subject.text))
            given = "" if _is_no_input(given, subject.text) else given
            examples.append(Example(subject.text, given, output, is_classification, subject.id, notes))
        return examples


def read_pairs(
    text: LabelledText, instruction: str, is_classification: bool, *, ends_open: bool
) -> tuple[list[InputOutput], bool]:
    """Inputs and outputs as they are marked, none if nothing is, and whether the last one is cut.

    Explanations below an output go, unless the instruction asks for them. JSON says itself whether it is whole; of
    other texts nobody knows it if the tokens ran out, so `ends_open` decides.
    """
    labelled = one_label_a_line(text.changed_to(_EXAMPLE_TAG.sub("", without_markup(text.text, instruction))))
    plain = labelled.text
    keeps_remarks = _WANTS_REMARKS.search(instruction) is not None
    if "<<" not in plain and (pairs := read_records(labelled, is_classification, keeps_remarks)):
        return pairs, ends_open
    if blocks := read_blocks(labelled, is_classification, keeps_remarks):
        pairs = list(_paired(list(_parts(blocks)), is_classification))
        return pairs, ends_open
    pairs, is_cut = read_json_examples(plain, ends_open, _WANTS_DATA.search(instruction) is None)
    if pairs:
        return pairs, is_cut
    by_class = _by_class(labelled, instruction) if is_classification else []
    return by_class or read_row_examples(plain) or _by_arrows(plain), ends_open


def _without_thought(output: str, instruction: str) -> str:
    """An output without the thought that it begins with, unless the task is about such things."""
    if not output.startswith(("<", "[", "◁")) or _WANTS_THOUGHT.search(instruction):
        return output
    return final_text(output).strip("\r\n") or output


def _begins_example(line: str) -> bool:
    label = label_at(line)
    return label is not None and label.part == "example" and not label.rest


def _by_class(text: LabelledText, instruction: str) -> list[InputOutput]:
    """Inputs and outputs from several lines that begin with a class that the instruction names: `Positive: ...`."""
    known = instruction.casefold()
    filled = [label for line, label in zip(text.lines, text.labels, strict=True) if line.strip()]
    pairs = [(label.rest.strip(), label.written) for label in filled if label and label.name in known]
    return pairs if len(pairs) == len(filled) > 1 and all(given for given, _ in pairs) else []


def _by_arrows(text: str) -> list[InputOutput]:
    """Inputs and outputs from several lines that all have an arrow between the two, and no other line."""
    pairs = []
    for line in _ARROW_BELOW.sub(" ", text).split("\n"):
        label = label_at(line)
        own = label.rest if label and label.part == "example" else line
        if not own.strip():
            continue
        sides = [side.strip() for side in _ARROW.split(own)]
        if len(sides) != 2 or not all(sides):
            return []
        pairs.append((_ITEM.sub("", sides[0], count=1).strip("*"), sides[1]))
    return pairs if len(pairs) > 1 else []


def _parts(blocks: Sequence[PartBlock]) -> Iterator[MarkedPart]:
    """Inputs and outputs. Below a class label stands its input, if none is named."""
    for (kind, text), (after, _) in pairwise([*blocks, ("end", "")]):
        if kind in ("input", "output"):
            yield kind, text
        elif kind == "label":
            label, _, below = text.partition("\n")
            yield "output", text if after == "input" else label.strip()
            if after != "input" and below.strip():
                yield "input", tidy(below.split("\n"))


def _paired(parts: Sequence[MarkedPart], is_classification: bool) -> Iterator[InputOutput]:
    """Put inputs and outputs together, in whichever order they come."""
    kinds = [kind for kind, _ in parts]
    is_output_first = kinds[:1] == ["output"] and "input" in kinds and (is_classification or kinds[-1] == "input")
    return _output_first(parts) if is_output_first else _input_first(parts)


def _input_first(parts: Sequence[MarkedPart]) -> Iterator[InputOutput]:
    """An output belongs to the input before it, or to none; an input that gets no output is handed on without."""
    held: str | None = None
    for kind, text in parts:
        if kind == "output":
            yield held or "", text
            held = None
            continue
        if held:
            yield held, ""
        held = text
    if held is not None:
        yield held, ""


def _output_first(parts: Sequence[MarkedPart]) -> Iterator[InputOutput]:
    """An input belongs to the label before it, and so does a second one."""
    label = ""
    for kind, text in parts:
        if kind == "output":
            label = text
        else:
            yield text, label


def _is_no_input(given: str, instruction: str) -> bool:
    """Whether an input says that there is none, or is the task over again."""
    return (bool(given) and says_nothing(given)) or given.split() == instruction.split()
