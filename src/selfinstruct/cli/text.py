"""Formats texts, counts and times for a terminal; texts from models are cleaned, and clipped without `--full`."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from textwrap import fill
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from selfinstruct.types import Json

WIDTH = 100
"""Length of a text shown on one line, in characters."""

MAX_LENGTH = 600
"""Length of a prompt or reply that is shown without `--full`, in characters."""


def printable(text: str) -> str:
    """Text from a model made safe for a terminal: one line without control characters."""
    return "".join(character if character.isprintable() else " " for character in text)


def print_folded(line: str) -> None:
    """Print a line; on a terminal that is too narrow for it, it continues below, deeper, between two words."""
    width = shutil.get_terminal_size().columns
    if sys.stdout.isatty() and len(line) > width:
        below = " " * (len(line) - len(line.lstrip()) + 2)
        line = fill(line, width, subsequent_indent=below, break_long_words=False, break_on_hyphens=False)
    click.echo(line)


def clip(text: str, most: int = WIDTH) -> str:
    """Put a text on one line and clip it to `most` characters."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= most else f"{line[: most - 3]}..."


def block(text: str, full: bool, indent: str) -> Iterator[str]:
    """Yield a text line by line. If it is clipped, a last line gives the number of characters left out."""
    shown = text if full or len(text) <= MAX_LENGTH else text[:MAX_LENGTH]
    for line in shown.split("\n"):
        yield f"{indent}{printable(line)}".rstrip()
    if len(shown) < len(text):
        yield f"{indent}[{len(text) - len(shown):,} more characters: --full]"


def fate_text(fate: str, rule: str, reason: str) -> str:
    """Describe a fate in words."""
    if fate == "accepted":
        return "accepted"
    return printable(f"{fate} by {rule}: {reason}" if rule else f"{fate}: {reason}")


def evidence_lines(evidence: Mapping[str, Json], full: bool) -> Iterator[str]:
    """Yield the evidence of a verdict, one line per name."""
    for name, value in evidence.items():
        text = value if isinstance(value, str) else value_text(value)
        yield f"{printable(name)}: {printable(text) if full else clip(text)}"


def value_text(value: Json) -> str:
    """A value as JSON, with scores shortened to three digits."""
    return f"{value:.3f}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def moment(stamp: str) -> str:
    """A recorded time, such as `2026-11-29 16:40:36 UTC`; other text as it is."""
    return re.sub(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)$", r"\1 \2 UTC", stamp)


def duration(seconds: float) -> str:
    """A number of seconds in words, such as `3 min`."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    if whole < 5400:
        return f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
