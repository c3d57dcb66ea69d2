"""Reads Groq's limits from the headers of its responses and the messages of its errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, cast

from selfinstruct.api import Window

PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
HEADERS: tuple[tuple[Literal["requests", "tokens"], int], ...] = (("requests", 86400), ("tokens", 60))
"""The header about requests is for a day, and the header about tokens for a minute."""

UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = r"\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d)"
_SCOPE = re.compile(r"(requests|tokens) per (second|minute|hour|day)", re.IGNORECASE)
_LIMIT = re.compile(r"(requests|tokens) per (second|minute|hour|day)[^:]{0,20}: limit (\d+)", re.IGNORECASE)


def seconds(text: str) -> float | None:
    """Read a duration such as `2m59.56s`, `120ms` or `7` in seconds; `None` for anything else."""
    text = text.strip().lower()
    if re.fullmatch(rf"(?:{_PART})+", text):
        parts = re.findall(r"(\d+(?:\.\d+)?)([a-zµ]+)", text)
        return sum(float(number) * UNITS[unit] for number, unit in parts)
    return float(text) if re.fullmatch(r"\d+(?:\.\d+)?", text) else None


def windows_in(headers: Mapping[str, str], now: float) -> list[Window]:
    """The limits in the headers of a response; `now` is the value of `time.monotonic()`."""
    found = []
    for what, period in HEADERS:
        limit = _whole(headers.get(f"x-ratelimit-limit-{what}"))
        if limit is not None:
            remaining = _whole(headers.get(f"x-ratelimit-remaining-{what}"))
            resets_in = seconds(headers.get(f"x-ratelimit-reset-{what}", ""))
            found.append(Window(what, period, limit, remaining, resets_in, now))
    return found


def window_from_error(words: str) -> Window | None:
    """The limit that the message of an error names. Some limits are in no header."""
    found = _LIMIT.search(words)
    if not found:
        return None
    what = cast('Literal["requests", "tokens"]', found[1].lower())
    return Window(what, PERIODS[found[2].lower()], int(found[3]))


def scope_from_error(words: str) -> str:
    """The name of the limit in the message of an error, such as `tokens per minute`; empty if there is none."""
    found = _SCOPE.search(words)
    return found[0].lower() if found else ""


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdecimal() else None
