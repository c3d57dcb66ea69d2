"""What the readers of tasks, labels and ratings need first: a reply's final part, in plain signs."""

from __future__ import annotations

import html
import json
import re
from contextlib import suppress
from itertools import dropwhile

from selfinstruct.api import Reply, Request
from selfinstruct.api.text import final_text

LONGEST, MOST_LINES = 100_000, 5_000
"""Characters and lines of a final part that are read, some 25,000 tokens: what is longer runs in a circle."""

_CDATA = re.compile(r"<!\[CDATA\[((?:(?!\]\]>|<!\[).)*+)\]\]>", re.DOTALL)
_INVISIBLE = re.compile(r"[\u200b\u2060\ufeff]")
_KEYCAPS = re.compile(r"(?:\d\ufe0f?\u20e3|🔟)+")
"""Numbers in signs: 1⃣0⃣."""

_ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|[lr]dquo|[lr]squo|[lr]aquo|mdash|ndash|hellip|euro|szlig|#\d{2,6}|#x[0-9a-fA-F]{2,5}"
    r"|[A-Za-z](?:acute|grave|circ|uml|tilde|cedil|ring|slash|caron));"
)
"""Entities that are signs of a sentence: `&sum;` may as well be an address in C."""

ABOUT_MARKUP = re.compile(r"\b(?:html|xml|xhtml|entit(?:y|ies)|escap\w+|encod\w+|markup|ampersands?)\b", re.IGNORECASE)
LINE_MARKUP = re.compile(r"^[ \t]*<(?:p|div|b|strong)>|(?:<br ?/?>|</(?:p|div|b|strong)>)+[ \t]*$", re.MULTILINE)
_BREAK_LAST = re.compile(r"<br ?/?>[ \t]*\n")


def final_part(text: str, *, is_cut: bool = False) -> str:
    """The final part of a reply, as far as it is read; `is_cut` is as in `final_text`."""
    text = final_text(text, is_cut=is_cut)
    if "\\" in text and text.lstrip().startswith('"') and text.rstrip().endswith('"'):
        with suppress(ValueError):
            text = str(json.loads(text, strict=False))  # the whole reply as one string of JSON
    lines = _CDATA.sub(r"\1", text[:LONGEST]).split("\n", MOST_LINES)
    return "\n".join(lines[:MOST_LINES])


def without_prompt(text: str, request: Request) -> str:
    """A reply without the request's last message, or the first lines of it, which come back before some answers."""
    asked = request.messages[-1].text.strip() if request.messages else ""
    _, found, answer = text.partition(asked) if asked else ("", "", "")
    lines, known = text.strip().split("\n"), ["", *asked.split("\n")]
    below = [*dropwhile(lambda line: line.rstrip() in known, lines)]
    if not found and lines[0].rstrip() == known[1] and any(lines[2 : len(lines) - len(below)]):
        answer = "\n".join(below)
    return answer if answer.strip() else text


def clean_reply(request: Request, reply: Reply) -> str:
    """The final part of a reply, with one kind of line end, no invisible signs, and digits for keycaps."""
    text = without_prompt(reply.text.replace("\r\n", "\n").replace("\r", "\n"), request)
    text = final_part(text, is_cut=reply.finish == "length")
    return text if text.isascii() else _KEYCAPS.sub(_number, _INVISIBLE.sub("", text))


def _number(found: re.Match[str]) -> str:
    return re.sub(r"\D", "", found[0].replace("🔟", "10")) + "."


def plain_entities(text: str) -> str:
    """Entities of HTML as the signs they stand for."""
    if "&" not in text:
        return text
    return _ENTITY.sub(lambda found: " " if found[0] == "&nbsp;" else html.unescape(found[0]), text)


def without_markup(text: str, instruction: str) -> str:
    """A text that was written as a page, with lines that end in `<br>`, as plain lines; others as they are."""
    if "<br" not in text or ABOUT_MARKUP.search(instruction) or not _BREAK_LAST.search(text):
        return text
    return plain_entities(LINE_MARKUP.sub("", text))
