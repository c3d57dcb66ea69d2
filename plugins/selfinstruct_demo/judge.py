"""Answers the stage judge: three answers on each example, from what can be seen of it and, beyond that, by lot."""

from __future__ import annotations

import json
from random import Random

from selfinstruct_demo.compute import solve
from selfinstruct_demo.faults import MARKERS, REFUSALS, happens
from selfinstruct_demo.instances import TAKES_INPUT
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.prompt import ParsedPrompt

WRONG_TASK, WRONG_INPUT, WRONG_OUTPUT = 0.04, 0.06, 0.15
"""How often an example that has nothing visibly wrong is said to be."""

REASONS = ("the task is too vague", "the input does not fit", "the output misses the point")


def write(ask: ParsedPrompt, rng: Random, options: DemoOptions) -> str:
    """Write a line such as `3. yes/yes/no - the output misses the point` for each example."""
    marker = rng.choice(MARKERS[:2]) if happens(rng, options.markers) else "{}. "
    lines = []
    for number, line in enumerate(ask.subjects, 1):
        said = _review(line, rng)
        fault = rng.choice(["left out", "maybe", "short"]) if happens(rng, options.judge_faults) else ""
        if fault == "left out":
            continue
        words = ["maybe" if fault == "maybe" else "yes" if one else "no" for one in said]
        why = next((f" - {reason}" for reason, one in zip(REASONS, said, strict=True) if not one), "")
        lines.append(marker.format(number) + "/".join(words[:2] if fault == "short" else words) + why)
    return "\n".join(lines) or "maybe"


def _review(line: str, rng: Random) -> tuple[bool, bool, bool]:
    """Whether task, input and output are right, as far as a grammar can tell."""
    lots = [rng.random() for _ in range(3)]  # always three, so that one example does not change the next one's
    try:
        example = json.loads(line)
        task, given, output = (str(example[key]) for key in ("instruction", "input", "output"))
    except (ValueError, KeyError, TypeError):
        return False, False, False
    computed = None if given else solve(task)
    is_task = len(task.split()) > 2 and lots[0] >= WRONG_TASK
    fits = bool(given) >= bool(TAKES_INPUT.search(task)) and lots[1] >= WRONG_INPUT
    is_answer = bool(output.strip()) and output not in REFUSALS
    is_right = output == computed if computed is not None else lots[2] >= WRONG_OUTPUT
    return is_task, fits, is_answer and is_right
