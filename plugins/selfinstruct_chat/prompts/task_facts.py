"""Asks for facts about tasks beside their labels, and reads them from the reply: its words or its JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from selfinstruct.api import TASK_FACTS, TaskFact
from selfinstruct_chat.prompts.schemas import YES_OR_NO, Schema, fields
from selfinstruct_chat.readers.json_entries import json_entries

Facts = dict[str, str]

_MEANINGS: Mapping[TaskFact, str] = {
    "topic": "what the task is about",
    "difficulty": "how hard the task is for a person with a general education",
    "self_contained": "yes if the task holds all that it needs, no if a text or data must be given with it",
    "harm": "what a right answer could do to people",
}
_NAMES = "|".join(name.replace("_", "[-_ ]?") for name in TASK_FACTS)
_QUOTES = r"[*_`\"'\s]{0,9}"
_FACT = re.compile(
    rf"[\s;,.|/(]{{0,9}}\b(?P<name>{_NAMES}){_QUOTES}[:=]{_QUOTES}(?P<value>\w+){_QUOTES}\)?", re.IGNORECASE
)


def question(facts: Sequence[TaskFact], as_json: bool) -> str:
    """The sentences of a system message that ask for facts and show the form of an answer."""
    asked = "; ".join(f"{name}: {_MEANINGS[name]} ({', '.join(TASK_FACTS[name])})" for name in facts)
    first = [(name, TASK_FACTS[name][0]) for name in facts]
    if as_json:
        said = ", ".join(f'"{name}": "{value}"' for name, value in [("classification", "no"), *first])
        form = f'Answer with one JSON object, by number: {{"1": {{{said}}}}}'
    else:
        said = "; ".join(["no", *(f"{name}: {value}" for name, value in first)])
        form = f"Answer one line for each task: its number, yes or no, and its facts. Example: 7. {said}"
    return f"Beside that, find these facts about each task. {asked}. {form}"


def answer_schema(facts: Sequence[TaskFact]) -> Schema:
    """The schema of the label of a task with its facts."""
    return fields(
        classification=YES_OR_NO, **{name: {"type": "string", "enum": list(TASK_FACTS[name])} for name in facts}
    )


def split_facts(words: str) -> tuple[str, Facts]:
    """What is said of a task without the facts in it, and the facts."""
    found = _known((match["name"], match["value"]) for match in _FACT.finditer(words))
    return _FACT.sub("", words), found


def read_json_facts(text: str) -> dict[int, Facts]:
    """The facts in the JSON of a reply, by the number of the task; empty where there are none."""
    if not re.search(_NAMES, text, re.IGNORECASE):
        return {}
    entries = json_entries(text, lambda value: bool(_in_object(value)))
    return {
        at if number is None else number: found
        for at, (number, entry) in enumerate(entries, start=1)
        if (found := _in_object(entry))
    }


def _in_object(value: object) -> Facts:
    return _known(value.items()) if isinstance(value, Mapping) else {}


def _known(pairs: Iterable[tuple[object, object]]) -> Facts:
    """Those of some names and values that are facts."""
    found: Facts = {}
    for key, value in pairs:
        name = re.sub("[- ]", "_", str(key).strip().lower()).replace("selfcontained", "self_contained")
        said = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value).strip().lower()
        if any(name == known and said in values for known, values in TASK_FACTS.items()):
            found[name] = said
    return found
