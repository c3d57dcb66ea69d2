"""Finds the secrets in a chat model and in the arguments that it is built from, however deep its client keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

NAMES = re.compile(r"(api_?key|token|secret|password|authorization|credential)s?$|^x-.*key$", re.IGNORECASE)
NO_NAMES = re.compile(
    r"(max|min|top|new|num|prompt|completion|output|input|eos|bos|pad|stop)_?\w*tokens?$", re.IGNORECASE
)
SHORTEST = 6
"""Characters of the shortest text that counts as a secret; a shorter one would be masked inside ordinary words."""

DEEPEST = 4
"""How many attributes below a model its client may keep a key: `model.llm.async_client.headers`."""


def find_secrets(*places: object) -> set[str]:
    """Every `SecretStr`, and every text whose name is that of a key, in models, clients and mappings."""
    seen: set[int] = set()
    return {text for place in places for text in _walk("", place, 0, seen=seen) if len(text) >= SHORTEST}


def _walk(name: str, value: Any, depth: int, *, seen: set[int]) -> Iterator[str]:
    if hasattr(value, "get_secret_value"):
        yield from _walk("secret", value.get_secret_value(), depth, seen=seen)
    elif isinstance(value, str | bytes):
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if NAMES.search(name) and not NO_NAMES.search(name):
            yield from {text, text.removeprefix("Bearer ").strip()}
    elif value is not None and depth <= DEEPEST and id(value) not in seen:
        seen.add(id(value))
        for inner, held in _parts(value):
            yield from _walk(str(inner), held, depth + 1, seen=seen)


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
