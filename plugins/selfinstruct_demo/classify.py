"""Answers the stage classify: is a task a classification task, and which labels does it name?"""

from __future__ import annotations

import re

from selfinstruct_demo.prompt import Ask

ASKS_FOR_LABEL = re.compile(
    r"\b(?:classify|classification|categori[sz]e|which category|sentiment|label (?:it|the|this|each)|tag the given|"
    r"(?:decide|determine|detect|identify|tell|tell me) (?:if|whether)|detect the|determine the category|"
    r"true or false|yes or no|choose from|select the (?:one|option)|does the given|is the (?:following|given)|"
    r"(?:answer|reply) [\w' ]{1,30} or\b)|[:,] [\w' -]+, or [\w' -]+[.?]?$|: [\w', -]*\bor [\w' -]+[.?]?$",
    re.IGNORECASE,
)
QUOTED_LABELS = re.compile(r'((?:"[^"]+", )*"[^"]+") or "([^"]+)"')
PLAIN_LABELS = re.compile(r"\b((?:[\w-]+, )*[\w-]+),? or ([\w-]+)\b")


def write(ask: Ask) -> str:
    """Answer ` Yes` or ` No` to the paper's question, or a line such as `3. no` for each task of a list."""
    said = [is_classification(task) for task in ask.subjects]
    if ask.paper:
        return " Yes" if said[0] else " No"
    return "\n".join(f"{number}. {'yes' if each else 'no'}" for number, each in enumerate(said, 1))


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
