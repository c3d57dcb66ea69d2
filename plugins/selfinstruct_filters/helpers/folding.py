"""When two texts of examples count as the same."""

from __future__ import annotations


def folded(text: str) -> str:
    """A text without differences of case and spaces; signs count, for `1 + 1` is not `1 - 1`."""
    return " ".join(text.split()).casefold()
