"""Answers prompts of the stage classify, and finds the labels that a task names."""

from __future__ import annotations

import re
from random import Random

from selfinstruct.api import TaskFact
from selfinstruct_demo.faults import MARKERS, happens
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.prompt import ParsedPrompt
from selfinstruct_demo.tasks import recognise

ASKS_FOR_LABEL = re.compile(
    r"\b(?:classify|classification|categori[sz]e|which category|sentiment|label (?:it|the|this|each)|tag the given|"
    r"(?:decide|determine|detect|identify|tell|tell me) (?:if|whether)|determine the category|"
    r"true or false|yes or no|choose from|select the (?:one|option)|does the given|is the (?:following|given))\b|"
    r"[:,] [\w' -]+, or [\w' -]+[.?]?$",
    re.IGNORECASE,
)
"""Wordings of classification tasks that the demo did not write."""
QUOTED_LABELS = re.compile(r'((?:"[^"]+", )*"[^"]+") or "([^"]+)"')
PLAIN_LABELS = re.compile(r"\b((?:[\w-]+, )*[\w-]+),? or ([\w-]+)\b")


def write(ask: ParsedPrompt, rng: Random, options: DemoOptions) -> str:
    """The answer ` Yes` or ` No` to the paper's question, or a line such as `3. no` for each task of a list.

    Facts follow the answer where the prompt asks for them: `3. no; topic: food`.

    Only lists contain mistakes: a different marker, a missing line, or an answer that is neither yes nor no.
    """
    said = ["yes" if is_classification(task) else "no" for task in ask.subjects]
    if ask.paper:
        return " " + said[0].capitalize()
    marker = rng.choice(MARKERS[:3]) if happens(rng, options.markers) else "{}. "
    lines = []
    for number, (word, task) in enumerate(zip(said, ask.subjects, strict=True), 1):
        fault = rng.choice(["maybe", ""]) if happens(rng, options.label_faults) else word
        known = facts_of(task) if ask.facts else {}
        line = "; ".join([marker.format(number) + fault, *(f"{name}: {known[name]}" for name in ask.facts)])
        lines.extend([line] if fault else [])
    return "\n".join(lines) or "maybe"


def is_classification(task: str) -> bool:
    """Whether a task allows a small set of answers; of a task from elsewhere, whether its words suggest so."""
    if known := recognise(task):
        return bool(known.labels)
    return bool(ASKS_FOR_LABEL.search(task) or QUOTED_LABELS.search(task))


def facts_of(task: str) -> dict[TaskFact, str]:
    """The facts about a task: by its kind, or a guess about a task that the demo did not write."""
    if known := recognise(task):
        needs = "no" if known.takes_input else "yes"
        return {"topic": known.topic, "difficulty": known.difficulty, "self_contained": needs, "harm": "none"}
    return {"topic": "other", "difficulty": "medium", "self_contained": "yes", "harm": "none"}


def labels_of(task: str) -> tuple[str, ...]:
    """The labels that a task from elsewhere names, or else `Yes` and `No`."""
    if found := QUOTED_LABELS.search(task):
        return (*re.findall(r'"([^"]+)"', found[1]), found[2])
    if found := PLAIN_LABELS.search(task):
        return (*found[1].split(", "), found[2])
    return ("Yes", "No")
