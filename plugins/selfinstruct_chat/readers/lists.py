"""Finds the items of a list in a chat reply: numbers in many forms, bullets, or plain lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from selfinstruct_chat.readers.answer_words import starts_answers, take_answers
from selfinstruct_chat.readers.line_labels import FENCE, fenced_lines
from selfinstruct_chat.readers.part_words import SYMBOL, TASKS

ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI")

FARTHEST = 5
"""How far an item's number may lie above the one before: models skip numbers, but `42.` after `3.` is data."""

_NUMBER = re.compile(
    rf"""(?P<indent>[ \t]*+)(?:[-*•]\ +)?(?P<heading>\#{{1,6}}\ *)?(?P<bold>\*\*|__|\*)?
    【?(?P<label>{TASKS})?\s*\#?(?P<open>[(（\[])?(?P<number>\d{{1,3}}|(?-i:[IVX]{{1,5}}(?=[.)])))
    (?P<aside>\ ?(?:/|of\ )\ ?\d{{1,3}}(?=\ ?[:：.)])|\ ?\([^()]{{1,40}}\)(?=\ ?[:：]))?
    (?P<closed>\*\*|__|\*)?(?P<mark>[.)）、．°º\]】]|/(?=\ )|\ ?[:：–—-])?
    (?P<closed_late>(?(bold)(?:\*\*|__|\*(?!\*))|(?!)))?(?P<rest>.*)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_DASHED = re.compile(r" [^\W\d_]")
_RUN_ON = re.compile(r"[; \t](?:(?<=;)[ \t]+|(?<=[.?!:\"”][ \t])[ \t]*)(?=(\d{1,2})[.)][ \t]+[^\W\d_])")
_BULLET = re.compile(rf"(?P<indent>[ \t]*+)(?:(?:[-*+•◦▪·–—»›]|{SYMBOL})[ \t]+|[•»›・])(?P<rest>.*)", re.DOTALL)
_RANKS = ("abcdefghijklmnopqrstuvwxyz", "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮", "一二三四五六七八九十")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_RANK = re.compile(
    rf"(?P<indent>[ \t]*+)[*_]*\(?(?:(?P<letter>[a-z])[.)]|(?P<circle>[①-⑮])"
    rf"|(?P<sign>[{_RANKS[2]}])、|(?:第|{TASKS})(?P<place>[{_RANKS[2]}])[题題问問]?[：:、]"
    rf"|(?P<word>{'|'.join(_ORDINALS)})[,:])[*_]*\s*(?P<rest>.*)",
    re.DOTALL | re.IGNORECASE,
)
_BARE = re.compile(r"[ \t]*[-*–](?=[^\W\d_])")
_COUNTED = re.compile(
    r"[^\w\n]{0,4}(?:[^\W\d_]{2,12}[ _])?(?:\d{1,2}[.-])?(?P<number>\d{1,3})[^\w\s]{0,4}\s+(?P<rest>[^\W\d_].*)",
    re.DOTALL,
)
_CHECKBOX = re.compile(r"\[[ xX✓]?\]\s+")
_STARTS = re.compile(r"[ \t]*(\d{1,2})[.)][ \t]")
_BOLD_LINE = re.compile(r"\s*\*\*[^*]+\*\*:?\s*")
_CATEGORY = re.compile(r"[*_]*[^\W\d_][^.?!。？！:：]{1,30}[:：]?[*_]*")
_BREAK = re.compile(r"[ \t]*(?:#{1,6}(?: .*)?|\*\*[^*]+\*\*:?|[-*_=]{3,})[ \t]*")


@dataclass(slots=True)
class ListItem:
    """One item as it stood in the list: the lines after its marker, and whether the first may be a title."""

    lines: list[str]
    is_title: bool = False


@dataclass(slots=True)
class ParsedList:
    """A reply taken apart."""

    intro: list[str] = field(default_factory=list)
    items: list[ListItem] = field(default_factory=list)
    outro: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ItemMarker:
    """What marks the start of an item: a bullet has the number 0 and no label."""

    line: int
    indent: int
    number: int
    label: str
    rest: str
    is_title: bool


def find_items(text: str) -> ParsedList:
    """Take a reply apart: by its numbers, else by its bullets, else line by line."""
    lines = _unrolled(text).split("\n")
    fenced = fenced_lines(lines)
    markers = _numbered(lines, fenced) or _ranked(lines, fenced)
    if not markers:
        lines = _without_categories(lines)
        markers = _bulleted(lines, fenced) or _counted(lines, fenced)
    return _cut_at(lines, markers) if markers else _plain(lines)


def _unrolled(text: str) -> str:
    """A list that was written on a single line, or with several items a line, with a line for each item."""
    if "\n" not in text and len(_RUN_ON.findall(text)) > 1:
        return _RUN_ON.sub("\n", text)
    if _RUN_ON.search(text) is None:
        return text
    lines = text.split("\n")
    starts = {int(found[1]) for line in lines if (found := _STARTS.match(line))}
    return "\n".join(_unrolled_line(line, starts) for line in lines)


def _unrolled_line(line: str, starts: set[int]) -> str:
    """A numbered line cut where the next numbers follow, unless other lines bear them or it holds its own list."""
    first = _STARTS.match(line)
    if first is None:
        return line
    number, parts, position = int(first[1]), [], 0
    for found in _RUN_ON.finditer(line):
        if int(found[1]) == number + 1 and number + 1 not in starts:
            number += 1
            parts.append(line[position : found.start()])
            position = found.end()
        elif int(found[1]) == 1:
            return line
    return "\n".join([*parts, line[position:]])


def has_marker(text: str) -> bool:
    """Whether any line of the text starts an item."""
    return any(_number_at(at, line) or _bullet_at(at, line) for at, line in enumerate(text.split("\n")))


def is_break(line: str) -> bool:
    """Whether a line is a heading, a line all in bold, or a rule: it parts a list and belongs to no item."""
    return _BREAK.fullmatch(line) is not None


def is_fence(line: str) -> bool:
    """Whether a line opens or closes a code block."""
    return FENCE.match(line) is not None


# --- numbers ----------------------------------------------------------------------------------------------------------


def _numbered(lines: Sequence[str], fenced: set[int]) -> list[ItemMarker]:
    """The markers of the outer list. The first one sets the label; deeper or inner numbers belong to a task."""
    found = [marker for at, line in enumerate(lines) if at not in fenced and (marker := _number_at(at, line))]
    top = _outermost([marker for marker in found if marker.label == found[0].label])
    if len(top) > 1 and len({marker.number for marker in top}) == 1:
        return top  # every item is `1.`: Markdown counts for itself
    outer: list[ItemMarker] = []
    breaks = list(accumulate(_parts_lists(lines, at) for at in range(len(lines))))
    last = {marker.number: place for place, marker in enumerate(top)}
    first = {marker.number: place for place, marker in reversed([*enumerate(top)])}
    previous = inner = 0
    for place, marker in enumerate(top):
        number = marker.number
        if outer and breaks[marker.line - 1] > breaks[outer[-1].line]:
            previous = min(previous, number - 1)  # a heading in between: the numbers may start again
        is_inner = bool(inner) and number == inner + 1 and last[number] > place
        is_repeated = 1 < number == previous and not inner  # models stutter
        is_late = outer and outer[0].number < number < previous and first[number] == place  # 13, 12
        if outer and (is_inner or not (is_repeated or is_late or previous < number <= previous + FARTHEST)):
            inner = number
            continue
        outer.append(marker)
        previous, inner = number, 0
    return outer


def _parts_lists(lines: Sequence[str], at: int) -> bool:
    """Whether numbers may start again below a line: not below a heading over the answers, or the rule above it."""
    return is_break(lines[at]) and not any(map(starts_answers, lines[at : at + 3]))


def _number_at(at: int, line: str) -> ItemMarker | None:
    """The number that a line starts with, if it marks an item rather than starting a sentence."""
    found = _NUMBER.fullmatch(line)
    if found is None:
        return None
    mark, rest, label = (found["mark"] or "").strip(), found["rest"], (found["label"] or "").lower()
    closed = found["closed"] or found["closed_late"]
    named = bool(label or found["heading"])
    if not named and (
        not mark or (mark == "]" and found["open"] != "[") or (mark in "–—-" and not _DASHED.match(rest))
    ):
        return None  # `9 lives`, `3-4 players`, `3 - 4`
    if named and not mark and rest.strip() and (label or rest[0].isalnum()):
        return None  # `Task 3 is the hardest`
    if rest[:1].isdigit() or (mark in ".:-" and rest[:1].islower()):
        return None  # `3.14`, `9:30`, `1.x`
    if found["bold"] and not closed:
        rest = found["bold"] + rest.lstrip()  # `**9. Title** text`: the emphasis belongs to what follows
    number = found["number"]
    if not number.isdecimal():
        if number not in ROMAN:
            return None
        number, label = str(ROMAN.index(number) + 1), "roman"  # a label, so that no digits mix with these
    indent = len(found["indent"].expandtabs(4))
    is_title = bool(found["heading"]) or _BOLD_LINE.fullmatch(rest) is not None
    return ItemMarker(at, indent, int(number), label.removeprefix("new "), rest, is_title)


def _ranked(lines: Sequence[str], fenced: set[int]) -> list[ItemMarker]:
    """The markers of a list that goes a, b, c, or first, second, third; below a sentence they are choices."""
    found = [(at, match) for at, line in enumerate(lines) if at not in fenced and (match := _RANK.fullmatch(line))]
    above = [line.strip() for line in lines[: found[0][0]] if line.strip()] if found else []
    if len(found) < 2 or (above and not (above[-1].endswith((":", "：")) or is_break(above[-1]))):
        return []
    outer: list[ItemMarker] = []
    breaks = list(accumulate(is_break(line) for line in lines))
    for at, match in found:
        starts_again = not outer or breaks[at - 1] > breaks[outer[-1].line]
        number = _rank(match)
        if number == (1 if starts_again else outer[-1].number + 1):
            indent = len(match["indent"].expandtabs(4))
            outer.append(ItemMarker(at, indent, number, "rank", match["rest"], is_title=False))
    return _outermost(outer) if len(outer) > 1 else []


def _rank(match: re.Match[str]) -> int:
    """The place that a letter, a sign or a word names."""
    if match["word"]:
        return _ORDINALS.index(match["word"].lower()) + 1
    sign = (match["letter"] or match["circle"] or match["sign"] or match["place"]).lower()
    return next(row.index(sign) + 1 for row in _RANKS if sign in row)


def _counted(lines: Sequence[str], fenced: set[int]) -> list[ItemMarker]:
    """Lines that begin with the next number each, whatever signs or word stand around it: `<1> `, `Example 9: `."""
    found = [(at, match) for at, line in enumerate(lines) if at not in fenced and (match := _COUNTED.fullmatch(line))]
    numbers = [int(match["number"]) for _, match in found]
    if len(found) < 2 or numbers != list(range(numbers[0], numbers[0] + len(found))):
        return []
    return [ItemMarker(at, 0, int(match["number"]), "counted", match["rest"], is_title=False) for at, match in found]


# --- bullets ----------------------------------------------------------------------------------------------------------


def _bulleted(lines: Sequence[str], fenced: set[int]) -> list[ItemMarker]:
    """The outermost bullets."""
    found = [marker for at, line in enumerate(lines) if at not in fenced and (marker := _bullet_at(at, line))]
    if not found and len(bare := [at for at, line in enumerate(lines) if at not in fenced and _BARE.match(line)]) > 1:
        return [ItemMarker(at, 0, 0, "", lines[at].lstrip()[1:], is_title=False) for at in bare]
    return _outermost(found)


def _without_categories(lines: Sequence[str]) -> list[str]:
    """The lines without the bullets that name a kind, where there are several and all else stands in bullets below."""
    bullets = [marker for at, line in enumerate(lines) if (marker := _bullet_at(at, line))]
    outer = {marker.line: marker.rest for marker in _outermost(bullets)}
    is_filed = 2 < 2 * len(outer) <= len(bullets) and all(map(_CATEGORY.fullmatch, outer.values()))
    return ["" if is_filed and at in outer else line for at, line in enumerate(lines)]


def _bullet_at(at: int, line: str) -> ItemMarker | None:
    found = _BULLET.fullmatch(line)
    if found is None or is_break(line):
        return None
    return ItemMarker(at, len(found["indent"].expandtabs(4)), 0, "", found["rest"], is_title=False)


# --- what both share --------------------------------------------------------------------------------------------------


def _outermost(markers: Sequence[ItemMarker]) -> list[ItemMarker]:
    """Markers that are not nested. The reply's first line lost its indentation to trimming, so it does not count."""
    base = min((marker.indent for marker in markers if marker.line > 0), default=0)
    return [marker for marker in markers if marker.indent <= base + 1]


def _cut_at(lines: Sequence[str], markers: Sequence[ItemMarker]) -> ParsedList:
    """Each item runs from its marker to the next. A lone sentence above a later number is what the prompt began."""
    ends = [*(marker.line for marker in markers[1:]), len(lines)]
    items = [
        ListItem([_CHECKBOX.sub("", marker.rest.strip()), *lines[marker.line + 1 : end]], marker.is_title)
        for marker, end in zip(markers, ends, strict=True)
    ]
    answers = take_answers(items[-1].lines) if len(items) > 1 else []
    intro = list(lines[: markers[0].line])
    filled = [line.strip() for line in intro if line.strip()]
    is_spaced = all(not lines[marker.line - 1].strip() for marker in markers)
    goes_on = markers[0].number > 1 and len(filled) == 1 and (is_spaced or lines[markers[0].line - 1].strip())
    if goes_on and filled[0].endswith((".", "?", "。", "？")):
        return ParsedList([], [ListItem(filled), *items], answers)
    return ParsedList(intro, items, answers)


def _plain(lines: Sequence[str]) -> ParsedList:
    """One task a line, if every line could start a sentence; otherwise the whole reply is one item.

    Two paragraphs are one item too: that is how refusals and single tasks look.
    """
    filled = [line.strip() for line in lines if line.strip("-*_=# \t") and not is_fence(line)]
    listing = ParsedList()
    if len(filled) > 1 and filled[0].endswith((":", "：")):
        listing.intro, filled = filled[:1], filled[1:]
    spaced = any(not line.strip() for line in "\n".join(lines).strip().split("\n"))
    one_each = not any(line[:1].islower() for line in filled) and (len(filled) > 2 or not spaced)
    if one_each or listing.intro:
        listing.items = [ListItem([line]) for line in filled]
    else:
        listing.items = [ListItem(list(lines))]
    return listing
