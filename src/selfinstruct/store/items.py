"""What a run's instructions and examples are called, and how a review knows its item again."""

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
    """Stage, request and position of an item; raises `NoSuchItemError` if it is no name of one."""
    found = IDENTITY.fullmatch(name)
    if found is None:
        raise NoSuchItemError(f"'{name[:40]}' names no instruction or example")
    return LETTERS[found[1]], int(found[2]), int(found[3])


def fingerprint(subject: str, text: str, payload: str) -> str:
    """By which a review knows its item again: `prepare` may be run anew, and its numbers then mean other examples."""
    parts = json.loads(payload) if payload != "{}" else {}
    whole = "\0".join((subject, text, str(parts.get("instruction", "")), str(parts.get("input", ""))))
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:24]


def texts_of(stage: str, text: str, payload: str) -> dict[str, str]:
    """The parts of an item that people read and edit."""
    if stage == GENERATE:
        return {"instruction": text}
    parts = json.loads(payload)
    return {"instruction": str(parts.get("instruction", "")), "input": str(parts.get("input", "")), "output": text}


def digest(text: str, payload: str) -> str:
    """What the stage `judge` calls an example: equal texts are one to it, wherever they stand."""
    parts = json.loads(payload)
    return Example(parts["instruction"], parts["input"], text, False, "").digest
