"""Tells an item's task from what was glued onto it, and tidies the task's text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from selfinstruct_chat.answers import (
    announces_answer,
    describes_task,
    is_empty_answer,
    split_inline_answer,
    starts_answer,
    starts_example,
)
from selfinstruct_chat.lists import LABELS, ListItem, is_break, is_fence

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
_INPUT = re.compile(r"[*_ ]*(?:input|question|q)[*_ ]*[:：]", re.IGNORECASE)
_CLOSING = re.compile(
    r"[*_( ]*(?:let me know|i hope|hope (?:this|these|that)|feel free|(?:all|each) (?:of )?(?:these|those|the) tasks|"
    r"(?:these|those) (?:new )?(?:tasks|instructions|are)|please let me|would you like|if you(?:'d| would| need| want)|"
    r"note(?: that)?\b|please provide more|enjoy\b|is there anything else|that's all)",
    re.IGNORECASE,
)
_REMARK = re.compile(r"\([^()]*[^\W\d_][^()]* [^()]*\)|[*_]+\([^()]+\)[*_]+")
_STRUCTURED = re.compile(r"\s*(?:[-*+•◦▪–]\s|\(?\w{1,3}[.)]\s|\||>|```|~~~|\[|\{|[\w ]{1,24}[:：]\s)|\s{4,}\S")
_LEAD = re.compile(r"(\*{1,3})(?=[^\s*])(.+?)(?<=[^\s*])\1(?![\w*])|(_{1,2})(?=[^\s_]+ )(.+?)(?<=[^\s_])\3(?!\w)")
_LABEL = re.compile(rf"(?:{LABELS})s?(?:\s*#?\d+)?\s*[:：]\s*", re.IGNORECASE)
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "„": "“", "「": "」", "『": "』", "`": "`"}


def split_item(item: ListItem, is_last: bool = False) -> tuple[str, str, str]:
    """An item's task, tidied; the text glued onto it (an answer, a remark); and, in the last item, closing words."""
    first, *rest = item.lines
    below = textwrap.dedent("\n".join(rest)).split("\n")
    first, answer = split_inline_answer(first)
    blocks = _blocks([first, "", answer, *below] if answer else [first, *below])
    if item.is_title and first.strip():
        blocks = _with_title(blocks)
    own = _length_of_task(blocks)
    end = _start_of_closing(blocks) if is_last else len(blocks)
    own = min(own, end)
    while own > 1 and len(blocks[own - 1]) == 1 and is_break(blocks[own - 1][0]):
        own -= 1  # a rule between the list and the closing words
    parts = blocks[:own], blocks[own:end], blocks[end:]
    task, tail, closing = ("\n\n".join(_fold(block) for block in part).strip() for part in parts)
    return tidy(task), tail, closing


def tidy(text: str) -> str:
    """Strip a label, emphasis around the whole or its lead words, quotes around the whole; raise the first letter."""
    before = None
    while text != before:
        before = text
        text = _LABEL.sub("", text.strip(), count=1) if _LABEL.match(text.strip()) else text.strip()
        if found := _LEAD.match(text):
            text = (found[2] or found[4]) + text[found.end() :]
        text = _unquoted(text).strip()
    raised = text[:1].upper()
    return raised + text[1:] if len(raised) == 1 else text


def _unquoted(text: str) -> str:
    """The text without quotes around all of it; quotes that only open and close parts of it stay."""
    closing = _QUOTES.get(text[:1])
    inner = text[1:-1]
    if len(text) < 3 or closing is None or text[-1] != closing or text[0] in inner or closing in inner:
        return text
    return inner


# --- blocks: what blank lines part ------------------------------------------------------------------------------------


