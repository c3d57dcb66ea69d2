"""Makes a right case wrong in one known way, so that checks of outputs can be measured against the truth."""

from __future__ import annotations

import re
from random import Random
from typing import TypeAlias

from selfinstruct_demo.faults import InputOutput, break_off, happens
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.tasks import KnownTask

FOREIGN_LABELS = ("unclear", "neutral", "miscellaneous", "n/a")
OutputFault: TypeAlias = str
"""The name of the option that sets how often it strikes."""


def spoil(case: InputOutput, task: KnownTask, rng: Random, *, options: DemoOptions) -> InputOutput:
    """The case, right or with the first mistake of `OUTPUT_FAULTS` that strikes it and can be made in it."""
    for fault, make in OUTPUT_FAULTS.items():
        if happens(rng, getattr(options, fault)) and (spoiled := make(case, task, rng)) != case:
            return spoiled
    return case


def _wrong_output(case: InputOutput, task: KnownTask, rng: Random) -> InputOutput:
    """Another number in the output; without numbers, another label of the task, or other words in a list."""
    text, output = case
    if others := [label for label in task.labels if label != output]:
        return text, rng.choice(others)
    found = list(re.finditer(r"\d+", output))
    if found:
        at = rng.choice(found)
        return text, output[: at.start()] + str(int(at[0]) + rng.choice((1, 2, 3, 10))) + output[at.end() :]
    parts = output.split(", ")
    return text, ", ".join(parts[1:] if len(parts) > 1 else [output, output])


def _foreign_label(case: InputOutput, task: KnownTask, rng: Random) -> InputOutput:
    return (case[0], rng.choice(FOREIGN_LABELS)) if task.labels else case


def _broken_code(case: InputOutput, task: KnownTask, rng: Random) -> InputOutput:
    """Without one of the brackets that close."""
    text, output = case
    found = list(re.finditer(r"[\])}]", output)) if task.family.is_code else []
    if not found:
        return text, output.replace("class ", "clas ") if task.family.is_code else output
    at = rng.choice(found)
    return text, output[: at.start()] + output[at.end() :]


def _missing_input(case: InputOutput, _: KnownTask, __: Random) -> InputOutput:
    return "", case[1]


def _echoed_input(case: InputOutput, task: KnownTask, __: Random) -> InputOutput:
    return case[0], case[0] or task.text


def _cut_output(case: InputOutput, _: KnownTask, rng: Random) -> InputOutput:
    return case[0], break_off(case[1], rng)


OUTPUT_FAULTS = {
    "wrong_output": _wrong_output,
    "foreign_label": _foreign_label,
    "broken_code": _broken_code,
    "missing_input": _missing_input,
    "echoed_input": _echoed_input,
    "cut_output": _cut_output,
}
"""Mistakes of outputs by the option that sets their rate. One that a case has no room for leaves it as it is."""
