"""The words that announce an answer, an example or a remark below a task, in several languages."""

from __future__ import annotations

import re

from selfinstruct_chat.readers.line_labels import label_at, part_at
from selfinstruct_chat.readers.part_words import ANSWERS, EXAMPLES, OUTPUTS, REMARKS

LONGEST_LINE = 4_000

_QUALIFIED = r"(?:(?:sample|example|expected|possible|model|suggested|correct|right) +)?"
_WORDS = rf"{ANSWERS}|{OUTPUTS}"
_OPEN = r"(?:[-*•+]\s+|\#{1,6}\s+)?[*_(\[（ ]*+"

_EXAMPLE = re.compile(rf"{_OPEN}(?:{EXAMPLES})[*_ ]*[:：]", re.IGNORECASE)
_ANSWERS = re.compile(rf"[\s#*_]*(?:(?:sample|correct|the) )?(?:{ANSWERS})\w{{0,3}}(?: key)?[\s*_:：]*", re.IGNORECASE)
_ARROW = re.compile(r"(?:->|=>|→|⇒|=)\s*\S")
_INLINE = re.compile(
    rf"(?P<task>.*[.?!\"”»。？！])\s*(?P<answer>[(\[（](?:{_QUALIFIED}(?:{_WORDS})\s*[:：]|=\s).*[)\]）]"
    rf"|(?:->|=>|→|⇒|=)\s*\S.*|[*_]{{0,3}}(?:{_WORDS})\s*[:：][*_]{{0,3}}\s*[^\W_].*)",
    re.IGNORECASE,
)
_INLINE_SIGNS = (":", "：", "=", "->", "→", "⇒")
"""Each match of `_INLINE` holds one of these, and they are found sooner."""

_ABOUT = re.compile(
    rf"{_OPEN}(?:(?:task )?type|(?:difficulty|level|grade)(?: level)?|tags?|domain|category"
    rf"|topic)[*_]*\s*[:：][*_]*\s*\S+"
    r"(?: \S+){0,3}"
    rf"|{_OPEN}(?:{REMARKS})[*_ ]*[:：][^\n]*"
    rf"|{_OPEN}the task (?:is|asks|requires|tests|checks)\b[^\n]*"
    rf"|{_OPEN}this (?:(?:task|question|one|exercise|instruction|prompt) (?!\w+ss\b)\w+s\b"
    r"|is an? (?:[\w-]+ ){0,3}(?:task|question|exercise|problem)"
    r"|(?:checks|tests|encourages|assesses|trains|practi[cs]es|explores|challenges)\b)[^\n]*",
    re.IGNORECASE,
)


def starts_answer(line: str) -> bool:
    """Whether a line announces an answer: `Output: 4`, `**Answer:**`, `答案：`."""
    return part_at(line) in ("output", "answer")


def points_to_answer(line: str) -> bool:
    """Whether a line is an answer behind an arrow: `-> 4`."""
    return _ARROW.match(line.strip()) is not None


def starts_answers(line: str) -> bool:
    """Whether a line is a heading over the answers to all tasks: `### Solutions`."""
    return _ANSWERS.fullmatch(line) is not None


def starts_example(line: str) -> bool:
    """Whether a line announces an example, which below a task without data is its answer."""
    return _EXAMPLE.match(line) is not None


def is_empty_answer(line: str) -> bool:
    """Whether nothing follows the announcement."""
    label = label_at(line)
    return label is not None and not label.rest.strip()


def announces_answer(tail: str) -> bool:
    """Whether text below a task says of itself that it is the answer."""
    return starts_answer(tail) or starts_example(tail) or points_to_answer(tail)


def describes_task(line: str) -> bool:
    """Whether a line files a task: `Difficulty: easy`."""
    return _ABOUT.fullmatch(line.strip()) is not None


def split_inline_answer(line: str) -> tuple[str, str]:
    """A line's task, and the answer behind an arrow or in brackets at its end; a very long line is not looked at."""
    may_hold = len(line) <= LONGEST_LINE and any(map(line.__contains__, _INLINE_SIGNS))
    found = _INLINE.fullmatch(line) if may_hold else None
    return (found["task"], found["answer"]) if found else (line, "")


def take_answers(lines: list[str]) -> list[str]:
    """Take a second list off the last item: below a blank line and no colon, it answers the first one."""
    starts = (
        at for at in range(2, len(lines)) if lines[at].startswith(("1. ", "1) ", "**1.")) and not lines[at - 1].strip()
    )
    start = len(lines) if lines[0].endswith((":", "：")) else next(starts, len(lines))
    lines[start:], answers = [], lines[start:]
    return answers
