"""Answers the stage classify: is a task a classification task, and which labels does it name?"""

from __future__ import annotations

import re
from random import Random

from selfinstruct_demo.faults import MARKERS, happens
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.prompt import ParsedPrompt

ASKS_FOR_LABEL = re.compile(
    r"\b(?:classify|classification|categori[sz]e|which category|sentiment|label (?:it|the|this|each)|tag the given|"
    r"(?:decide|determine|detect|identify|tell|tell me) (?:if|whether)|detect the|determine the category|"
    r"true or false|yes or no|choose from|select the (?:one|option)|does the given|is the (?:following|given)|"
    r"(?:answer|reply) [\w' ]{1,30} or\b)|[:,] [\w' -]+, or [\w' -]+[.?]?$|: [\w', -]*\bor [\w' -]+[.?]?$",
    re.IGNORECASE,
)
QUOTED_LABELS = re.compile(r'((?:"[^"]+", )*"[^"]+") or "([^"]+)"')
PLAIN_LABELS = re.compile(r"\b((?:[\w-]+, )*[\w-]+),? or ([\w-]+)\b")


def write(ask: ParsedPrompt, rng: Random, options: DemoOptions) -> str:
    """Answer ` Yes` or ` No` to the paper's question, or a line such as `3. no` for each task of a list.

    Mistakes strike in lists only: another marker, a line left out, or an answer that is neither.
    """
    said = ["yes" if is_classification(task) else "no" for task in ask.subjects]
    if ask.paper:
        return " " + said[0].capitalize()
    marker = rng.choice(MARKERS[:3]) if happens(rng, options.markers) else "{}. "
    lines = []
    for number, word in enumerate(said, 1):
        fault = rng.choice(["maybe", ""]) if happens(rng, options.label_faults) else word
        lines.extend([marker.format(number) + fault] if fault else [])
    return "\n".join(lines) or "maybe"


def is_classification(task: str) -> bool:
    """Guess from its words whether a task has a small set of answers."""
    return bool(ASKS_FOR_LABEL.search(task) or QUOTED_LABELS.search(task))


def labels_of(task: str) -> tuple[str, ...]:
    """List the labels that a task names; yes and no where it names none."""
    if found := QUOTED_LABELS.search(task):
        return (*re.findall(r'"([^"]+)"', found[1]), found[2])
    if found := PLAIN_LABELS.search(task):
        return (*found[1].split(", "), found[2])
    return ("Yes", "No")
