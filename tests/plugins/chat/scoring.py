"""Scores the chat readers on parts of the corpus: precision and recall of tasks, examples and labels.

The parts `seen` and `unseen` hold one JSON file for each reply, in three folders:

tasks      {"about", "prompt", "finish", "reply", "tasks", "optional", "talk", "variants": {task: [other right forms]}}
instances  {"about", "task", "is_classification", "finish", "reply", "examples": [{"input", "output", "also"}], "talk"}
labels     {"instructions", "reply", "labels": {number: "yes", "no" or null}}

A task is right if it is one of the expected ones but for white space, the case of its first letter, and a label
(`Input:`) above what it works on; an optional one
counts neither way, and neither does talk to the user until the filters have seen it. `also` lists other right forms of
an example. What is marked as cut off does not count, as the default filters drop it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selfinstruct.api import Instruction, Message, Reply, Request
from selfinstruct_chat.prompts.instances import ChatInstancesReader
from selfinstruct_chat.readers.classification import ChatLabelsReader
from selfinstruct_chat.readers.examples import ChatExamplesReader
from selfinstruct_chat.readers.part_words import INPUTS
from selfinstruct_chat.readers.tasks import ChatTasksReader
from tests.plugins.filters.chain import Chain

CORPUS = Path(__file__).parents[2] / "corpus"
PARTS = ("seen", "unseen")
_INPUT_LABEL = re.compile(rf"\n[ \t]*(?:{INPUTS})[ \t]*[:：]", re.IGNORECASE)
KINDS = ("tasks", "tasks with filters", "instances", "labels")


@dataclass(slots=True)
class Score:
    """Counts over the replies of one kind. `wrong` names what was read wrongly and what was missed, for a person."""

    replies: int = 0
    read: int = 0
    expected: int = 0
    right: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """What is right of all that was read."""
        return self.right / self.read if self.read else 1.0

    @property
    def recall(self) -> float:
        """What was read of all that there is."""
        return self.right / self.expected if self.expected else 1.0

    def count(self, name: str, found: Iterable[Any], expected: Iterable[Any], optional: Iterable[Any] = ()) -> None:
        """Count one reply."""
        free, want, got = set(optional), Counter(expected), Counter(found)
        right = got & want
        wrong = [one for one in (got - right).elements() if one not in free]
        self.replies += 1
        self.read += right.total() + len(wrong)
        self.expected += want.total()
        self.right += right.total()
        self.wrong += [f"{name}: read {one!r}" for one in wrong] + [f"{name}: missed {one!r}" for one in (want - right)]


def score(part: str, kind: str) -> Score:
    """Score one kind of replies of a part of the corpus; an empty score where there are none."""
    total = Score()
    for path in paths(part, kind):
        case = json.loads(path.read_text("utf-8"))
        forms = other_forms(kind, case)
        found = [forms.get(one, one) for one in read_case(kind, case)]
        total.count(path.stem, found, expected_of(kind, case), optional_of(kind, case))
    return total


def other_forms(kind: str, case: dict[str, Any]) -> dict[Any, Any]:
    """Other forms that are right, each with the one that is expected."""
    if kind == "instances":
        return {
            (_folded(form["input"]), _folded(form["output"])): (_folded(one["input"]), _folded(one["output"]))
            for one in case["examples"]
            for form in one.get("also", ())
        }
    variants: dict[str, list[str]] = case.get("variants", {})
    return {_task(form): _task(task) for task, forms in variants.items() for form in forms}


def paths(part: str, kind: str) -> list[Path]:
    """The files of a kind of replies."""
    return sorted((CORPUS / part / kind.partition(" ")[0]).glob("*.json"))


def read_case(kind: str, case: dict[str, Any]) -> list[Any]:
    """What is read of a case's reply, in the form in which it is compared."""
    reply = Reply(case["reply"], case.get("finish", "stop"))
    if kind == "labels":
        return list(_labels(case, reply))
    if kind == "instances":
        return list(_examples(case, reply))
    messages = (Message("user", case["prompt"]),) if "prompt" in case else ()
    drafts = ChatTasksReader().process(Request("generate", 0, messages), reply)
    if kind == "tasks with filters":
        return [_task(text) for text in Chain().accepted(drafts)]
    return [_task(draft.text) for draft in drafts if not draft.notes.get("cut")]


def expected_of(kind: str, case: dict[str, Any]) -> list[Any]:
    """What should be read of a case's reply."""
    if kind == "labels":
        return [(int(number), label) for number, label in case["labels"].items() if label in ("yes", "no")]
    if kind == "instances":
        return [(_folded(one["input"]), _folded(one["output"])) for one in case["examples"]]
    return [_task(task) for task in case["tasks"]]


def optional_of(kind: str, case: dict[str, Any]) -> list[Any]:
    """What may be read of a case's reply and counts neither way."""
    talk = case.get("talk", ())
    if kind == "instances":
        return [("", _folded(words)) for words in talk]
    return [_task(text) for text in (*case.get("optional", ()), *(talk if kind == "tasks" else ()))]


def _examples(case: dict[str, Any], reply: Reply) -> Iterator[tuple[str, str]]:
    """Through both stages, as a run does it: the raw text is kept first, and read afterwards."""
    subject = Instruction("g0.0", case["task"], None, case["is_classification"])
    (raw,) = ChatInstancesReader().process(Request("instances", 0, (), subjects=(subject,)), reply)
    request = Request("prepare", 0, (), subjects=(subject,))
    for one in ChatExamplesReader().process(request, Reply(raw.text, reply.finish)):
        if not one.notes.get("cut") and one.output.strip():
            yield _folded(one.input), _folded(one.output)


def _labels(case: dict[str, Any], reply: Reply) -> Iterator[tuple[int, str]]:
    subjects = tuple(Instruction(str(at), text) for at, text in enumerate(case["instructions"], start=1))
    for label in ChatLabelsReader().process(Request("classify", 0, (), subjects=subjects), reply):
        if label.text in ("yes", "no"):
            yield int(label.subject), label.text


def _task(text: str) -> str:
    """A task as it is compared: it may name the text below it (`Input:`) or not."""
    return _folded(_INPUT_LABEL.sub("\n", text))


def _folded(text: str) -> str:
    folded = " ".join(text.split())
    return folded[:1].casefold() + folded[1:]
