"""The items that people review: instructions and examples, their names, texts and digests."""

from __future__ import annotations

import hashlib
import json
import re

from selfinstruct.errors import UsageError
from selfinstruct.store.ids import LETTERS
from selfinstruct.types import GENERATE, Example

IDENTITY = re.compile(r"([ge])(\d{1,12})\.(\d{1,9})", re.ASCII)


class NoSuchItemError(UsageError):
    """The run has no such item."""


def place_of(name: str) -> tuple[str, int, int]:
    """Stage, request and position of an item; raises `NoSuchItemError` if it is not the name of an item."""
    found = IDENTITY.fullmatch(name)
    if found is None:
        raise NoSuchItemError(f"'{name[:40]}' names no instruction or example")
    return LETTERS[found[1]], int(found[2]), int(found[3])


def item_digest(subject: str, text: str, payload: str) -> str:
    """A digest by which a review recognizes its item: if `prepare` runs again, the same id may be another example."""
    parts = json.loads(payload) if payload != "{}" else {}
    whole = "\0".join((subject, text, str(parts.get("instruction", "")), str(parts.get("input", ""))))
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:24]


def texts_of(stage: str, text: str, payload: str) -> dict[str, str]:
    """The parts of an item that people read and edit, by name."""
    if stage == GENERATE:
        return {"instruction": text}
    parts = json.loads(payload)
    return {"instruction": str(parts.get("instruction", "")), "input": str(parts.get("input", "")), "output": text}


def example_digest(text: str, payload: str) -> str:
    """The digest by which the stage `judge` knows an example; examples with equal texts have the same one."""
    parts = json.loads(payload)
    return Example(parts["instruction"], parts["input"], text, False, "").digest
