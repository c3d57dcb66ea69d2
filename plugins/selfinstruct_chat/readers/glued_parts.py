"""Tells an item's task from what was glued onto it, and tidies the task's text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from selfinstruct_chat.readers.answer_words import (
    announces_answer,
    describes_task,
    is_empty_answer,
    points_to_answer,
    split_inline_answer,
    starts_answer,
    starts_example,
)
from selfinstruct_chat.readers.fields import says_nothing
from selfinstruct_chat.readers.line_labels import label_at, part_at
from selfinstruct_chat.readers.lists import ListItem, is_break, is_fence
from selfinstruct_chat.readers.part_words import INPUTS, LEAD_IN, TASKS
from selfinstruct_chat.readers.tidying import tidy

WRAPPED = 60
"""A line at least this long that ends no sentence was broken by its width, not by its sense."""

_BRINGS_DATA = re.compile(
    r"""[:：]["'”*_)]*\Z
    |\b(?:this|these|those|following|below|given|provided|above|here)\b
    |\b(?:the|each)\ (?:[\w'-]+\ ){0,2}(?:
        text|code|snippet|function|script|query|bugs?|errors?|table|data|sentences?|paragraph|passage|poem
        |stanza|story|e-?mail|message|letter|memo|notice|notes|lists?|words|phrase|numbers|values|dialogue
        |conversation|review|comment|complaint|article|report|statements?|claim|argument|options|steps|clues
        |quote|headline|description|recipe|invoice|log|equation|expression|input
        |clause|contract|agreement|abstract|transcript|tweet|post|proof
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_WANTS_EXAMPLE = re.compile(
    r"[:：]\Z|\b(?:examples?|patterns?|formats?|styles?|following|below|given|provided)\b", re.IGNORECASE
)
_BOLD_INPUT = re.compile(rf"^(\s*)(?:[-*•]\s+)?[*_]{{1,3}}((?:{INPUTS})\s?[:：])[*_]{{1,3}}", re.IGNORECASE)
_CLOSING = re.compile(
    r"[*_( ]*(?:let me know|i hope|hope (?:this|these|that)|feel free|(?:all|each) (?:of )?(?:these|those|the) tasks|"
    r"(?:these|those) (?:new )?(?:tasks|instructions|are)|please let me|would you like|if you(?:'d| would| need| want)|"
    r"\[(?:end|done|eof)\]|\*[^*\n]+\*\s*\Z|note(?: that)?\b|please provide more|enjoy\b|is there anything else"
    r"|that's all|there you (?:go|have it)|which (?:one )?(?:of (?:these|them) )?do you (?:like|prefer))",
    re.IGNORECASE,
)
_HEADING = re.compile(
    rf"[ \t]*(?:(?:and )?here are\b[^\n]{{0,80}}|(?:[a-z]+ )?(?:{TASKS})s?)[:：][ \t]*|{LEAD_IN}[ \t]*", re.IGNORECASE
)
_REMARK = re.compile(r"※.*|(?:\.{3,}|…)[ \t]*(?:[(（].*[)）])?|\([^()]*[^\W\d_][^()]* [^()]*\)|[*_]+\([^()]+\)[*_]+")
_OPTION = re.compile(r"[ \t]*B[:.)]\s")
_OPTION_A = re.compile(r"[ \t]*A[:.)]\s")
_BULLET = re.compile(r"\s*[-*•]\s+[^\W\d_].*[.!]\s*\Z")
_STRUCTURED = re.compile(r"\s*(?:[-*+•◦▪–]\s|\(?\w{1,3}[.)]\s|\||>|```|~~~|\[|\{|[\w ]{1,24}[:：]\s)|\s{4,}\S")


def split_item(item: ListItem, is_last: bool = False) -> tuple[str, str, str]:
    """An item's task, tidied; the text glued onto it (an answer, a remark); and, in the last item, closing words."""
    first, *rest = item.lines
    rest = [_BOLD_INPUT.sub(r"\1\2", line, count=1) for line in rest if not _has_no_input(line)]
    rest = [
        line
        for line, below in zip(rest, [*rest, ""][1:], strict=True)
        if not (part_at(below) == "input" and starts_answer(line) and is_empty_answer(line))
    ]
    first, answer = split_inline_answer(first)
    if not answer and not any(map(str.strip, rest)):
        return tidy(first), "", ""
    below = textwrap.dedent("\n".join(rest)).split("\n")
    blocks = _blocks([first, "", answer, *below] if answer else [first, *below])
    if item.is_title and first.strip():
        blocks = _with_title(blocks)
    own = _length_of_task(blocks)
    end = _start_of_closing(blocks) if is_last else len(blocks)
    own = min(own, end)
    while own > 1 and len(blocks[own - 1]) == 1 and is_break(blocks[own - 1][0]):
        own -= 1  # a rule between the list and the closing words
    glued = [block for block in blocks[own:end] if not all(map(describes_task, block))]
    parts = blocks[:own], glued, blocks[end:]
    task, tail, closing = ("\n\n".join(_fold(block) for block in part).strip() for part in parts)
    return tidy(task), tail, closing


# --- blocks: what blank lines part ------------------------------------------------------------------------------------


def _blocks(lines: Sequence[str]) -> list[list[str]]:
    """Paragraphs, code blocks whole; a line that announces an answer starts one. Headings of what follows go."""
    kept = list(lines)
    while kept and (not kept[-1].strip() or (len(kept) > 1 and (is_break(kept[-1]) or _HEADING.fullmatch(kept[-1])))):
        kept.pop()
    below = _Below(kept)
    blocks: list[list[str]] = [[]]
    in_code = False
    for at, line in enumerate(kept):
        opens = is_fence(line) and not in_code
        in_code ^= is_fence(line)
        if (opens and _is_sentence(blocks[-1])) or (
            not in_code and (not line.strip() or (blocks[-1] and _starts_other(line, at, below, blocks=blocks)))
        ):
            blocks.append([])
        if line.strip() or in_code:
            blocks[-1].append(line.rstrip())
    return [block for block in blocks if block]


def _is_sentence(block: Sequence[str]) -> bool:
    """Whether a paragraph is over, so that code right below it need not be its own."""
    return bool(block) and block[-1].rstrip().endswith((".", "?", "!"))


class _Below:
    """What stands below each line of an item, found once for all lines."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        places = range(len(lines))
        self._last_form = max((at for at in places if part_at(lines[at]) in ("input", "task")), default=-1)
        self._last_option = max((at for at in places if _OPTION.match(lines[at])), default=-1)
        answer = next(
            (at for at in places if at and (starts_answer(lines[at]) or starts_example(lines[at]))), len(lines)
        )
        own = (at for at in places[:answer] if lines[at].strip() and not describes_task(lines[at]))
        self._last_other = max(own, default=-1)
        self._wants_example: bool | None = None

    def shows_form(self, at: int) -> bool:
        """Whether another input, or another option, follows a line: then an answer beside it is part of the task."""
        return self._last_form > at or (self._last_option > at and _OPTION_A.match(self.lines[at]) is not None)

    def is_filed(self, at: int) -> bool:
        """Whether nothing but lines that file the task follow a line."""
        return self._last_other <= at

    def wants_example(self, first: Sequence[str]) -> bool:
        """Whether the task's first paragraph calls for an example below it."""
        if self._wants_example is None:
            self._wants_example = _WANTS_EXAMPLE.search(" ".join(first)) is not None
        return self._wants_example


def _starts_other(line: str, at: int, below: _Below, *, blocks: Sequence[Sequence[str]]) -> bool:
    """Whether a line inside a paragraph starts an answer, or is a remark that ends the paragraph.

    A bare `Answer:` at the very end is a form to fill in, and `Output:` before another `Input:` shows the form: both
    belong to the task.
    """
    is_last = at == len(below.lines) - 1
    if is_last and at == 1 and below.lines[0].rstrip().endswith("?") and _BULLET.match(line):
        return True  # a sentence below a question
    if points_to_answer(line):
        return is_last and _is_sentence(blocks[-1])
    if starts_answer(line):
        return not (is_last and is_empty_answer(line)) and not below.shows_form(at)
    if starts_example(line):
        return not below.wants_example(blocks[0])
    if describes_task(line):
        return not describes_task(blocks[-1][0]) and below.is_filed(at)
    return _REMARK.fullmatch(line.strip()) is not None and (is_last or not below.lines[at + 1].strip())


def _with_title(blocks: list[list[str]]) -> list[list[str]]:
    """Join a title to the text below it as `Title: text`; a first line that is a sentence is no title."""
    title = tidy(blocks[0][0])
    if title.rstrip('"”’»」)').endswith((".", "?", "!", "。", "？", "！")):
        return blocks
    rest = [*blocks[0][1:], *(blocks[1] if len(blocks[0]) == 1 and len(blocks) > 1 else ())]
    others = blocks[1 if len(blocks[0]) > 1 else 2 :]
    return [[f"{title.rstrip(':： ')}: {rest[0].strip()}", *rest[1:]], *others] if rest else blocks


def _length_of_task(blocks: Sequence[Sequence[str]]) -> int:
    """How many of the blocks are the task. Later ones are only if the first announces a text or data to work on.

    The announcing words are English; elsewhere a colon announces.
    """
    if len(blocks) < 2:
        return len(blocks)
    head = " ".join(blocks[0])
    has_data = _BRINGS_DATA.search(head) or "input" in map(part_at, [*blocks[0], blocks[1][0]])
    length = len(blocks) if has_data else 1
    ends = starts_answer if _WANTS_EXAMPLE.search(head) else announces_answer
    length = next((at for at in range(1, length) if ends(blocks[at][0]) and not _speaks(blocks[at])), length)
    if length > 1 and all(describes_task(line) for line in blocks[length - 1]):
        length -= 1
    if length > 1 and len(blocks[length - 1]) == 1 and _REMARK.fullmatch(blocks[length - 1][0].strip()):
        length -= 1
    return length


def _has_no_input(line: str) -> bool:
    """Whether a line says of a part that there is none: `Input: N/A`."""
    label = label_at(line)
    return label is not None and bool(label.rest.strip()) and says_nothing(label.rest)


def _speaks(block: Sequence[str]) -> bool:
    """Whether a paragraph is two people's, or options: `A:` does not announce an answer where a `B:` stands."""
    return _OPTION_A.match(block[0]) is not None and any(_OPTION.match(line) for line in block)


def _start_of_closing(blocks: Sequence[Sequence[str]]) -> int:
    """Where closing words start. What stands right below a colon is data, whatever it says."""
    start = len(blocks)
    while start > 1 and _CLOSING.match(blocks[start - 1][0]) and not blocks[start - 2][-1].endswith((":", "：")):
        start -= 1
    return start


def _fold(block: Sequence[str]) -> str:
    """A block's text: lines broken by their width are joined, lines that carry structure stay."""
    folded: list[list[str]] = [[block[0]]]
    in_code = is_fence(block[0])
    was_fence = in_code
    width = len(block[0].rstrip())
    for line in block[1:]:
        in_code ^= is_fence(line)
        before = folded[-1][-1].rstrip()
        joins = line.lstrip()[:1].islower() or (width >= WRAPPED and before[-1:] not in tuple(".?!:;。？！："))
        if joins and not in_code and not _STRUCTURED.match(line) and not is_fence(line) and not was_fence:
            folded[-1][-1] = before
            folded[-1].append(line.strip())
            width += len(line.strip()) + 1
        else:
            folded.append([line])
            width = len(line.rstrip())
        was_fence = is_fence(folded[-1][0])
    return "\n".join(" ".join(parts) for parts in folded)
