"""Reads a model's instances of a task the way the reference does: the label, both text formats, and what is dropped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from selfinstruct_paper.completions import was_cut

InstanceRow: TypeAlias = tuple[str, str, str]
"""Instruction, input, output."""

EXAMPLE = re.compile(r"Example\s?\d*\.?")
INPUT = re.compile(r"Input\s*(?:\d+\s*)?:")
OUTPUT = re.compile(r"Output\s*(?:\d+\s*)?:")
CLASS_LABEL = "Class label:"


def read_clf_label(is_classification: str) -> bool:
    """Say whether a reply means that a task is classification: Yes, yes or YES, and nothing else but white space.

    Everything else is a no, "Yes." and a failed call too: that is the reference's behaviour when it prepares data.
    """
    return is_classification.strip() in ("Yes", "yes", "YES")


def parse_input_output(response_text: str) -> tuple[str, str]:
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


def filter_duplicate_instances(instances: Sequence[InstanceRow]) -> list[InstanceRow]:
    """Leave out repeated instances; give none at all if one non-empty input has two different outputs.

    The rows keep the order of their first appearance, where the reference's order was that of a set. Source:
    Wang et al. 2023, section 2.2 (filtering), and the reference's function of this name.
    """
    outputs: dict[str, str] = {}
    for _, text, output in instances:
        if text != "" and outputs.setdefault(text, output) != output:
            return []
    return list(dict.fromkeys(instances))


def filter_invalid_instances(instances: Sequence[InstanceRow]) -> list[InstanceRow]:
    """Leave out instances whose output is empty or repeats the input, or of which either side ends with a colon."""

    def is_valid(text: str, output: str) -> bool:
        return output not in ("", text) and not any(side.strip().endswith(":") for side in (text, output))

    return [instance for instance in instances if is_valid(instance[1], instance[2])]


def parse_instances_for_generation_task(
    raw_text: str, instruction: str, response_metadata: Mapping[str, Any]
) -> list[InstanceRow]:
    """Read the instances of a task that is not classification (input-first): after "Example 1", "Example 2", ...

    Without "Example" the text is one instance if it has an "Output:", and nothing otherwise. The last instance of a
    reply cut by length is left out. Raises `DataError` if instances are found and the metadata cannot say how the
    reply ended. Source: Wang et al. 2023, section 2.2 (input-first approach), and the reference's function.
    """
    raw_text = raw_text.strip()
    if EXAMPLE.search(raw_text):
        pieces = [piece for piece in EXAMPLE.split(raw_text) if piece.strip()]
    elif OUTPUT.search(raw_text):
        pieces = [raw_text]
    else:
        return []
    return _usable([parse_input_output(piece.strip()) for piece in pieces], instruction, response_metadata)


def parse_instances_for_classification_task(
    raw_text: str, instruction: str, response_metadata: Mapping[str, Any]
) -> list[InstanceRow]:
    """Read the instances of a classification task (output-first): a "Class label:" line, then the input below it.

    The last instance of a reply cut by length is left out. Raises `DataError` if instances are found and the metadata
    cannot say how the reply ended. Source: Wang et al. 2023, section 2.2 (output-first approach), and the reference.
    """
    _, *pieces = raw_text.split(CLASS_LABEL)
    if not pieces:
        return []
    lines = (piece.strip().partition("\n") for piece in pieces)
    return _usable([(text.strip(), label.strip()) for label, _, text in lines], instruction, response_metadata)


def _usable(
    pairs: Sequence[tuple[str, str]], instruction: str, response_metadata: Mapping[str, Any]
) -> list[InstanceRow]:
    """Drop the last pair of a cut reply, then what is invalid, then duplicates: the order decides about conflicts."""
    whole = pairs[:-1] if was_cut(response_metadata.get("response")) else pairs
    rows = [(instruction.strip(), text, output) for text, output in whole]
    return filter_duplicate_instances(filter_invalid_instances(rows))
