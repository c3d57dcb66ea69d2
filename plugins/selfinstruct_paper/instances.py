"""Parses labels and instances as the reference does, in both text formats, and drops what the reference drops."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from selfinstruct.api import Verdict, drop, keep
from selfinstruct_paper.completions import was_cut

InstanceRow: TypeAlias = tuple[str, str, str]
"""Instruction, input, output."""
PaperInstance: TypeAlias = tuple[str, str]
"""Input, output."""

MOST_PER_TASK = 5

EXAMPLE = re.compile(r"Example\s?\d*\.?")
INPUT = re.compile(r"Input\s*(?:\d+\s*)?:")
OUTPUT = re.compile(r"Output\s*(?:\d+\s*)?:")
CLASS_LABEL = "Class label:"


def read_clf_label(is_classification: str) -> bool:
    """Whether a reply says that a task is classification: Yes, yes or YES, with white space around it.

    Any other text means no, even "Yes." or a failed call: so does the reference when it prepares data.
    """
    return is_classification.strip() in ("Yes", "yes", "YES")


def parse_input_output(response_text: str) -> PaperInstance:
    """The input and output of one instance, split at the first "Output:", which may have a number before the colon.

    Without the marker, the whole text is output. A leading "Input:" is removed, and the output ends where a second
    pair starts. Markers are found anywhere, even in prose and code. Source: the reference's function of this name.
    """
    before, *after = OUTPUT.split(response_text, maxsplit=2)
    text, answer = (before, after[0]) if after else ("", before)
    text = text.strip()
    label = INPUT.match(text)
    text = text[label.end() :] if label else text
    return text.strip(), INPUT.split(answer, maxsplit=1)[0].strip()


def split_input_first(raw_text: str) -> list[PaperInstance]:
    """All instances, valid or not, in the text after "Example 1", "Example 2" and so on.

    Without "Example", the text is one instance if it has an "Output:", and none otherwise.
    Source: Wang et al. 2023, section 2.2 (input-first approach), and the reference's code.
    """
    raw_text = raw_text.strip()
    if EXAMPLE.search(raw_text):
        pieces = [piece for piece in EXAMPLE.split(raw_text) if piece.strip()]
    else:
        pieces = [raw_text] if OUTPUT.search(raw_text) else []
    return [parse_input_output(piece.strip()) for piece in pieces]


def split_output_first(raw_text: str) -> list[PaperInstance]:
    """All instances, valid or not, after "Class label:": the rest of the line is the output, the lines below the input.

    Source: Wang et al. 2023, section 2.2 (output-first approach), and the reference's code.
    """
    _, *pieces = raw_text.split(CLASS_LABEL)
    lines = (piece.strip().partition("\n") for piece in pieces)
    return [(text.strip(), label.strip()) for label, _, text in lines]


def conflicting_input(pairs: Iterable[PaperInstance]) -> str:
    """The first non-empty input that has two different outputs; an empty text if there is none."""
    outputs: dict[str, str] = {}
    return next((text for text, output in pairs if text and outputs.setdefault(text, output) != output), "")


def filter_duplicate_instances(instances: Sequence[InstanceRow]) -> list[InstanceRow]:
    """The instances without repetitions, or none if a non-empty input has two different outputs.

    Rows are in order of first appearance; in the reference they are in the order of a set. Source: Wang et al. 2023,
    section 2.2 (filtering), and the reference's function of this name.
    """
    if conflicting_input((text, output) for _, text, output in instances):
        return []
    return list(dict.fromkeys(instances))


def evaluate_instance(text: str, output: str) -> Verdict:
    """Drop an instance whose output is empty or equals the input `text`, or whose input or output ends with a colon."""
    if not output:
        return drop("empty-output")
    if output == text:
        return drop("output-repeats-input")
    if text.strip().endswith(":"):
        return drop("input-ends-with-colon", end=text.strip()[-20:])
    if output.strip().endswith(":"):
        return drop("output-ends-with-colon", end=output.strip()[-20:])
    return keep()


def filter_invalid_instances(instances: Sequence[InstanceRow]) -> list[InstanceRow]:
    """The instances that `evaluate_instance` keeps. Source: the reference's function of this name."""
    return [instance for instance in instances if evaluate_instance(instance[1], instance[2]).keep]


def parse_instances_for_generation_task(
    raw_text: str, instruction: str, response_metadata: Mapping[str, Any]
) -> list[InstanceRow]:
    """The usable instances of a task that is not classification; see `split_input_first`.

    The last instance of a reply that was cut by length is left out. Raises `DataError` if there are instances and the
    metadata do not say how the reply ended. Source: Wang et al. 2023, section 2.2 (filtering), and the reference.
    """
    return _usable(split_input_first(raw_text), instruction, response_metadata)


def parse_instances_for_classification_task(
    raw_text: str, instruction: str, response_metadata: Mapping[str, Any]
) -> list[InstanceRow]:
    """The usable instances of a classification task; see `split_output_first`.

    The last instance of a reply that was cut by length is left out. Raises `DataError` if there are instances and the
    metadata do not say how the reply ended. Source: Wang et al. 2023, section 2.2 (filtering), and the reference.
    """
    return _usable(split_output_first(raw_text), instruction, response_metadata)


def _usable(
    pairs: Sequence[PaperInstance], instruction: str, response_metadata: Mapping[str, Any]
) -> list[InstanceRow]:
    """Drop the last pair of a cut reply, then invalid pairs, then duplicates: their order matters for conflicts."""
    if not pairs:
        return []
    complete = pairs[:-1] if was_cut(response_metadata.get("response")) else pairs
    rows = [(instruction.strip(), text, output) for text, output in complete]
    return filter_duplicate_instances(filter_invalid_instances(rows))
