"""Takes off what every item of a list wears beside its task: a title before it, the name of its kind in brackets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import TypeVar

from selfinstruct.api.text import Phrase, verb_and_object
from selfinstruct_chat.readers.line_labels import part_at
from selfinstruct_chat.readers.lists import ListItem

_BOLD_TITLE = re.compile(
    r"(?P<sign>\*\*?)(?P<title>[^*:.?!]{2,50})(?:[:：.](?P=sign)|(?P=sign)(?:[:：]|(?P<dash>\s[–—-](?=\s))))\s*(?P<rest>\S.*)"
)
_NAME = r"[^\W\d_][\w/&-]*(?: [\w/&-]+){0,2}"
_KIND = rf"[\[(【](?P<kind>{_NAME}|\d{{1,3}})[\])】]"
_KIND_FIRST = re.compile(rf"{_KIND}\s+(?P<rest>[^\W_].*)", re.DOTALL)
_KIND_LAST = re.compile(rf"(?P<rest>.*[.?!\"”'»])\s+(?:[*_`]*{_KIND}|[|–—][*_ ]*{_NAME})[*_`]*", re.DOTALL)
_KINDS = (
    r"math(?:s|ematics)?|arithmetic|algebra|geometry|coding|code|programming|computer science|creative(?: writing)?"
    r"|writing|reasoning|science|physics|chemistry|biology|history|geography|literature|language|logic"
    r"|explanation|planning|knowledge|facts?|sports?|classification|sentiment(?: analysis)?|translation"
    r"|summari[sz]ation|summary|brainstorm(?:ing)?|editing|rewriting"
    r"|paraphras(?:e|ing)|extraction|information extraction|generation|text generation|open-?ended|question answering"
    r"|q&a|qa|trivia|general knowledge|common ?sense|easy|medium|hard|difficult|beginner|intermediate|advanced|new"
)
_KNOWN_LAST = re.compile(
    rf"\s+(?:[–—-]\s+)?(?:[*_`]*[(\[【]|(?<=[.?!\"”'’»。？！)]\s)[*_`]+|(?<=[–—-]\s)[*_`]+)"
    rf"(?:{_KINDS})(?:[,/] ?(?:{_KINDS}))?[)\]】*_`]+\Z",
    re.IGNORECASE,
)
_KNOWN_FIRST = re.compile(rf"[*_]*[(\[【](?:{_KINDS})[)\]】][*_]*\s*[:：–-]?\s*(?=[^\W\d_])", re.IGNORECASE)
_PLAIN_TITLE = re.compile(
    rf"(?:[\"“][^\"“”:.?!]{{2,50}}[\"”]\s?[:：–—-]"
    rf"|(?i:{_KINDS})[ ]?[:：–—]"
    rf"|[^\W\d_][\w&/'’]*(?: [\w&/'’]+){{0,3}} [–—-])\s+(?P<rest>[^\W\d_a-z].*)"
)
_TITLE_SIGNS = (":", "：", "–", "—", "-")
"""Each match of `_PLAIN_TITLE` holds one of these, and they are found sooner."""

_HEAD = re.compile(r"(?P<title>[^\W\d_a-z][^:：.?!\n]{1,40})[:：]\s*(?P<rest>[^\W\d_a-z].*)")
T = TypeVar("T")

NOTHING = Phrase("", "")

_SHORT = 3
"""Words of so few letters may be small in a title."""


def without_titles(items: Sequence[ListItem]) -> list[ListItem]:
    """Items without their titles, if most have one; a title stays where what follows is not a whole sentence.

    Where all items have one it may look like any words with a colon that ask for nothing: `Eleventh task: `.
    """
    headless = [one for one in takewhile(bool, (_untitled(item) or _headless(item) for item in items)) if one]
    return headless if len(headless) == len(items) > 2 else _without_common_part(items, _untitled)


def without_kinds(tasks: Sequence[str]) -> list[str]:
    """Tasks without their kind in brackets, before or behind: any name if most have one, else the known ones."""
    return [
        _without_known_kind(task) for task in _without_common_part(_without_common_part(tasks, _kind_first), _kind_last)
    ]


def _without_known_kind(task: str) -> str:
    """A task without a kind that cannot be its own words: `[math]`, `(Creative writing)`."""
    if not any(map(task.__contains__, "([【`*_")):
        return task.rstrip() or task
    first, last = _KNOWN_FIRST.match(task), _KNOWN_LAST.search(task[-120:])
    end = len(task) - (len(last[0]) if last else 0)
    left = task[first.end() if first else 0 : end].rstrip()
    return left or task


def _without_common_part(whole: Sequence[T], part: Callable[[T], T | None]) -> list[T]:
    """Each one less what `part` takes off, if at least two and half of all have it: alone, it may be the task's own."""
    shed = [part(one) for one in whole]
    count = sum(one is not None for one in shed)
    if count < 2 or 2 * count < len(whole):
        return list(whole)
    return [one if less is None else less for one, less in zip(whole, shed, strict=True)]


def _untitled(item: ListItem) -> ListItem | None:
    first, *below = item.lines
    if any(map(first.__contains__, _TITLE_SIGNS)) and (found := _PLAIN_TITLE.fullmatch(first.strip())):
        return replace(item, lines=[found["rest"], *below])
    if "*" in first and (found := _BOLD_TITLE.fullmatch(first.strip())):
        names = found["dash"] or verb_and_object(found["title"]) == NOTHING
        is_title = _is_title(found["title"], found["rest"]) or (names and not found["rest"][0].islower())
        return replace(item, lines=[found["rest"], *below]) if is_title else None
    text = next((line.strip() for line in below if line.strip()), "")
    is_title = item.is_title and (part_at(text) == "task" or _is_title(first.strip(" *_:："), text))
    return ListItem(below) if is_title else None


def _headless(item: ListItem) -> ListItem | None:
    found = _HEAD.fullmatch(item.lines[0].strip())
    if found is None or verb_and_object(found["title"]) != NOTHING or not _is_title(found["title"], found["rest"], 9):
        return None
    return replace(item, lines=[found["rest"], *item.lines[1:]])


def _is_title(words: str, rest: str, most_letters: int = _SHORT) -> bool:
    """Whether words are capitalised as a title is, if the script has capitals, and what follows can stand alone."""
    is_whole = len(rest.split()) > 2 or (not rest.isascii() and rest.endswith(("。", "？", "！")))
    is_title = all(not word[0].islower() or len(word) <= most_letters for word in words.split())
    return is_title and is_whole and not rest[:1].islower()


def _kind_first(task: str) -> str | None:
    return found["rest"] if (found := _KIND_FIRST.fullmatch(task)) else None


def _kind_last(task: str) -> str | None:
    found = _KIND_LAST.fullmatch(task) if any(map(task.__contains__, "[(【|–—")) else None
    return found["rest"].rstrip() if found and " or " not in (found["kind"] or "") else None
