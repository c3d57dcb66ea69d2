"""Answers prompts of the stage judge: solves each example itself, and compares."""

from __future__ import annotations

import json
from random import Random

from selfinstruct_demo.faults import MARKERS, REFUSALS, happens
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.prompt import ParsedPrompt
from selfinstruct_demo.tasks import recognise, right_answer

REASONS = ("the task is too vague", "the input does not fit", "the output misses the point")


def write(ask: ParsedPrompt, rng: Random, options: DemoOptions) -> str:
    """A line such as `3. yes/yes/no - the output misses the point` for each example."""
    marker = rng.choice(MARKERS[:2]) if happens(rng, options.markers) else "{}. "
    lines = []
    for number, line in enumerate(ask.subjects, 1):
        said = _review(line)
        fault = rng.choice(["left out", "maybe", "short"]) if happens(rng, options.judge_faults) else ""
        if fault == "left out":
            continue
        words = ["maybe" if fault == "maybe" else "yes" if one else "no" for one in said]
        why = next((f" - {reason}" for reason, one in zip(REASONS, said, strict=True) if not one), "")
        lines.append(marker.format(number) + "/".join(words[:2] if fault == "short" else words) + why)
    return "\n".join(lines) or "maybe"


def _review(line: str) -> tuple[bool, bool, bool]:
    """Whether task, input and output are right; of a task that the demo did not write, whether they are there."""
    try:
        example = json.loads(line)
        task, given, output = (str(example[key]) for key in ("instruction", "input", "output"))
    except (ValueError, KeyError, TypeError):
        return False, False, False
    known = recognise(task)
    if known is None:
        return len(task.split()) > 2, True, bool(output.strip()) and output not in REFUSALS
    right = right_answer(task, given)
    return True, right is not None, output == right
