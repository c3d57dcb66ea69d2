"""What the readers of tasks, labels and ratings need first: a reply's final part, in plain signs."""

from __future__ import annotations

import re

from selfinstruct.api.text import final_text

LONGEST = 100_000
"""Characters of a final part that are read, some 25,000 tokens: what is longer runs in a circle."""

_INVISIBLE = re.compile(r"[\u200b\u2060\ufeff]")
_KEYCAP = re.compile(r"(?<=\d)\ufe0f?\u20e3")
"""Turns the sign 1⃣ into a digit."""


def clean_reply(text: str) -> str:
    """The final part of a reply, with one kind of line end, no invisible signs, and digits for keycaps."""
    text = final_text(text.replace("\r\n", "\n").replace("\r", "\n"))
    text = text[:LONGEST]
    return text if text.isascii() else _KEYCAP.sub(".", _INVISIBLE.sub("", text))
