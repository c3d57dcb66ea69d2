"""Finds what an exception of any model client carries: status, headers, body, the server's words, and the wait."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from selfinstruct.errors import text_of

CLASS_STATUSES = {
    "ModelAuthenticationError": 401,
    "ModelPermissionDeniedError": 403,
    "ModelNotFoundError": 404,
    "ModelRateLimitError": 429,
    "ModelAPIError": 500,
    "ModelInvalidRequestError": 400,
    "ContextOverflowError": 400,
}
"""LangChain's own classes of errors, which some clients raise without a status."""

UNIT_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = r"(\d+(?:\.\d+)?)\s*(ms|milliseconds?|[smhd])[a-z]*"
_STATUS_IN_WORDS = re.compile(r"^\[(\d{3})\]|(?:error code|status(?: code)?|http)\D{0,3}(\d{3})\b", re.IGNORECASE)
_WAIT_IN_WORDS = re.compile(rf"(?:try again|retry|wait|available)\D{{0,30}}?((?:{_DURATION}\s*)+)", re.IGNORECASE)
_RESET_HEADERS = re.compile(r"^(?:x-)?(?:anthropic-)?ratelimit-(?:.+-)?reset(?:-.+)?$")


def causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, and the exceptions that it was raised from, outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


# --- the response -----------------------------------------------------------------------------------------------------


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an exception carries, wherever its client keeps it; an error's own before a bare 200."""
    found = [status for one in causes(error) for status in _statuses(one)]
    failed = next((status for status in found if status >= 400), None)
    if failed is not None:
        return failed
    code = _number(error_body(error).get("code"))
    if code is not None and code >= 400:
        return code
    for one in causes(error):
        for kind in type(one).__mro__:
            if kind.__name__ in CLASS_STATUSES:
                return CLASS_STATUSES[kind.__name__]
    if found:
        return found[0]
    said = _STATUS_IN_WORDS.search(str(error))
    return _number(said[1] or said[2]) if said else None


def _statuses(error: BaseException) -> Iterator[int]:
    if type(error).__module__.startswith("aiohttp.http"):
        return  # its 400 means that the answer is not HTTP, or not all of it
    response = getattr(error, "response", None)
    places = [
        *(getattr(error, name, None) for name in ("status_code", "http_status")),
        *(getattr(response, name, None) for name in ("status_code", "status")),
        getattr(error, "code", None),
    ]
    if isinstance(response, Mapping):  # as AWS's client has it
        places.append((response.get("ResponseMetadata") or {}).get("HTTPStatusCode"))
    yield from (status for place in places if isinstance(place, int) and (status := _number(place)) is not None)


def _number(value: object) -> int | None:
    """A status in a number or in digits."""
    text = str(value)
    return int(text) if text.isdecimal() and 100 <= int(text) < 600 else None


def headers_of(error: BaseException) -> dict[str, str]:
    """The headers of the response that an exception carries, with names in lower case."""
    for one in causes(error):
        response = getattr(one, "response", None)
        places = [getattr(response, "headers", None), getattr(one, "headers", None)]
        if isinstance(response, Mapping):
            places.append((response.get("ResponseMetadata") or {}).get("HTTPHeaders"))
        for headers in places:
            if headers:
                return {str(name).lower(): str(headers[name]) for name in headers}
    return {}


def body_of(error: BaseException) -> object:
    """The body of the response that an exception carries, parsed if it is JSON; `None` if there is none."""
    for one in causes(error):
        response = getattr(one, "response", None)
        if isinstance(response, Mapping):
            return response
        said = one.args[0] if one.args and isinstance(one.args[0], Mapping) else None  # of an error within HTTP 200
        for place in (getattr(one, "body", None), getattr(one, "details", None), _text(response), said):
            if isinstance(place, bytes):
                place = place.decode("utf-8", "replace")
            if isinstance(place, str) and place.strip():
                return _parsed(place)
            if isinstance(place, Mapping | list) and place:
                return place
    return None


def _text(response: object) -> object:
    try:
        return getattr(response, "text", None)
    except Exception:  # a response that was streamed and not read
        return None


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def error_body(error: BaseException) -> Mapping[str, Any]:
    """The part of the body that speaks of the error; empty if the body is no JSON object."""
    body = body_of(error)
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, Mapping):
        return {}
    inner = next((body[name] for name in ("error", "Error") if isinstance(body.get(name), Mapping)), None)
    return inner if inner is not None else body


