"""Reads tasks that come as labelled parts: `Instruction:`, `Input:` and `Output:`, in the manner of Alpaca's data."""

from __future__ import annotations

import re
from dataclasses import dataclass

from selfinstruct_chat.fields import with_input
from selfinstruct_chat.lists import ListItem, ParsedList, has_marker, is_fence
from selfinstruct_chat.words import ANSWERS, INPUTS, OUTPUTS, TASKS

_NUMBER = r"(?:\#?\d{1,3}[.):]\s+)?"
_DECOR = r"[*_]{0,3}"
_KIND = r"(?:(?:sample|example|expected|correct|model|suggested)[ ]+)?"
_PART = re.compile(
    rf"""[ \t]*(?:>\s*)?(?:[-*•]\ +)?(?P<before>{_NUMBER})(?:[-*•]\ +)?(?P<heading>\#{{1,6}}[ ]*)?{_DECOR}{_NUMBER}
    (?:(?P<task>{TASKS}|user|human)|(?P<input>{_KIND}(?:{INPUTS}))|(?P<answer>{_KIND}(?:{OUTPUTS}|{ANSWERS}|assistant|ai|bot)|(?-i:A)))
    (?P<behind>\s*\#?\d{{1,3}})?{_DECOR}(?P<colon>\s*[:：]{_DECOR})?(?P<rest>(?<![^\s*:：]).*|)""",
    re.VERBOSE | re.IGNORECASE,
)
_BOUNDARY = re.compile(
    r"[ \t]*(?:[-*_=#]{3,}|\(?\d{1,3}[.)]|#{1,6}\s*(?:example|task)?\s*\d{1,3}[.:]?)[ \t]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Part:
    """A line that names a part, what it names, and the words behind the name."""

    line: int
    name: str
    rest: str
    is_heading: bool
    is_numbered: bool


def read_triplets(text: str) -> ParsedList | None:
    """One item for each labelled task, with what stands under its input; `None` where tasks are not labelled so.

    It takes a label for the task and one for its input or its answer, or the same label for several tasks. Where
    only the tasks have numbers, and no label is a heading, it is a numbered list. Answers are left out.
    """
    lines = text.split("\n")
    parts = _parts(lines)
    tasks = [part for part in parts if part.name == "task"]
    others = [part for part in parts if part.name != "task"]
    if not tasks or not (others or len(tasks) > 1) or parts[0].name != "task":
        return None
    if all(part.is_numbered for part in tasks) and not any(part.is_heading or part.is_numbered for part in others):
        return None
    before = [line for line in lines[: parts[0].line] if not _BOUNDARY.fullmatch(line)]
    if has_marker("\n".join(before)):
        return None  # the labels stand in a task of a list
    listing = ParsedList(before)
    ends = [*(part.line for part in parts[1:]), len(lines)]
    for part, end in zip(parts, ends, strict=True):
        body = _trimmed([part.rest, *lines[part.line + 1 : end]])
        if part.name == "task":
            listing.items.append(ListItem(body or [""]))
        elif part.name == "input":
            listing.items[-1].lines[:] = with_input("\n".join(listing.items[-1].lines), "\n".join(body)).split("\n")
    return listing


def _parts(lines: list[str]) -> list[_Part]:
    """The lines that name a part, outside code. The first label above a task's words is that of every task."""
    found: list[_Part] = []
    words: list[str] = []
    in_code = False
    for at, line in enumerate(lines):
        in_code ^= is_fence(line)
        may_name = ":" in line or "：" in line or "#" in line  # a colon behind the name, or a heading
        match = _PART.fullmatch(line) if may_name and not in_code else None
        if match is None or not (match["colon"] or (match["heading"] and not match["rest"].strip())):
            continue
        name = next(name for name in ("task", "input", "answer") if match[name])
        is_numbered = bool(match["before"] or match["behind"])
        if (
            found
            and name == found[-1].name == "task"
            and not "".join([found[-1].rest, *lines[found[-1].line + 1 : at]]).strip()
        ):
            found.pop()  # `Task 1`, and below it `Instruction:`
            words.pop()
        found.append(_Part(at, name, match["rest"].strip(), bool(match["heading"]), is_numbered))
        words.append(match[name].lower())
    first = next((word for part, word in zip(found, words, strict=True) if part.name == "task"), "")
    return [part for part, word in zip(found, words, strict=True) if part.name != "task" or word == first]


def _trimmed(lines: list[str]) -> list[str]:
    """Lines without blank ones and rules around them."""
    while lines and (not lines[-1].strip() or _BOUNDARY.fullmatch(lines[-1])):
        lines.pop()
    while lines and not lines[0].strip():
        lines.pop(0)
    return lines
