"""Answers the stage instances: worked cases of a task, computed where possible, else composed from its topic.

A chat form of this stage gets a reader in `prompt.py` and a writer beside `_outputs` and `_inputs` here.
"""

from __future__ import annotations

import re
from collections import Counter
from random import Random

from selfinstruct_demo.classify import labels_of
from selfinstruct_demo.compute import solve
from selfinstruct_demo.grammar import draw_text, field_names, home_of
from selfinstruct_demo.prompt import Ask

TAKES_INPUT = re.compile(
    r"\b(?:given|following|below)(?: \w+)? (paragraph|letter|note|email|speech|article|review|dialogue|list|story|"
    r"interview|abstract|announcement|complaint|report|essay|leaflet|advert|memo|post|text|sentence|code)\b",
    re.IGNORECASE,
)
LONGEST = 8
"""Words in the longest phrase of the word lists."""
CONTENT_WORD = re.compile(r"[A-Za-z]{5,}")
CAREFUL = {"given", "following", "write", "explain", "about", "which", "there", "their", "would", "could", "should"}


def write(ask: Ask, rng: Random) -> str:
    """Write instances of the task: labels and inputs, inputs and outputs, or one output."""
    task = ask.subjects[0]
    if ask.labels:
        return _labels(task, rng)
    found = TAKES_INPUT.search(task)
    return _inputs(task, found[1], rng) if found else f"Output: {outcome(task, rng)}"


def outcome(task: str, rng: Random) -> str:
    """Answer a task that has no input: right where it can be computed, else some sentences on its topic."""
    return solve(task) or _text("advice", task, rng, rng.randint(2, 4))


def _labels(task: str, rng: Random) -> str:
    cases = (f"Class label: {label}\nText: {_text('sentence', task, rng, 2)}" for label in labels_of(task))
    return "\n".join(cases)


def _inputs(task: str, field: str, rng: Random) -> str:
    cases = []
    for number in range(1, rng.randint(2, 3) + 1):
        text = _text("sentence", task, rng, rng.randint(2, 3))
        first = text.split(". ")[0].rstrip(".")
        output = f"{first}. {_text('advice', task, rng, 1)}"
        cases.append(f"Example {number}\n{field.capitalize()}: {text}\nOutput: {output}")
    return "\n\n".join(cases)


def _text(kind: str, task: str, rng: Random, sentences: int) -> str:
    """Compose some different sentences in the field of the task, with its own words where it is one of ours."""
    field, given = words_of(task)
    if not field:
        content = [word for word in CONTENT_WORD.findall(task) if word.lower() not in CAREFUL]
        field, given = rng.choice(field_names()), {"topic": max(content, key=len).lower() if content else "this task"}
    return draw_text(rng, kind, sentences, field, given)


def words_of(task: str) -> tuple[str, dict[str, str]]:
    """Find the field of a task that the grammar composed, and its first words by slot; empty for a stranger's task."""
    words = re.findall(r"[\w'-]+", task)
    spans = [" ".join(words[at : at + size]) for at in range(len(words)) for size in range(LONGEST, 0, -1)]
    found = [(home_of()[span], span) for span in spans if span in home_of()]
    if not found:
        return "", {}
    field = Counter(home[0] for home, _ in found).most_common(1)[0][0]
    given: dict[str, str] = {}
    for (home, slot), span in found:
        if home == field:
            given.setdefault(slot, span)
    return field, given
