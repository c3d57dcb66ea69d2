"""Reads most results of a batch without the provider's client, which takes milliseconds for each.

The client makes a message of a body. Bodies of one form differ in nothing but their text, counts and ids. Once the
client has read some bodies of a form as `_fill` fills in their message, it is not called for this form again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

CONFIRMATIONS = 10
"""How many bodies of a form the client must have read so."""

MAX_FORMS = 1000
"""How many forms are remembered; the client reads bodies of any other."""

IDS = ("id", "created")
"""The fields that differ in each body and say nothing about a reply."""

COUNTS = {
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "cache_read": "cached_tokens",
    "reasoning": "reasoning_tokens",
}
"""The counts that LangChain gives other names than OpenAI does."""


@dataclass(slots=True)
class _Form:
    message: Any
    confirmations: int = 0
    is_regular: bool = True


class MessageForms:
    """Remembers the message that a client makes of bodies of each form."""

    def __init__(self) -> None:
        self._forms: dict[str, _Form] = {}

    def read(self, body: Mapping[str, Any], has_schema: bool, ask: Callable[[], Any]) -> Any:
        """The message that the client makes of a body; `ask` calls the client, and raises its errors."""
        key = json.dumps([has_schema, _blank(body)])
        form = self._forms.get(key)
        guess = _fill(form.message, body) if form and form.is_regular else None
        if form and guess is not None and form.confirmations >= CONFIRMATIONS:
            return guess
        message = ask()
        if form:
            form.is_regular = guess == message.model_copy(update={"id": form.message.id})
            form.confirmations += 1
        elif len(self._forms) < MAX_FORMS:
            self._forms[key] = _Form(message)
        return message


def _blank(value: Any, name: str = "") -> Any:
    """A value of a body without text, counts and ids, except whether they are empty or 0."""
    if isinstance(value, dict):
        return {key: _blank(part, key) for key, part in value.items() if key not in IDS}
    if isinstance(value, list):
        return [_blank(part) for part in value]
    is_text = name == "content" and isinstance(value, str)
    return [type(value).__name__, bool(value)] if is_text or _is_count(value) else value


def _fill(message: Any, body: Mapping[str, Any]) -> Any:
    """The message with the text, counts and id of another body of its form; `None` if the body has no single text."""
    try:
        (choice,) = body["choices"]
        text, counts = choice["message"]["content"] or "", dict(_counts(body.get("usage")))
    except (TypeError, ValueError, KeyError):
        return None
    facts = _with_counts(message.response_metadata, counts)
    facts |= {"id": body.get("id")} if "id" in facts else {}
    used = message.usage_metadata and _with_counts(message.usage_metadata, counts)
    return message.model_copy(update={"content": text, "response_metadata": facts, "usage_metadata": used})


def _is_count(value: object) -> bool:
    return type(value) in (int, float)


def _counts(usage: Any) -> Iterator[tuple[str, Any]]:
    for name, value in usage.items() if isinstance(usage, dict) else ():
        if _is_count(value):
            yield name, value
        yield from _counts(value)


def _with_counts(value: Any, counts: Mapping[str, Any], name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _with_counts(part, counts, key) for key, part in value.items()}
    return counts.get(COUNTS.get(name, name), value) if _is_count(value) else value
