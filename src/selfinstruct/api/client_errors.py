"""Finds what an exception of any model client carries: status, headers, body, and the server's words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

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

UNTITLED = "without a title"
_STATUS_IN_WORDS = re.compile(r"^\[(\d{3})\]|(?:error code|status(?: code)?|http)\D{0,3}(\d{3})\b", re.IGNORECASE)
_PAGE = re.compile(r"<(?:!doctype|html)\b", re.IGNORECASE)
_SSL_OBJECT = re.compile(r" ssl:(?:<[^>]*>|\w+)")  # in the words of aiohttp
_HALF_WORD = re.compile(r"[^\s\"'<>()\[\]{},;]*$")


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
    if any(type(one).__module__.startswith("aiohttp.http") for one in causes(error)):
        return None  # its 400 means that the answer is not HTTP, or not all of it
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


def address_of(error: BaseException) -> str:
    """The address that a request went to, without login and query, which may hold a key; empty if none is known."""
    for one in causes(error):
        with suppress(Exception):  # httpx raises where an exception has no request
            url = urlsplit(str(one.request.url))  # type: ignore[attr-defined]
            return f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"
    return ""


def asked_at(error: BaseException) -> str:
    """The address that was asked, as the end of a sentence; empty if none is known."""
    return f"; asked: {address}" if (address := address_of(error)) else ""


def body_of(error: BaseException) -> object:
    """The body of the response that an exception carries, parsed if it is JSON; `None` if there is none."""
    return next(bodies_of(error), None)


def bodies_of(error: BaseException) -> Iterator[object]:
    """The body as each part of an exception has it. Some clients keep a part of it before they keep the whole."""
    for one in causes(error):
        response = getattr(one, "response", None)
        if isinstance(response, Mapping):
            yield response
            continue
        said = one.args[0] if one.args and isinstance(one.args[0], Mapping) else None  # of an error within HTTP 200
        for place in (getattr(one, "body", None), getattr(one, "details", None), _text(response), said):
            if isinstance(place, bytes):
                place = place.decode("utf-8", "replace")
            if isinstance(place, str) and place.strip():
                yield _parsed(place)
            elif isinstance(place, Mapping | list) and place:
                yield place


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
    """The server's message that an exception carries, or its own words, on one line, of at most `limit` characters.

    No word is cut in the middle, since half a key could not be masked. A web page is shortened to its title. The class
    name stands where there are no words.
    """
    words = _SSL_OBJECT.sub("", " ".join((_server_words(error) or text_of(error)).split()))
    if page := _PAGE.search(words):
        words = f"{words[: page.start()]}a web page: {_title_of(words)}"
    if len(words) > limit:
        words = _HALF_WORD.sub("", words[: limit - 1]) + "…"
    return words or type(error).__name__


def _server_words(error: BaseException) -> str:
    body, inner = body_of(error), error_body(error)
    for said in (*(inner.get(name) for name in ("message", "Message", "detail", "error")), body):
        if isinstance(said, list):
            said = "; ".join(map(_complaint, said))
        if isinstance(said, str) and said.strip() and not said.lstrip().startswith("<"):
            raw = (inner.get("metadata") or {}).get("raw") if isinstance(inner.get("metadata"), Mapping) else None
            return f"{said} ({raw})" if isinstance(raw, str) and raw.strip() else said
    title = page_title(error)
    return "" if title in (None, UNTITLED) else f"a web page: {title}"


def _complaint(one: object) -> str:
    """What a server built with FastAPI says about one field of the request, after the field's name."""
    if not isinstance(one, Mapping) or "msg" not in one:
        return str(one)
    place = one.get("loc")
    field = ".".join(map(str, place[1:])) if isinstance(place, list) else ""
    return f"{field}: {one['msg']}" if field else str(one["msg"])


def page_title(error: BaseException) -> str | None:
    """The title of the web page that a server, such as a firewall, sent in place of an answer; `None` if it is none."""
    said = body_of(error)
    if not isinstance(said, str) or not said.lstrip().startswith("<"):
        return None
    return _title_of(said)


def _title_of(page: str) -> str:
    title = re.search(r"<title[^>]*>([^<]{1,200})</", page, re.IGNORECASE)
    return " ".join(title[1].split()) if title else UNTITLED


def error_summary(error: BaseException) -> str:
    """An exception's class name and first words; the name alone where there are no words."""
    words, name = error_words(error), type(error).__name__
    return words if words == name else f"{name}: {words}"