def _blocks(lines: Sequence[str]) -> list[list[str]]:
    """Paragraphs, code blocks whole; a line that announces an answer starts one. Headings of what follows go."""
    kept = list(lines)
    while kept and (not kept[-1].strip() or (len(kept) > 1 and is_break(kept[-1]))):
        kept.pop()
    blocks: list[list[str]] = [[]]
    in_code = False
    for at, line in enumerate(kept):
        in_code ^= is_fence(line)
        if not in_code and (not line.strip() or (blocks[-1] and _starts_other(kept, at, blocks))):
            blocks.append([])
        if line.strip() or in_code:
            blocks[-1].append(line.rstrip())
    return [block for block in blocks if block]


def _starts_other(lines: Sequence[str], at: int, blocks: Sequence[Sequence[str]]) -> bool:
    """Whether the line at a place inside a paragraph starts an answer, or is a remark that ends the paragraph.

    A bare `Answer:` at the very end is a form to fill in, and `Output:` before another `Input:` shows the form: both
    belong to the task.
    """
    line = lines[at]
    if starts_answer(line):
        below = lines[at + 1 :]
        is_form = not below and is_empty_answer(line)
        return not is_form and not any(_INPUT.match(later) for later in below)
    if starts_example(line):
        return not _WANTS_EXAMPLE.search(" ".join(blocks[0]))
    if describes_task(line):
        below = lines[at + 1 :]
        return not describes_task(blocks[-1][0]) and all(not one.strip() or describes_task(one) for one in below)
    followed = at + 1 < len(lines) and lines[at + 1].strip()
    return _REMARK.fullmatch(line.strip()) is not None and not followed


def _with_title(blocks: list[list[str]]) -> list[list[str]]:
    """Join a title to the text below it as `Title: text`; a first line that is a sentence is no title."""
    title = tidy(blocks[0][0])
    if title.rstrip('"”’»」)').endswith((".", "?", "!", "。", "？", "！")):
        return blocks
    rest, others = blocks[0][1:], blocks[1:]
    if not rest and others:
        rest, others = others[0], others[1:]
    if not rest:
        return blocks
    return [[f"{title.rstrip(':： ')}: {rest[0].strip()}", *rest[1:]], *others]


def _length_of_task(blocks: Sequence[Sequence[str]]) -> int:
    """How many of the blocks are the task. Later ones are only if the first announces a text or data to work on.

    The announcing words are English; elsewhere a colon announces, and lists, tables and code count as data.
    """
    if not blocks:
        return 0
    head = " ".join(blocks[0])
    length = 1
    if _BRINGS_DATA.search(head):
        length = len(blocks)
    elif not head.isascii():
        while length < len(blocks) and _STRUCTURED.match(blocks[length][0]):
            length += 1
    ends = starts_answer if _WANTS_EXAMPLE.search(head) else announces_answer
    length = next((at for at in range(1, length) if ends(blocks[at][0])), length)
    if length > 1 and all(describes_task(line) for line in blocks[length - 1]):
        length -= 1
    if length > 1 and len(blocks[length - 1]) == 1 and _REMARK.fullmatch(blocks[length - 1][0].strip()):
        length -= 1
    return length


def _start_of_closing(blocks: Sequence[Sequence[str]]) -> int:
    """Where closing words start. What stands right below a colon is data, whatever it says."""
    start = len(blocks)
    while start > 1 and _CLOSING.match(blocks[start - 1][0]) and not blocks[start - 2][-1].endswith((":", "：")):
        start -= 1
    return start


def _fold(block: Sequence[str]) -> str:
    """A block's text: lines broken by their width are joined, lines that carry structure stay."""
    folded = [block[0]]
    in_code = is_fence(block[0])
    for line in block[1:]:
        in_code ^= is_fence(line)
        previous = folded[-1].rstrip()
        joins = line.lstrip()[:1].islower() or (len(previous) >= WRAPPED and previous[-1] not in ".?!:;。？！：")
        if joins and not in_code and not _STRUCTURED.match(line) and not is_fence(line) and not is_fence(previous):
            folded[-1] = f"{previous} {line.strip()}"
        else:
            folded.append(line)
    return "\n".join(folded)
