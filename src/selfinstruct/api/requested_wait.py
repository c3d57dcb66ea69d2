"""Finds how long a server asks to wait, in the headers, the body or the words of an exception of any model client."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from selfinstruct.api.client_errors import bodies_of, error_words, headers_of

UNIT_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = (
    r"(\d+(?:\.\d+)?)\s*"
    r"(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])"
)
_DURATIONS = rf"(?:{_DURATION}(?:,|\s|and\b)*)+"
_WAIT_IN_WORDS = re.compile(rf"(?:try again|retry|wait|available)\D{{0,30}}?({_DURATIONS})", re.IGNORECASE)
_RESET_HEADERS = re.compile(r"^(?:x-)?(?:anthropic-)?rate-?limit-(?:.+-)?reset(?:-.+)?$")
_NOTHING_LEFT = re.compile(r"\b(?:r|remaining)=0\b[^,]*?[;,]\s*(?:t|reset)=(\d+)")
"""In the one header of the IETF's drafts (RateLimit header fields for HTTP): `"day";r=0;t=300` and, before,
`limit=10, remaining=0, reset=300`."""

_IN_BODY = {
    **dict.fromkeys(("retryDelay", "retry_after", "retry_after_seconds", "retryAfter"), 1.0),
    **dict.fromkeys(("retry_after_ms", "retryAfterMs"), 1e-3),
}
"""What bodies call the wait, and its unit in seconds."""


def retry_after(error: BaseException) -> float | None:
    """Seconds that the server asks to wait: by header, by the body, or in words; `None` if it names no time."""
    headers = headers_of(error)
    bodies = (_wait_in_body(body) for body in bodies_of(error))
    for wait in (_wait_in_headers(headers), *bodies, _wait_in_words(error_words(error, 2000))):
        if wait is not None:
            return wait
    return _wait_for_reset(headers)


def _wait_in_headers(headers: Mapping[str, str]) -> float | None:
    """By `Retry-After-Ms` or `Retry-After` (RFC 9110, 10.2.3)."""
    milliseconds = _seconds(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    said = headers.get("retry-after")
    return None if said is None else _until(said)


def _wait_in_body(body: Any) -> float | None:
    """As Google (`RetryInfo`), OpenRouter (headers within the body) and some gateways (`retry_after`) have it."""
    for place in _places(body, depth=3):
        for name, unit in _IN_BODY.items():
            if (seconds := _duration(str(place.get(name, "")))) is not None:
                return seconds * unit
        if isinstance(headers := place.get("headers"), Mapping):
            lower = {str(name).lower(): str(value) for name, value in headers.items()}
            wait = _wait_in_headers(lower)
            return wait if wait is not None else _wait_for_reset(lower)
    return None


def _places(body: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """The objects of a body that may name a wait, the innermost first."""
    if isinstance(body, list) and depth:
        yield from (place for one in body for place in _places(one, depth - 1))
    if isinstance(body, Mapping):
        if depth:
            names = ("error", "Error", "detail", "details", "metadata")
            yield from (place for name in names for place in _places(body.get(name), depth - 1))
        yield body


def _wait_in_words(words: str) -> float | None:
    said = _WAIT_IN_WORDS.search(words)
    return _duration(said[1]) if said else None


def _wait_for_reset(headers: Mapping[str, str]) -> float | None:
    """The longest time until a limit of which nothing is left is reset, as a duration, a date, or an epoch."""
    waits = [_duration(wait) or 0.0 for wait in _NOTHING_LEFT.findall(headers.get("ratelimit", ""))]
    for name, value in headers.items():
        if not _RESET_HEADERS.match(name):
            continue
        left = headers.get(name.replace("reset", "remaining"))
        if left is not None and left.strip() not in ("0", "0.0"):
            continue
        if (wait := _until(value)) is not None:
            waits.append(wait)
    return max(waits, default=None)


def _until(said: str) -> float | None:
    seconds = _seconds(said)
    if seconds is None:
        return _duration(said) if re.fullmatch(_DURATIONS, said, re.IGNORECASE) else _seconds_until(said)
    if seconds > 1e11:
        seconds /= 1000  # an epoch in milliseconds
    return max(0.0, seconds - time.time()) if seconds > 1e8 else seconds


def _duration(text: str) -> float | None:
    """Seconds in a duration such as `2m59.56s`, `34.07s`, `20 seconds` or `7`."""
    if (seconds := _seconds(text)) is not None:
        return seconds
    parts = re.findall(_DURATION, text, re.IGNORECASE)
    return sum(float(number) * _unit_seconds(unit.lower()) for number, unit in parts) if parts else None


def _unit_seconds(unit: str) -> float:
    return UNIT_SECONDS["ms" if unit.startswith(("ms", "mill")) else unit[0]]


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(date: str) -> float | None:
    try:
        try:
            then = parsedate_to_datetime(date)
        except ValueError:
            then = datetime.fromisoformat(date)
        then = then if then.tzinfo else then.replace(tzinfo=UTC)
        return max(0.0, (then - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
