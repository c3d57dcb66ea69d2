"""Takes a plain task apart: the words that say what to do, and the numbers, list or text to do it with."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from selfinstruct.api import Example
from selfinstruct_filters.helpers.stated_values import NUMBER
from selfinstruct_filters.helpers.wording import word_set

LONGEST_TASK = 600
"""Characters of a task that is taken apart."""

COMMON_WORDS = word_set(
    """please can could would you i me us my our for tell give name state say show find get list write identify pick
    choose select determine calculate compute work out take what what's which who is are was do does did be the a an of
    in on among from this that these those it its they following given below here listed all both and or set number
    numbers value values figure figures amount amounts data item items result answer has have there just single"""
)
"""Words that leave a task what it is; `not`, `each`, `then`, `first` and `without` are not among them."""

_OBJECT = re.compile(r"\{[^{}]*\}")
_QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^”\n]+)”|(?<!\w)['‘]([^'’\n]+)['’](?!\w)")
_ONE = rf"(?<![\w.,:/$€£%-]){NUMBER}(?![\w:/%]|[.,]\d)"
_ROW = re.compile(rf"[\[(]?{_ONE}(?:(?:\s*[,;]\s*(?:and |or )?|\s+(?:and|or)\s+){_ONE})+[\])]?")
_WORD_ROW = re.compile(r"\b(?:of|in|from|among) ((?:[\w-]+, (?:and |or )?){2,}[\w-]+)(?=[.?]?\Z)")
_HEAD = re.compile(r"([^:?\n]*?)(?::\s+|\?\s+|\.\s+(?=[\[\d(])|\s*\n\s*)(\S.*)", re.DOTALL)
_MORE_SENTENCES = re.compile(r"[.?!]\s+[A-Za-z]")
_NAME = re.compile(r"(?<=\S )[A-Z][a-z]+(?:['’]s)?(?!\w)")


@dataclass(frozen=True, slots=True)
class PlainTask:
    """What a task asks for, without its material, and the material: `Sort from low to high`, `3, 1, 2`."""

    words: str
    given: str

    def says_only(self, known: frozenset[str]) -> bool:
        """Whether every word is a common one, a name, or one of these: then the task asks for nothing else."""
        words = re.findall(r"[^\W_]+(?:['’][a-z]+)?|%", _NAME.sub("", self.words).lower().replace("’", "'"))
        return all(word in COMMON_WORDS or word in known for word in words)


def take_apart(item: Example) -> PlainTask | None:
    """The task and its material, which is the input, or else stands in the task; `None` if it is not clear where."""
    task, given = item.instruction.strip(), item.input.strip()
    if len(task) > LONGEST_TASK:
        return None
    if given:
        return PlainTask(task, given)
    if (found := _OBJECT.search(task)) and (values := _object_values(found[0])):
        return PlainTask(_without(task, found), values)
    quotes = [found for found in _QUOTED.finditer(task) if len(found[0]) > len('"x"')]
    if len(quotes) == 1:
        return PlainTask(_without(task, quotes[0]), "".join(filter(None, quotes[0].groups())))
    if quotes:
        return None
    if (found := _HEAD.fullmatch(task)) and not _MORE_SENTENCES.search(found[2]):
        return PlainTask(found[1], found[2].rstrip(" .?!"))
    rows = list(_ROW.finditer(task)) or list(_WORD_ROW.finditer(task))
    return PlainTask(_without(task, rows[0]), rows[0][rows[0].lastindex or 0]) if len(rows) == 1 else None


def _without(task: str, found: re.Match[str]) -> str:
    return f"{task[: found.start()]} {task[found.end() :]}"


def _object_values(text: str) -> str:
    """The numbers of a JSON object of numbers; empty for anything else."""
    try:
        values = json.loads(text).values()
    except (ValueError, AttributeError):
        return ""
    is_plain = len(values) > 1 and all(type(value) in (int, float) for value in values)
    return ", ".join(map(str, values)) if is_plain else ""
