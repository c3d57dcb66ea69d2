"""Tidies a task's text: takes off labels, numbers, emphasis and remarks around it, and writes its signs plainly."""

from __future__ import annotations

import re

from selfinstruct_chat.readers.part_words import INPUTS, NEXT_TASKS, NO_INPUT, NOTES, REMARKS, TASKS
from selfinstruct_chat.readers.replies import ABOUT_MARKUP, plain_entities

LONGEST = 10_000
"""Characters of a text that is tidied; what is longer is no task that anybody could use, and stays as it is."""

_LEAD = re.compile(r"(\*{1,3})(?=[^\s*])(.+?)(?<=[^\s*])\1(?![\w*])|(_{1,2})(?=[^\s_]+ )(.+?)(?<=[^\s_])\3(?!\w)")
_BULLET = re.compile(r"[-*•–—]\s+(?=[^\W\d]|\*)")
_LABEL = re.compile(rf"(?:{TASKS})s?(?:(?:\s*#?\d+)?\s*[:：]|\s*#?\d+\s*[–—-](?=\s))\s*", re.IGNORECASE)
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "„": "“", "「": "」", "『": "』", "`": "`"}

_ORDINALS = r"first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|next|last"
_MONTHS = "Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|Jahrhundert"
_STRAY = re.compile(
    rf"(?:(?:the\s+)?(?:{_ORDINALS})\s+(?:one|task|instruction|question)\s*[,:–-]\s*(?:(?:\#?\d{{1,3}})\s*[.):]\s*)?"
    rf"|(?:(?-i:[A-Z])\s*:\s*)?(?:\#?\d{{1,3}}[.):]|\(\d{{1,3}}\))\s+)(?=[^\W\d_])(?!(?-i:{_MONTHS})\b)",
    re.IGNORECASE,
)
"""A number or a place in the list that stands once more before a task: `3. `, `E: 6. `, `The second one, 3: `."""

_REMARK_LAST = re.compile(
    rf"\s+(?:[*_]*[(\[（【](?:{NOTES}|category|type|difficulty|level|topic|skills?|domain|focus|goal|purpose"
    r")\s*[:：][^()\[\]（）【】]*[)\]）】][*_]*"
    rf"|[(\[](?:{INPUTS})\s*[:：]\s*{NO_INPUT}[)\]]|[*_]+\([^()]+\)[*_]+|[—–"
    rf"|-]\s+[*_]*(?:{REMARKS})[*_ ]*[:：][^\n]{{1,80}})[.]?\Z",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    rf"(?<![^\W_])[*_]{{0,3}}(?:{NEXT_TASKS}|prompt|question)[*_]{{0,3}}\s?[:：][*_]{{0,3}}\s*", re.IGNORECASE
)

_PLAIN = re.compile(r"[A-Z][A-Za-z0-9 ,;'!?./%-]*")
"""A text without a colon, bracket, emphasis or any other sign that tidying looks for: only `_STRAY` can match it."""

_ESCAPED = re.compile(r"(?<=[^\W_])\\_(?=[^\W_])")
"""An underline as Markdown escapes it, inside a name; formulas of LaTeX have others."""


def tidy(text: str) -> str:
    """Take off what stands around a task and is no part of it; raise the first letter. The same again changes nothing.

    That is a label, a number, emphasis or quotes around the whole or the first words, a remark at
    the end. Entities of HTML become signs, unless the text is about such things.
    """
    text = text.strip()
    if _PLAIN.fullmatch(text) and not _STRAY.match(text):
        return text
    before = None
    while text != before and len(text) <= LONGEST:
        before = text
        text = _plain_signs(_ESCAPED.sub("_", text) if "\\_" in text and "$" not in text else text)
        for pattern in (_BULLET, _LABEL, _STRAY):
            if (found := pattern.match(text)) and found.end() < len(text):
                text = text[found.end() :]
        if found := _LEAD.match(text):
            text = (found[2] or found[4]) + text[found.end() :]
        text = _once(_without_end(_unquoted(text).strip())).strip()
    raised = text[:1].upper()
    return raised + text[1:] if len(raised) == 1 else text


def _plain_signs(text: str) -> str:
    return text if "&" not in text or "```" in text or ABOUT_MARKUP.search(text) else plain_entities(text)


def _without_end(text: str) -> str:
    """The text without a remark at its end, where something is left."""
    end = text[-400:]
    closed = end.removesuffix(".")
    has_colon = ":" in end[-100:] or (closed != end and "：" in end[-100:])
    found = _REMARK_LAST.search(end) if has_colon or closed.endswith((")", "]", "*", "_", "】", "）")) else None
    left = text[: len(text) - len(end) + found.start()] if found else text
    return left if len(left.split()) > 1 or not left.isascii() else text


def _once(text: str) -> str:
    """A task that stands there twice, the second time behind a label, once."""
    if ":" not in text and "：" not in text:
        return text
    for found in _AGAIN.finditer(text, len(text) // 3):
        first, second = text[: found.start()], text[found.end() :]
        if first and abs(len(first) - len(second)) <= 20 and _letters(first) == _letters(second):
            return second
    return text


def _letters(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _unquoted(text: str) -> str:
    """The text without quotes around all of it; quotes that only open and close parts of it stay."""
    closing = _QUOTES.get(text[:1])
    inner = text[1:-1]
    if len(text) < 3 or closing is None or text[-1] != closing or text[0] in inner or closing in inner:
        return text
    return inner
