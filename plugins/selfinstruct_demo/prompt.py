"""Parses a prompt: the requested kind and number of items, their form, and the examples that the prompt shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from selfinstruct.api import TASK_FACTS, TaskFact

Turn: TypeAlias = tuple[str, str]
"""Role (`system`, `human`, `ai`) and text of one message."""

PromptKind: TypeAlias = Literal["generate", "classify", "instances", "judge", "talk"]

DEFAULT_COUNT = 8
MAX_ITEMS = 200
"""A reply has at most so many items, whatever the prompt asks for."""
LAST_PAPER_TASK = 16
"""The paper shows tasks 1 to 8 and lets the model continue to 16."""

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
NUMBER = rf"(\d{{1,6}}|{'|'.join(WORDS)})"
NUMBERED = re.compile(r"^[ \t]*(?:\*\*)?(\d{1,6})[.):](?:\*\*)?[ \t]+(\S.*)$")
CONTINUES = re.compile(r"(?:^|\n)[ \t]*(\d{1,6})\.\s*$")
NEW_TASKS = re.compile(
    rf"\b{NUMBER}\s+(?:[\w,-]+\s+){{0,2}}?(?:new|more|further|other|additional)\s+(?:[\w-]+\s+){{0,2}}?"
    r"(?:tasks?|instructions?|ones?)\b",
    re.IGNORECASE,
)
TASKS = re.compile(rf"\b{NUMBER}\s+(?:[\w-]+\s+){{0,2}}?(?:tasks|instructions)\b", re.IGNORECASE)
FIRST = re.compile(r"\b(?:numbered from|starting (?:at|from|with)|continue (?:at|from|with))\s+(?:number\s+)?(\d{1,6})")
TASK_LINE = re.compile(r"(?:^|\n)Task:[ \t]*")
PAPER_QUESTION = re.compile(r"\s*\n\s*Is it classification\?\s*$")
YES_NO = re.compile(r"\byes\b.{0,60}?\bno\b", re.IGNORECASE | re.DOTALL)
BLOCK = re.compile(r"^<<(INPUT|OUTPUT)>>[ \t]*$", re.MULTILINE)
EXAMPLES = re.compile(rf"\b{NUMBER} (?:[\w-]+ )?examples?\b", re.IGNORECASE)
TASK_TEXT = re.compile(r"\A\s*Task:\s*(.*?)(?:\n[ \t]*\n[^\n]*\bexamples?\b[^\n]*)?\s*\Z", re.DOTALL)
REVIEW = re.compile(r"\breview\b", re.IGNORECASE)
ABOUT_TASKS = re.compile(r"\b(?:tasks|instructions)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedPrompt:
    """What a prompt asks for.

    kind      stage of the prompt, or `talk` if it is no known prompt
    paper     whether the reply must continue the text of the prompt, as in the paper's completion prompts
    count     number of items in the reply
    first     number of the first item
    examples  tasks that the prompt shows
    subjects  tasks or examples that the prompt asks about
    labels    whether it asks for classification tasks (generate), or for class labels before inputs (instances)
    facts     the facts about each task that it asks for beside the label
    grades    whether it asks for a grade of each example too
    blocks    whether instances stand below `<<INPUT>>` and `<<OUTPUT>>`
    """

    kind: PromptKind
    paper: bool = False
    count: int = DEFAULT_COUNT
    first: int = 1
    examples: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    labels: bool = False
    blocks: bool = False
    facts: tuple[TaskFact, ...] = ()
    grades: bool = False


def read_prompt(turns: Sequence[Turn]) -> ParsedPrompt:
    """Parse the messages of a prompt. Text that is no known prompt has the kind `talk`."""
    system = "\n".join(text for role, text in turns if role == "system")
    user = next((text for role, text in reversed(turns) if role != "system"), system)
    known = (
        _chat_review(system, user)
        or _chat_blocks(system, user)
        or _paper_question(user)
        or _paper_list(user)
        or _chat_labels(system, user)
    )
    return known or _chat_tasks(system, user)


def _chat_review(system: str, user: str) -> ParsedPrompt | None:
    """Parse a prompt for ratings of examples, each a line of JSON with a number."""
    if not REVIEW.search(system):
        return None
    lines = tuple(line for line in user.splitlines() if line.startswith('{"number"'))
    return ParsedPrompt("judge", count=len(lines), subjects=lines, grades="grade" in system) if lines else None


def _chat_blocks(system: str, user: str) -> ParsedPrompt | None:
    """Parse a prompt for instances between delimiters. `labels` is set if the delimiter of outputs comes first."""
    shown = BLOCK.findall(system)
    task = TASK_TEXT.match(user)
    if "OUTPUT" not in shown or task is None or not task[1].strip():
        return None
    wanted = EXAMPLES.search(system)
    count = min(MAX_ITEMS, max(1, _number(wanted[1]))) if wanted else 1
    return ParsedPrompt("instances", count=count, subjects=(task[1].strip(),), labels=shown[0] == "OUTPUT", blocks=True)


def _paper_question(user: str) -> ParsedPrompt | None:
    """Parse the paper's prompts about one task, whose last block starts with `Task:`."""
    blocks = TASK_LINE.split(user)
    if len(blocks) == 1 or not blocks[-1].strip():
        return None
    if asked := PAPER_QUESTION.search(blocks[-1]):
        return ParsedPrompt("classify", paper=True, count=1, subjects=(blocks[-1][: asked.start()].strip(),))
    return ParsedPrompt("instances", paper=True, count=1, subjects=(blocks[-1].strip(),), labels="Class label:" in user)


