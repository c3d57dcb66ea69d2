"""Finds tasks in replies that are laid out as tags or as a table, and takes quotation marks of Markdown off a list."""

from __future__ import annotations

import re

from selfinstruct_chat.readers.fields import kind_of_field, with_input
from selfinstruct_chat.readers.json_tasks import tasks_in
from selfinstruct_chat.readers.lists import ListItem, ParsedList, has_marker
from selfinstruct_chat.readers.replies import LINE_MARKUP, plain_entities
from selfinstruct_chat.readers.rows import read_rows

_TAG = re.compile(r"<((?:task|instruction|prompt|question|item|li)(?:[_-]?\d{1,3})?)\b[^<>]*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"^[ \t]*<([^\W\d][\w-]{0,30})>", re.MULTILINE)
_CLOSED = re.compile(r"^[ \t]*<([^\W\d][\w-]{0,30})>[^<]*</\1>[ \t]*$", re.MULTILINE | re.IGNORECASE)
_INPUT_TAG = re.compile(r"\s*<input>(?P<text>[^<]*)</input>", re.IGNORECASE)
_AROUND = re.compile(r"</?(?:tasks|instructions|prompts|questions|items|list|ol|ul)\b[^<>]*>", re.IGNORECASE)
_ESCAPED = re.compile(r"^([ \t>]*\d{1,3})\\(?=[.)])", re.MULTILINE)
_WRITTEN_END = re.compile(r"\\n\s*(?:\d{1,3}[.)]|[-*•])\s")
_FENCED = re.compile(
    r"(?P<before>(?:(?![ \t]*```).*\n){0,3})(?P<tag>)```[^\n`]*\n(?P<inside>(?:(?!^```).*\n)*)```"
    r"(?P<after>(?:\s*\n(?!```).*){0,3})",
    re.MULTILINE,
)
_IN_TAGS = re.compile(
    r"(?P<before>(?:[^\n<]{0,200}\n){0,3})[ \t]*(?P<tag><(?P<name>[A-Za-z][\w-]{0,30})>)[ \t]*\n"
    r"(?P<inside>.*)\n[ \t]*</(?P=name)>",
    re.DOTALL,
)
_MARK = r"(?:\d{1,3}[.)]|[-*•])"
_MARKED_UP = re.compile(
    rf"^[ \t]*<(?:p|div|b|strong)>[ \t]*{_MARK}|^[ \t]*{_MARK}.*<br ?/?>[ \t]*\n[ \t]*{_MARK}", re.MULTILINE
)
_ITEM = re.compile(r"^[ \t]*\\item[ \t]+|^[ \t]*\\(?:begin|end)\{(?:enumerate|itemize)\}[ \t]*\n?", re.MULTILINE)
_QUOTED_MARKER = re.compile(r"^[ \t]*>[ \t]*(?:\d{1,3}[.)]|[-*•])[ \t]", re.MULTILINE)
_QUOTED = re.compile(r"(?:>[^\n]*(?:\n\s*+|\Z))++")
_QUOTE = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)


def unescaped(text: str) -> str:
    r"""The reply with `1\.` as `1.`, with line ends for `\n` where it has none, and without what wraps the list.

    That is the `>` of a quotation, a fence, or a tag on a line of its own. Marks of HTML and LaTeX become plain ones.
    """
    if "&lt;/" in text and "<" not in text:
        text = plain_entities(text)
    if "\n" not in text.strip() and _WRITTEN_END.search(text):
        text = text.replace("\\n", "\n")
    text = _unwrapped(_ESCAPED.sub(r"\1", text) if "\\" in text else text)
    if "<" in text and _MARKED_UP.search(text):
        text = LINE_MARKUP.sub("", text)
    if "\\" in text:
        text = _ITEM.sub(lambda found: "- " if "item " in found[0] else "", text)
    is_quoted = ">" in text and (_QUOTED_MARKER.search(text) or _QUOTED.fullmatch(text.strip()))
    return _QUOTE.sub("", text) if is_quoted else text


def read_layout(text: str) -> ParsedList | None:
    """Tasks in tags or in rows; `None` where there are none, or where they are a listed task's data."""
    return _tagged(text) or _rows(text)


def _unwrapped(text: str) -> str:
    """The text without the fence around all of it, or without the tags around the list."""
    for wrapper, sign in ((_FENCED, "```"), (_IN_TAGS, "</")):
        found = wrapper.fullmatch(text.strip()) if sign in text else None
        if found is None or has_marker(found["before"]) or _TAG.search(found["tag"]):
            continue
        after = found.groupdict().get("after", "")
        if has_marker(found["inside"]) or not (found["before"] or after):
            text = f"{found['before']}{found['inside']}{after}"
    return text


def _tagged(text: str) -> ParsedList | None:
    """Tasks in tags: those that are named so, else the tags of one name that hold every line of a text."""
    if "<" not in text:
        return None
    tags = list(_TAG.finditer(text)) or _tags_of_one_name(text)
    if not tags or has_marker(text[: tags[0].start()]):
        return None
    ends = [*(tag.start() for tag in tags[1:]), len(text)]
    found = []
    for tag, end in zip(tags, ends, strict=True):
        if closing := re.compile(rf"</{tag[1]}\s*>", re.IGNORECASE).search(text, tag.end(), end):
            given = _INPUT_TAG.match(text, closing.end())
            task = with_input(text[tag.end() : closing.start()].strip(), given["text"].strip() if given else "")
            found.append((task, given.end() if given else closing.end()))
    intro = _AROUND.sub("", text[: tags[0].start()])
    if not found or (len(found) == 1 and intro.strip()):
        return None  # one tag in a text: the text speaks of it
    outro = _AROUND.sub("", text[found[-1][1] :])
    return ParsedList(intro.split("\n"), [ListItem(body.strip().split("\n")) for body, _ in found], outro.split("\n"))


def _tags_of_one_name(text: str) -> list[re.Match[str]]:
    found = list(_ANY_TAG.finditer(text))
    names = {tag[1].lower() for tag in found}
    rest = _CLOSED.sub("", text).strip() if len(found) > 1 and len(names) == 1 else "?"
    return found if not rest or (rest.endswith((":", "：")) and "\n" not in rest) else []


def _rows(text: str) -> ParsedList | None:
    """The rows of a table, if a column is named as the one with the tasks."""
    rows = read_rows(text)
    if rows is None or has_marker("\n".join(rows.intro)):
        return None
    named = [row for row in rows.objects if "task" in map(kind_of_field, row)]
    items = [ListItem(task.split("\n")) for row in named for task in tasks_in(row)]
    return ParsedList(list(rows.intro), items, list(rows.outro)) if items else None
