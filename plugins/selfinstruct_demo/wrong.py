"""Makes a right case wrong in one known way, so that checks of outputs can be measured against the truth."""

from __future__ import annotations

import re
from random import Random

from selfinstruct_demo.faults import InputOutput, happens
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.tasks import KnownTask

FOREIGN_LABELS = ("unclear", "neutral", "miscellaneous", "n/a")
LEAST_LEFT = 15
"""Characters that a cut leaves of an output at least: what is shorter ends before a limit of tokens."""


def spoil(case: InputOutput, task: KnownTask, rng: Random, *, options: DemoOptions) -> InputOutput:
    """The case, right or with the first mistake of `OUTPUT_FAULTS` that strikes it and can be made in it."""
    for fault, make in OUTPUT_FAULTS.items():
        if happens(rng, getattr(options, fault)) and (spoiled := make(case, task, rng)) != case:
            return spoiled
    return case


def _wrong_result(case: InputOutput, task: KnownTask, rng: Random) -> InputOutput:
    """Another number, order or choice, where the task states what to add, count, sort or compare."""
    text, output = case
    if not task.family.is_stated:
        return case
    parts = output.split(", ")
    if len(parts) > 1:
        return text, ", ".join(_misplaced(parts, rng))
    if found := list(re.finditer(r"\d+", output)):
        at = rng.choice(found)
        return text, output[: at.start()] + str(int(at[0]) + rng.choice((1, 2, 3, 10))) + output[at.end() :]
    choices = [part.strip(" .?0123456789") for part in task.text.partition(": ")[2].split(",")]
    return text, rng.choice([one for one in choices if one != output])


def _misplaced(parts: list[str], rng: Random) -> list[str]:
    """A list in which two different neighbours have changed places, or which has lost an item."""
    at = rng.choice([at for at in range(len(parts) - 1) if parts[at] != parts[at + 1]])
    swapped = [*parts[:at], parts[at + 1], parts[at], *parts[at + 2 :]]
    return swapped if rng.random() < 0.5 else parts[:at] + parts[at + 1 :]


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
    """The first part of a longer output, up to the middle of a word, as the limit of tokens leaves it."""
    text, output = case
    words = [found for found in re.finditer(r"[A-Za-z]{5,}", output) if found.start() >= LEAST_LEFT]
    if not words:
        return case
    word = rng.choice(words)
    return text, output[: rng.randint(word.start() + 2, word.end() - 2)]


OUTPUT_FAULTS = {
    "wrong_output": _wrong_result,
    "foreign_label": _foreign_label,
    "broken_code": _broken_code,
    "missing_input": _missing_input,
    "echoed_input": _echoed_input,
    "cut_output": _cut_output,
}
"""Mistakes of outputs by the option that sets their rate. One that a case has no room for leaves it as it is."""
