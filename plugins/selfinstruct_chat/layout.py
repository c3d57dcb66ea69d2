"""Finds tasks in replies that are laid out as tags or as a table, and takes quotation marks of Markdown off a list."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from selfinstruct_chat.fields import kind_of_field, with_input
from selfinstruct_chat.lists import ListItem, ParsedList, has_marker

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
_MARK_UP = re.compile(r"^[ \t]*<(?:p|div|b|strong)>|(?:<br ?/?>|</(?:p|div|b|strong)>)+[ \t]*$", re.MULTILINE)
_ITEM = re.compile(r"^[ \t]*\\item[ \t]+|^[ \t]*\\(?:begin|end)\{(?:enumerate|itemize)\}[ \t]*\n?", re.MULTILINE)
_QUOTED_MARKER = re.compile(r"^[ \t]*>[ \t]*(?:\d{1,3}[.)]|[-*•])[ \t]", re.MULTILINE)
_QUOTED = re.compile(r"(?:>[^\n]*(?:\n\s*+|\Z))++")
_QUOTE = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)
_ROW = re.compile(r"[ \t]*\|.*\|[ \t]*")
_RULE = re.compile(r"[ \t]*\|[ \t:|-]*-[ \t:|-]*\|[ \t]*")
_CELLS = re.compile(r"(?<!\\)\|")


def unescaped(text: str) -> str:
    r"""The reply with `1\.` as `1.`, with line ends for `\n` where it has none, and without what wraps the list.

    That is the `>` of a quotation, a fence, or a tag on a line of its own. Marks of HTML and LaTeX become plain ones.
    """
    if "\n" not in text.strip() and _WRITTEN_END.search(text):
        text = text.replace("\\n", "\n")
    text = _unwrapped(_ESCAPED.sub(r"\1", text) if "\\" in text else text)
    if "<" in text and _MARKED_UP.search(text):
        text = _MARK_UP.sub("", text)
    if "\\" in text:
        text = _ITEM.sub(lambda found: "- " if "item " in found[0] else "", text)
    is_quoted = ">" in text and (_QUOTED_MARKER.search(text) or _QUOTED.fullmatch(text.strip()))
    return _QUOTE.sub("", text) if is_quoted else text


def read_layout(text: str) -> ParsedList | None:
    """Tasks in tags or in the rows of a table; `None` where there are none, or where they are a listed task's data."""
    lines = text.split("\n")
    return _tagged(text) or _table(lines) or _csv(lines)


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


def _table(lines: Sequence[str]) -> ParsedList | None:
    """The rows of the first table, if a column is headed as the one with the tasks."""
    intro, (names, *rows), outro = read_table(lines) or ([], [[]], [])
    items = _items(names, rows)
    return ParsedList(intro, items, outro) if items and not has_marker("\n".join(intro)) else None


def _items(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[ListItem]:
    """An item for each row, from the columns of the task and of its input; none where no column is the tasks'."""
    kinds = [kind_of_field(name) for name in names]
    if "task" not in kinds:
        return []
    task, given = kinds.index("task"), kinds.index("input") if "input" in kinds else len(kinds)
    full = [[*row, *[""] * len(kinds)] for row in rows]
    return [ListItem(with_input(row[task], row[given]).split("\n")) for row in full]


def read_table(lines: Sequence[str]) -> tuple[list[str], list[list[str]], list[str]] | None:
    """The lines above the first table, the cells of its head and of its rows, and the lines below it."""
    rule = next((at for at, line in enumerate(lines) if _RULE.fullmatch(line)), 0)
    if rule < 1 or not _ROW.fullmatch(lines[rule - 1]):
        return None
    if lines[-1].lstrip().startswith("|") and not _ROW.fullmatch(lines[-1]):
        lines = [*lines[:-1], f"{lines[-1]} |"]  # the reply was cut inside a row
    end = next((at for at in range(rule + 1, len(lines)) if not _ROW.fullmatch(lines[at])), len(lines))
    rows = [_cells(line) for line in (lines[rule - 1], *lines[rule + 1 : end])]
    return list(lines[: rule - 1]), rows, list(lines[end:])


def _csv(lines: Sequence[str]) -> ParsedList | None:
    """The rows of comma-separated values, if the first line names a column as the one with the tasks."""
    names = [name.strip(' "') for name in lines[0].split(",")]
    if len(names) < 2 or "task" not in map(kind_of_field, names):
        return None
    rows = [row for row in csv.reader(lines[1:], skipinitialspace=True) if row]
    if len(rows) < 2 or any(len(row) != len(names) for row in rows):
        return None
    return ParsedList([], _items(names, rows))


def _cells(line: str) -> list[str]:
    return [cell.replace("\\|", "|").strip() for cell in _CELLS.split(line.strip())[1:-1]]
