"""Finds the secrets of a chat model, however deep its client keeps them, and masks them in what is written."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

NAMES = re.compile(
    r"((api|subscription|access|private|auth)[_-]?key|token|secret|passw(or)?d|passphrase|authorization|credential"
    r"|cookie)s?$|^x-.*key$",
    re.IGNORECASE,
)
NO_NAMES = re.compile(
    r"(max|min|top|new|num|prompt|completion|output|input|eos|bos|pad|stop)_?\w*tokens?$", re.IGNORECASE
)
PUBLIC_HEADER = re.compile(
    r"(accept|content|connection|date|host|http-referer|origin|referer|user-agent|x-title|x-stainless|anthropic-|openai-)",
    re.IGNORECASE,
)
"""Matches headers that hold no secret. The value of every other one that the user sets may be one: `X-Gate: ...`."""

KEY_IN_ENVIRONMENT = re.compile(r"(KEY|_PW|_PASS|_PAT)$")
"""Matches further names of variables: an argument called `input_key` holds no key, a variable does."""

IN_ADDRESS = re.compile(
    r"://([^/\s:@]*:?)([^/\s@]*)@|[?&][\w-]*(?:key|token|secret|password|signature|sig)=([^&#\s]+)", re.IGNORECASE
)
"""Matches the user with the password, or the key, inside an address."""

SHORTEST = 6
"""Characters of the shortest text that counts as a secret."""

SHORTEST_PART = 8
"""Characters from which a secret is masked inside a longer word too; `lock` must not turn `blocks` into `b***s`."""

ORDINARY_WORD = re.compile(r"[A-Za-z]{1,11}|.{1,7}")
"""Matches secrets that a reply may hold by chance, such as the key `ollama` of a server that checks none."""

DEEPEST = 4
"""How many attributes below a model its client may keep a key: `model.llm.async_client.headers`."""


def find_secrets(*places: object) -> set[str]:
    """Every `SecretStr`, and every text whose name is that of a key, in models, clients and mappings."""
    seen: set[int] = set()
    return {text for place in places for text in _walk("", place, 0, seen=seen) if len(text) >= SHORTEST}


def mask_secrets(text: str, secrets: Iterable[str]) -> str:
    """The text of a message with `***` for every secret, also where it is encoded for an address, in JSON or in base64.

    One of fewer than eight characters is masked only as a whole word.
    """
    for secret in sorted({form for one in secrets for form in _forms(one)} - {""}, key=len, reverse=True):
        inner = re.escape(secret)
        text = re.sub(inner if len(secret) >= SHORTEST_PART else rf"(?<!\w){inner}(?!\w)", "***", text)
    return text


def mask_environment(text: str) -> str:
    """A plugin's words with `***` for every key in the environment, which it may have read."""
    keys = {value for name, value in os.environ.items() if KEY_IN_ENVIRONMENT.search(name)}
    keys |= find_secrets(dict(os.environ))
    return mask_secrets(text, (key for key in keys if not ORDINARY_WORD.fullmatch(key)))


def mask_data(data: Any, secrets: Iterable[str]) -> Any:
    """JSON data with `***` for every secret in its texts and names."""
    known = tuple(secrets)
    if isinstance(data, str):
        return mask_secrets(data, known)
    if isinstance(data, Mapping):
        return {mask_secrets(str(name), known): mask_data(value, known) for name, value in data.items()}
    return [mask_data(one, known) for one in data] if isinstance(data, list | tuple) else data


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, and as it may stand in an address, in JSON and in base64."""
    yield secret
    for plain in {secret, unquote(secret)} if len(secret) >= SHORTEST_PART else ():
        yield from (plain, quote(plain, safe="", errors="replace"), json.dumps(plain)[1:-1], _base64(plain))


def _base64(text: str) -> str:
    return b64encode(text.encode(errors="replace")).decode().rstrip("=")


def _walk(name: str, value: Any, depth: int, *, seen: set[int]) -> Iterator[str]:
    if hasattr(value, "get_secret_value"):
        yield from _walk("secret", value.get_secret_value(), depth, seen=seen)
    elif hasattr(value, "userinfo"):  # an address of httpx
        yield from _walk(name, str(value), depth, seen=seen)
    elif isinstance(value, str | bytes):
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if NAMES.search(name) and not NO_NAMES.search(name):
            yield from {text, text.rpartition(" ")[2]}  # without `Bearer`, `Basic` or `Token`
        for user, password, key in IN_ADDRESS.findall(text):
            yield from {key, password or user.rstrip(":")}
            yield _base64(unquote(user + password)) if password else ""  # as the client sends it: `Basic ...`
    elif value is not None and depth <= DEEPEST and id(value) not in seen:
        seen.add(id(value))
        are_headers = isinstance(value, Mapping) and name.lower().endswith("headers")
        for inner, held in _parts(value):
            yield from _walk(str(inner), held, depth + 1, seen=seen)
            is_private = are_headers and isinstance(held, str) and not PUBLIC_HEADER.match(str(inner))
            if is_private and not ORDINARY_WORD.fullmatch(held):
                yield held


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list | tuple | set):
        yield from (("", one) for one in value)
    elif hasattr(value, "multi_items"):  # the headers of httpx
        yield from value.multi_items()
    elif not isinstance(value, type) and not callable(getattr(value, "__code__", None)):
        yield from (getattr(value, "__dict__", None) or {}).items()
        yield from (getattr(value, "__pydantic_private__", None) or {}).items()
