"""Reads what Groq says about its limits: in the headers of every answer, and in the words of its errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, cast

from selfinstruct.api import Window

PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
HEADERS: tuple[tuple[Literal["requests", "tokens"], int], ...] = (("requests", 86400), ("tokens", 60))
"""The header about requests counts a day, the one about tokens a minute."""

UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = r"\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d)"
_WAIT = re.compile(rf"try again in ((?:{_PART})+)", re.IGNORECASE)
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
    """The windows that a response's headers tell of; `now` is a `time.monotonic()` reading."""
    found = []
    for what, period in HEADERS:
        limit = _whole(headers.get(f"x-ratelimit-limit-{what}"))
        if limit is not None:
            remaining = _whole(headers.get(f"x-ratelimit-remaining-{what}"))
            resets_in = seconds(headers.get(f"x-ratelimit-reset-{what}", ""))
            found.append(Window(what, period, limit, remaining, resets_in, now))
    return found


def window_from_error(words: str) -> Window | None:
    """The window that an error's words name with its limit; the only way to learn of some."""
    found = _LIMIT.search(words)
    if not found:
        return None
    what = cast('Literal["requests", "tokens"]', found[1].lower())
    return Window(what, PERIODS[found[2].lower()], int(found[3]))


def scope_from_error(words: str) -> str:
    """Which limit an error's words name, such as `tokens per minute`; empty if none."""
    found = _SCOPE.search(words)
    return found[0].lower() if found else ""


def wait_from_error(words: str) -> float | None:
    """Seconds after `try again in`; `None` if an error's words name no time."""
    found = _WAIT.search(words)
    return seconds(found[1]) if found else None


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdecimal() else None