def code_of(error: BaseException) -> str:
    """The short code that an exception carries, such as `model_not_found`; empty if there is none."""
    inner = error_body(error)
    names = ("code", "Code", "type", "status")
    said = (code for code in (inner.get(name) for name in names) if isinstance(code, str) and not code.isdecimal())
    return next(said, "")


# --- words ------------------------------------------------------------------------------------------------------------


def error_words(error: BaseException, limit: int = 300) -> str:
    """The server's message that an exception carries, or its own words, on one line, cut to `limit` characters.

    The class name where there are no words.
    """
    words = " ".join((_server_words(error) or text_of(error)).split())
    return words[:limit] or type(error).__name__


def _server_words(error: BaseException) -> str:
    body, inner = body_of(error), error_body(error)
    for said in (*(inner.get(name) for name in ("message", "Message", "detail", "error")), body):
        if isinstance(said, list):
            said = "; ".join(str(one.get("msg", one)) if isinstance(one, Mapping) else str(one) for one in said)
        if isinstance(said, str) and said.strip() and not said.lstrip().startswith("<"):
            raw = (inner.get("metadata") or {}).get("raw") if isinstance(inner.get("metadata"), Mapping) else None
            return f"{said} ({raw})" if isinstance(raw, str) and raw.strip() else said
    return ""


def page_title(error: BaseException) -> str | None:
    """The title of the web page that a server, such as a firewall, sent in place of an answer; `None` if it is none."""
    said = body_of(error)
    if not isinstance(said, str) or not said.lstrip().startswith("<"):
        return None
    title = re.search(r"<title[^>]*>([^<]{1,200})", said, re.IGNORECASE)
    return " ".join(title[1].split()) if title else "without a title"


def error_summary(error: BaseException) -> str:
    """An exception's class name and first words; the name alone where there are no words."""
    words, name = error_words(error), type(error).__name__
    return words if words == name else f"{name}: {words}"


# --- the wait ---------------------------------------------------------------------------------------------------------


def retry_after(error: BaseException) -> float | None:
    """Seconds that the server asks to wait: by header, by the body, or in words; `None` if it names no time."""
    headers = headers_of(error)
    for wait in (_wait_in_headers(headers), _wait_in_body(error_body(error)), _wait_in_words(error_words(error))):
        if wait is not None:
            return wait
    return _wait_for_reset(headers)


def _wait_in_headers(headers: Mapping[str, str]) -> float | None:
    """By `Retry-After-Ms` or `Retry-After` (RFC 9110, 10.2.3)."""
    milliseconds = _seconds(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    said = headers.get("retry-after")
    if said is None:
        return None
    seconds = _seconds(said)
    return seconds if seconds is not None else _seconds_until(said)


def _wait_in_body(body: Mapping[str, Any]) -> float | None:
    """As Google (`RetryInfo`), OpenRouter (headers within the body) and some gateways (`retry_after`) have it."""
    metadata = body.get("metadata")
    places = [body, *(metadata if isinstance(metadata, list) else [metadata])]
    details = body.get("details")
    places += details if isinstance(details, list) else []
    for place in places:
        if not isinstance(place, Mapping):
            continue
        for name in ("retryDelay", "retry_after", "retry_after_seconds", "retryAfter"):
            if (seconds := _duration(str(place.get(name, "")))) is not None:
                return seconds
        if isinstance(headers := place.get("headers"), Mapping):
            lower = {str(name).lower(): str(value) for name, value in headers.items()}
            wait = _wait_in_headers(lower)
            return wait if wait is not None else _wait_for_reset(lower)
    return None


def _wait_in_words(words: str) -> float | None:
    said = _WAIT_IN_WORDS.search(words)
    return _duration(said[1]) if said else None


def _wait_for_reset(headers: Mapping[str, str]) -> float | None:
    """The longest time until a limit of which nothing is left is reset, as a duration, a date, or an epoch."""
    waits = []
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
        return _duration(said) if re.fullmatch(rf"(?:{_DURATION}\s*)+", said) else _seconds_until(said)
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
    return UNIT_SECONDS["ms" if unit.startswith("mill") else unit]


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
        return max(0.0, (then - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
