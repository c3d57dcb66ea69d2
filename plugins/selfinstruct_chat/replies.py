"""What every reader of a chat reply needs first: the reply without the model's thinking, and in plain signs."""

from __future__ import annotations

import re

_THOUGHT = r"(?:think|thinking|thought|reasoning)"
_THINKING = re.compile(rf"^[ \t]*<{_THOUGHT}>.*?(?:</{_THOUGHT}>|\Z)", re.DOTALL | re.MULTILINE | re.IGNORECASE)
_THINKING_ENDS = re.compile(rf"\A.*?</{_THOUGHT}>[ \t]*(?:\n|\Z)", re.DOTALL | re.IGNORECASE)
_THINKING_FIRST = re.compile(rf"\A\s*<{_THOUGHT}>.*?(?:</{_THOUGHT}>|\Z)", re.DOTALL | re.IGNORECASE)
_INVISIBLE = re.compile(r"[\u200b\u2060\ufeff]")
_TOKEN = re.compile(
    r"^[ \t]*<\|[a-z_]{2,20}\|>(?:(?:assistant|user)\b)?|<\|[a-z_]{2,20}\|>[ \t]*$|\A\s*<s>|</s>\s*\Z", re.MULTILINE
)
"""Signs of a chat template: a server that should have kept them sent them."""

_KEYCAP = re.compile(r"(?<=\d)\ufe0f?\u20e3")
"""Turns the sign 1⃣ into a digit."""


def clean_reply(text: str) -> str:
    """The reply with one kind of line end, no invisible signs, no signs of a chat template, and digits for keycaps."""
    return _KEYCAP.sub(".", _INVISIBLE.sub("", _TOKEN.sub("", text).replace("\r\n", "\n").replace("\r", "\n")))


def without_thinking(text: str) -> str:
    """The reply without the model's thinking, also where its start or its end is missing."""
    text = _THINKING.sub("", text)
    return _THINKING_ENDS.sub("", text, count=1)


def without_first_thoughts(text: str) -> str:
    """The reply without thinking before it; what looks like thinking further down may be an example's own text."""
    found = _THINKING_FIRST.match(text) or _THINKING_ENDS.match(text)
    is_later = found is not None and re.search(rf"\S\s*<{_THOUGHT}>", found[0], re.IGNORECASE)
    return text if found is None or is_later else text[found.end() :]
