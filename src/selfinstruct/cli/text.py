"""Texts of models as lines for a terminal: clean, indented, and clipped unless all of it is wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from selfinstruct.cli.board import printable

if TYPE_CHECKING:
    from selfinstruct.types import Json

WIDTH = 100
"""Characters of a text that is told on one line."""

MAX_LENGTH = 600
"""Characters of a prompt or a reply that are shown unless all is wanted."""


def clip(text: str, most: int = WIDTH) -> str:
    """A text on one line, clipped."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= most else f"{line[: most - 3]}..."


def pluralize(count: int, one: str, more: str = "") -> str:
    """A number of things in words."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def block(text: str, full: bool, indent: str) -> Iterator[str]:
    """A text line by line; what is left out is told at the end."""
    shown = text if full or len(text) <= MAX_LENGTH else text[:MAX_LENGTH]
    for line in shown.split("\n"):
        yield f"{indent}{printable(line)}".rstrip()
    if len(shown) < len(text):
        yield f"{indent}[{len(text) - len(shown):,} more characters: --full]"


def fate_text(fate: str, rule: str, reason: str) -> str:
    """A fate in words."""
    if fate == "accepted":
        return "accepted"
    word = "set aside" if fate == "quarantined" else fate
    return printable(f"{word} by {rule}: {reason}" if rule else f"{word}: {reason}")


def evidence_lines(evidence: Mapping[str, Json], full: bool) -> Iterator[str]:
    """Evidence, one line for each name."""
    for name, value in evidence.items():
        text = value if isinstance(value, str) else value_text(value)
        yield f"{printable(name)}: {printable(text) if full else clip(text)}"


def value_text(value: Json) -> str:
    """A value as JSON, but scores short."""
    return f"{value:.3f}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