def _paper_list(user: str) -> ParsedPrompt | None:
    """Parse the paper's list of tasks, which ends with a bare number."""
    end = CONTINUES.search(user)
    if end is None:
        return None
    first = int(end[1])
    examples, prose = split_numbered(user[: end.start()])
    count = LAST_PAPER_TASK - first + 1 if first <= LAST_PAPER_TASK else DEFAULT_COUNT
    labels = "classification tasks" in prose
    return ParsedPrompt("generate", paper=True, count=count, first=first, examples=examples, labels=labels)


def _chat_labels(system: str, user: str) -> ParsedPrompt | None:
    """Parse a question for yes or no about each task of a numbered list."""
    subjects, prose = split_numbered(user)
    said = f"{system}\n{prose}"
    if "classification" not in said.lower() or not YES_NO.search(said) or NEW_TASKS.search(said):
        return None
    facts = tuple(name for name in TASK_FACTS if name in prose)
    return ParsedPrompt("classify", count=len(subjects), subjects=subjects, facts=facts) if subjects else None


def _chat_tasks(system: str, user: str) -> ParsedPrompt:
    """Parse a chat prompt that shows a numbered list and asks for more tasks; anything else is `talk`."""
    examples, prose = split_numbered(user)
    said = f"{system}\n{prose}"
    asked = (NEW_TASKS.findall(said) or TASKS.findall(said))[-1:]
    if not (asked or ABOUT_TASKS.search(said) or len(examples) > 1):
        return ParsedPrompt("talk", count=1)
    count = min(MAX_ITEMS, max(1, _number(asked[0]))) if asked else DEFAULT_COUNT
    first = FIRST.search(said)
    labels = bool(re.search(rf"{NUMBER} (?:new |more )?classification tasks", said, re.IGNORECASE))
    return ParsedPrompt("generate", count=count, first=int(first[1]) if first else 1, examples=examples, labels=labels)


def split_numbered(text: str) -> tuple[tuple[str, ...], str]:
    """The items of the numbered lists in a text, and the prose around them. A blank line ends an item."""
    items: list[str] = []
    prose: list[str] = []
    inside = False
    for line in text.splitlines():
        if found := NUMBERED.match(line):
            items.append(found[2].strip())
            inside = True
        elif inside and line.strip():
            items[-1] += "\n" + line.strip()
        else:
            inside = False
            prose.append(line)
    return tuple(items), "\n".join(prose)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else WORDS.index(text.lower()) + 1
