"""Reads a chat reply into drafts: whatever looks like a candidate is handed on, for the filters to judge."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from selfinstruct.api import Draft, Json, PostProcessor, Reply, Request
from selfinstruct.api.text import final_text
from selfinstruct_chat.readers.answer_words import announces_answer
from selfinstruct_chat.readers.glued_parts import split_item
from selfinstruct_chat.readers.json_tasks import JsonTasks, read_json_tasks
from selfinstruct_chat.readers.layout import read_layout, unescaped
from selfinstruct_chat.readers.lists import ListItem, find_items, has_marker
from selfinstruct_chat.readers.records import read_task_records
from selfinstruct_chat.readers.replies import clean_reply
from selfinstruct_chat.readers.series import without_kinds, without_titles
from selfinstruct_chat.readers.tidying import tidy

MOST_ITEMS = 1000
"""Items of a list that are read: nobody asks for so many, so what is longer runs in a circle."""

_NUMBER_LAST = re.compile(r"\n[ \t*]*\d{1,3}[.)]?[ \t*]*\Z")
_WHOLE = re.compile(r"\S[ \t]*\n\s*\Z|[.?!…。？！।][\"”'’»)*_`]{0,3}[ \t]+\Z")
"""The end of a reply whose last line, or last sentence, is over: a model writes a line's end behind a whole item."""

_TURNS = re.compile(r"\n(?<![:：]\n)[ \t]*\n(?:User|Human): [^\n]*\n+(?:Assistant|AI):", re.IGNORECASE)
"""The user's next turn and an answer to it, which a model played; below a colon they are a task's data."""


@dataclass(frozen=True, slots=True)
class _Read:
    """Tasks with their tails, what stood around them, and whether the reply ended inside the last one."""

    intro: str
    tasks: Sequence[tuple[str, str]]
    outro: str
    is_cut: bool


class ChatTasksReader(PostProcessor):
    """Reads tasks from a numbered list in many forms, bullets, JSON, tags, a table, or plain lines; total and pure."""

    def process(self, request: Request, reply: Reply) -> Sequence[Draft]:
        """Read the drafts, in their order. Notes say what stood around them: intro, tail, answered, outro, cut."""
        text, ends_open = _without_half(clean_reply(request, reply), reply)
        if not text:
            return ()
        found = read_json_tasks(text)
        if found and len(found.tasks) == 1 and has_marker(found.tasks[0]):
            text, found = found.tasks[0], None  # the whole list in one string
        read = _from_json(found) if found is not None else _from_list(text, ends_open)
        around = {"intro": read.intro, "outro": read.outro}
        shared: dict[str, Json] = {name: words for name, words in around.items() if words}
        examples = tuple(example.text for example in request.examples)
        messages = tuple(message.text for message in request.messages)
        drafts = []
        for at, (task, tail) in enumerate(read.tasks):
            notes = {**shared, "tail": tail} if tail else dict(shared)
            if tail and (announces_answer(tail) or tail.startswith("```")):
                notes["answered"] = True
            if read.is_cut and at == len(read.tasks) - 1:
                notes["cut"] = True
            if any(map(str.isalnum, task)):
                drafts.append(Draft(task, examples, notes, messages))
        return drafts


def _without_half(text: str, reply: Reply) -> tuple[str, bool]:
    """The text without the number of a task that was cut, and if it ends open."""
    text = text.strip()
    ends_open = reply.ended_early and _WHOLE.search(reply.text[-400:]) is None
    if ends_open and (found := _NUMBER_LAST.search(text[-20:])):
        return text[: len(text) - len(found[0])], False
    return text, ends_open


def _from_json(found: JsonTasks) -> _Read:
    """JSON has no glued text, and its closing signs say whether the last task is whole."""
    tasks = without_kinds([tidy(task) for task in found.tasks])
    return _Read(found.intro, [(tidy(task), "") for task in tasks], found.outro, found.cut)


def _from_list(text: str, is_cut: bool) -> _Read:
    """Read what is no JSON. Where no other item has a tail, the last one's is the outro."""
    if not text.startswith(("User:", "Human:")):
        text = _TURNS.split(text, maxsplit=1)[0]
    text = unescaped(text)
    listing = read_layout(text) or read_task_records(text) or find_items(text)
    del listing.items[MOST_ITEMS:]
    if (inside := _json_in(listing.items)) is not None:
        return _Read("\n".join(listing.intro).strip("` \n\t"), inside, "", is_cut)
    last = len(listing.items) - 1
    parts = [split_item(item, is_last=at == last > 0) for at, item in enumerate(without_titles(listing.items))]
    tasks = without_kinds([task for task, _, _ in parts])
    read = [
        (task if task == before else tidy(task), tail) for task, (before, tail, _) in zip(tasks, parts, strict=True)
    ]
    outro = [parts[-1][2] if parts else "", "\n".join(listing.outro)]
    if last > 0 and read[-1][0] and not any(tail for _, tail in read[:-1]) and not announces_answer(read[-1][1]):
        outro.insert(0, read[-1][1])
        read[-1] = (read[-1][0], "")
    intro = "\n".join(listing.intro).strip("` \n\t")
    read = [(task if final_text(task) == task else "", tail) for task, tail in read]  # thinking is no task
    return _Read(intro, read, "\n\n".join(words for part in outro if (words := part.strip("` \n\t"))), is_cut)


def _json_in(items: Sequence[ListItem]) -> list[tuple[str, str]] | None:
    """The tasks of a list whose items are JSON, each one by itself: `1. {"instruction": ...}`."""
    joined = ("\n".join(item.lines).strip() for item in items)
    texts = list(takewhile(lambda text: "{" in text[:40], joined))
    if not texts or len(texts) < len(items):
        return None
    found = [read_json_tasks(text) for text in texts]
    return [(tidy(task), "") for one in found if one is not None for task in one.tasks] or None
