"""Answers prompts of the stage judge: solves each example itself and compares, and doubts some as real judges do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random

from selfinstruct_demo.classify import facts_of
from selfinstruct_demo.faults import MARKERS, REFUSALS, happens
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.prompt import ParsedPrompt
from selfinstruct_demo.tasks import recognise, right_answer

DOUBTED_TASK, DOUBTED_INPUT, DOUBTED_OUTPUT = 0.06, 0.1, 0.15
"""Shares of examples in which a judge wrongly doubts task, input, or an output that it cannot compute."""

REASONS = ("the task is too vague", "the input does not fit", "the output misses the point")


def write(ask: ParsedPrompt, rng: Random, options: DemoOptions) -> str:
    """A line such as `3. yes/yes/no - the output misses the point` for each example, with its grade if asked for."""
    marker = rng.choice(MARKERS[:2]) if happens(rng, options.markers) else "{}. "
    lines = []
    for number, line in enumerate(ask.subjects, 1):
        said = _review(line, rng)
        fault = rng.choice(["left out", "maybe", "short"]) if happens(rng, options.judge_faults) else ""
        if fault == "left out":
            continue
        words = ["maybe" if fault == "maybe" else "yes" if one else "no" for one in said]
        why = next((f" - {reason}" for reason, one in zip(REASONS, said, strict=True) if not one), "")
        grade = f" grade {_grade(line, said)}" if ask.grades and fault != "short" else ""
        lines.append(marker.format(number) + "/".join(words[:2] if fault == "short" else words) + grade + why)
    return "\n".join(lines) or "maybe"


def _grade(line: str, said: Sequence[bool]) -> int:
    """5 for a faultless example, 4 if its task is easy; otherwise the number of yes and 1."""
    if not all(said):
        return 1 + sum(said)
    return 4 if facts_of(str(json.loads(line)["instruction"]))["difficulty"] == "easy" else 5


def _review(line: str, rng: Random) -> tuple[bool, bool, bool]:
    """Whether task, input and output are right, as far as this can be checked."""
    lots = [rng.random() for _ in range(3)]  # always three, so that one example does not change the ratings of the next
    try:
        example = json.loads(line)
        task, given, output = (str(example[key]) for key in ("instruction", "input", "output"))
    except (ValueError, KeyError, TypeError):
        return False, False, False
    is_task = len(task.split()) > 2 and lots[0] >= DOUBTED_TASK
    fits = lots[1] >= DOUBTED_INPUT
    if recognise(task) is None:
        return is_task, fits, bool(output.strip()) and output not in REFUSALS and lots[2] >= DOUBTED_OUTPUT
    right = right_answer(task, given)
    return is_task, fits and right is not None, output == right
