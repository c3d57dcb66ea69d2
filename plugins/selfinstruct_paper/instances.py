"""Reads a model's instances of a task the way the reference does: the label, both text formats, and what is dropped."""

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
    """Say whether a reply means that a task is classification: Yes, yes or YES, and nothing else but white space.

    Everything else is a no, "Yes." and a failed call too: that is the reference's behaviour when it prepares data.
    """
    return is_classification.strip() in ("Yes", "yes", "YES")


def parse_input_output(response_text: str) -> PaperInstance:
    """Split one instance into input and output at the first "Output:"; a number may stand before the colon.

    Without the marker all is output. A leading "Input:" is taken off, and the output ends where a second pair
    begins. The markers are found anywhere, in prose and in code too. Source: the reference's function of this name.
    """
    before, *after = OUTPUT.split(response_text, maxsplit=2)
    text, answer = (before, after[0]) if after else ("", before)
    text = text.strip()
    label = INPUT.match(text)
    text = text[label.end() :] if label else text
    return text.strip(), INPUT.split(answer, maxsplit=1)[0].strip()


def split_input_first(raw_text: str) -> list[PaperInstance]:
    """Split what stands after "Example 1", "Example 2", ... into inputs and outputs, good or bad.

    Without "Example" the text is one instance if it has an "Output:", and nothing otherwise.
    Source: Wang et al. 2023, section 2.2 (input-first approach), and the reference's reading of it.
    """
    raw_text = raw_text.strip()
    if EXAMPLE.search(raw_text):
        pieces = [piece for piece in EXAMPLE.split(raw_text) if piece.strip()]
    else:
        pieces = [raw_text] if OUTPUT.search(raw_text) else []
    return [parse_input_output(piece.strip()) for piece in pieces]


def split_output_first(raw_text: str) -> list[PaperInstance]:
    """Split a text at "Class label:", good or bad: the rest of the line is an output, and what is below it its input.

    Source: Wang et al. 2023, section 2.2 (output-first approach), and the reference's reading of it.
    """
    _, *pieces = raw_text.split(CLASS_LABEL)
    lines = (piece.strip().partition("\n") for piece in pieces)
    return [(text.strip(), label.strip()) for label, _, text in lines]


def conflicting_input(pairs: Iterable[PaperInstance]) -> str:
    """Give the first non-empty input that has two different outputs; an empty text if there is none."""
    outputs: dict[str, str] = {}
    return next((text for text, output in pairs if text and outputs.setdefault(text, output) != output), "")


def filter_duplicate_instances(instances: Sequence[InstanceRow]) -> list[InstanceRow]:
    """Leave out repeated instances; give none at all if one non-empty input has two different outputs.

    The rows keep the order of their first appearance, where the reference's order was that of a set. Source:
    Wang et al. 2023, section 2.2 (filtering), and the reference's function of this name.
    """
    if conflicting_input((text, output) for _, text, output in instances):
        return []
    return list(dict.fromkeys(instances))


def evaluate_instance(text: str, output: str) -> Verdict:
    """Drop an instance whose output is empty or repeats the input `text`, or of which either side ends with a colon."""
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
    """Leave out the instances that `evaluate_instance` drops. Source: the reference's function of this name."""
    return [instance for instance in instances if evaluate_instance(instance[1], instance[2]).keep]


def parse_instances_for_generation_task(
    raw_text: str, instruction: str, response_metadata: Mapping[str, Any]
) -> list[InstanceRow]:
    """Read the usable instances of a task that is not classification; see `split_input_first`.

    The last instance of a reply cut by length is left out. Raises `DataError` if instances are found and the metadata
    cannot say how the reply ended. Source: Wang et al. 2023, section 2.2 (filtering), and the reference's function.
    """
    return _usable(split_input_first(raw_text), instruction, response_metadata)


def parse_instances_for_classification_task(
    raw_text: str, instruction: str, response_metadata: Mapping[str, Any]
) -> list[InstanceRow]:
    """Read the usable instances of a classification task; see `split_output_first`.

    The last instance of a reply cut by length is left out. Raises `DataError` if instances are found and the metadata
    cannot say how the reply ended. Source: Wang et al. 2023, section 2.2 (filtering), and the reference's function.
    """
    return _usable(split_output_first(raw_text), instruction, response_metadata)


def _usable(
    pairs: Sequence[PaperInstance], instruction: str, response_metadata: Mapping[str, Any]
) -> list[InstanceRow]:
    """Drop the last pair of a cut reply, then what is invalid, then duplicates: the order decides about conflicts."""
    if not pairs:
        return []
    whole = pairs[:-1] if was_cut(response_metadata.get("response")) else pairs
    rows = [(instruction.strip(), text, output) for text, output in whole]
    return filter_duplicate_instances(filter_invalid_instances(rows))
