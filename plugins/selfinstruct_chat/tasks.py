"""Reads a chat reply into drafts: whatever looks like a candidate is handed on, for the filters to judge."""

from __future__ import annotations

from collections.abc import Sequence

from selfinstruct.api import Draft, Json, PostProcessor, Reply, Request
from selfinstruct_chat.answers import announces_answer
from selfinstruct_chat.items import split_item, tidy
from selfinstruct_chat.json_lists import JsonList, read_json
from selfinstruct_chat.layout import read_layout, unescaped
from selfinstruct_chat.lists import find_items
from selfinstruct_chat.replies import clean_reply, without_thinking
from selfinstruct_chat.series import without_kinds, without_titles


class ChatTasksReader(PostProcessor):
    """Reads tasks from a numbered list in many forms, bullets, JSON, tags, a table, or plain lines; total and pure."""

    def process(self, request: Request, reply: Reply) -> Sequence[Draft]:
        """Read the drafts, in their order. Notes say what stood around them: intro, tail, answered, outro, cut."""
        text = without_thinking(clean_reply(reply.text)).strip()
        if not text:
            return ()
        found = read_json(text)
        read = _from_json(found) if found is not None else _from_list(text)
        shared: dict[str, Json] = {name: words for name, words in (("intro", read[0]), ("outro", read[2])) if words}
        is_cut = reply.finish == "length" or (found is not None and found.cut)
        examples = tuple(example.text for example in request.examples)
        drafts = []
        for at, (task, tail) in enumerate(read[1]):
            notes = {**shared, "tail": tail} if tail else dict(shared)
            if announces_answer(tail):
                notes["answered"] = True
            if is_cut and at == len(read[1]) - 1:
                notes["cut"] = True
            if task:
                drafts.append(Draft(task, examples, notes))
        return drafts


def _from_json(found: JsonList) -> tuple[str, list[tuple[str, str]], str]:
    """Intro, tasks with no tails, outro; JSON has no glued text."""
    return found.intro, [(tidy(task), "") for task in found.tasks], found.outro


def _from_list(text: str) -> tuple[str, list[tuple[str, str]], str]:
    """Intro, tasks with their tails, outro. Where no other item has a tail, the last one's is the outro."""
    text = unescaped(text)
    listing = read_layout(text) or find_items(text)
    last = len(listing.items) - 1
    parts = [split_item(item, is_last=at == last > 0) for at, item in enumerate(without_titles(listing.items))]
    tasks = without_kinds([task for task, _, _ in parts])
    read = [(tidy(task), tail) for task, (_, tail, _) in zip(tasks, parts, strict=True)]
    outro = [parts[-1][2] if parts else "", "\n".join(listing.outro)]
    if last > 0 and read[-1][0] and not any(tail for _, tail in read[:-1]) and not announces_answer(read[-1][1]):
        outro.insert(0, read[-1][1])
        read[-1] = (read[-1][0], "")
    intro = "\n".join(listing.intro).strip("` \n\t")
    return intro, read, "\n\n".join(words for part in outro if (words := part.strip("` \n\t")))
