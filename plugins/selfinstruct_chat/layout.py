"""Finds tasks in replies that are laid out as tags or as a table, and takes quotation marks of Markdown off a list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from selfinstruct_chat.lists import LABELS, ListItem, ParsedList, has_marker

_TAG = re.compile(r"<(task|instruction|prompt|question|item|li)\b[^<>]*>", re.IGNORECASE)
_AROUND = re.compile(r"</?(?:tasks|instructions|prompts|questions|items|list|ol|ul)\b[^<>]*>", re.IGNORECASE)
_ESCAPED = re.compile(r"^([ \t>]*\d{1,3})\\(?=[.)])", re.MULTILINE)
_QUOTED_MARKER = re.compile(r"^[ \t]*>[ \t]*(?:\d{1,3}[.)]|[-*•])[ \t]", re.MULTILINE)
_QUOTE = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)
_ROW = re.compile(r"[ \t]*\|.*\|[ \t]*")
_RULE = re.compile(r"[ \t]*\|[ \t:|-]*-[ \t:|-]*\|[ \t]*")
_CELLS = re.compile(r"(?<!\\)\|")
_HEAD = re.compile(rf"[*_ ]*(?:{LABELS})s?[*_ ]*", re.IGNORECASE)


def unescaped(text: str) -> str:
    r"""The reply with `1\.` as `1.`, and without the `>` of a quotation that holds the list."""
    text = _ESCAPED.sub(r"\1", text)
    return _QUOTE.sub("", text) if _QUOTED_MARKER.search(text) else text


def read_layout(text: str) -> ParsedList | None:
    """Tasks in tags or in the rows of a table; `None` where there are none, or where they are a listed task's data."""
    return _tagged(text) or _table(text.split("\n"))


def _tagged(text: str) -> ParsedList | None:
    tags = list(_TAG.finditer(text))
    if not tags or has_marker(text[: tags[0].start()]):
        return None
    ends = [*(tag.start() for tag in tags[1:]), len(text)]
    found = [
        (text[tag.end() : closing.start()], closing.end())
        for tag, end in zip(tags, ends, strict=True)
        if (closing := re.compile(rf"</{tag[1]}\s*>", re.IGNORECASE).search(text, tag.end(), end))
    ]
    intro = _AROUND.sub("", text[: tags[0].start()])
    if not found or (len(found) == 1 and intro.strip()):
        return None  # one tag in a text: the text speaks of it
    outro = _AROUND.sub("", text[found[-1][1] :])
    return ParsedList(intro.split("\n"), [ListItem(body.strip().split("\n")) for body, _ in found], outro.split("\n"))


def _table(lines: Sequence[str]) -> ParsedList | None:
    """The rows of the first table, if a column is headed as the one with the tasks."""
    rule = next((at for at, line in enumerate(lines) if _RULE.fullmatch(line)), 0)
    if rule < 1 or not _ROW.fullmatch(lines[rule - 1]) or has_marker("\n".join(lines[: rule - 1])):
        return None
    column = next((at for at, name in enumerate(_cells(lines[rule - 1])) if _HEAD.fullmatch(name)), -1)
    end = next((at for at in range(rule + 1, len(lines)) if not _ROW.fullmatch(lines[at])), len(lines))
    rows = [_cells(line) for line in lines[rule + 1 : end]]
    items = [ListItem([row[column]]) for row in rows if column < len(row)]
    return ParsedList(list(lines[: rule - 1]), items, list(lines[end:])) if column >= 0 and items else None


def _cells(line: str) -> list[str]:
    return [cell.replace("\\|", "|").strip() for cell in _CELLS.split(line.strip())[1:-1]]
