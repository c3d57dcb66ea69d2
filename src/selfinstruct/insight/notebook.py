"""HTML for notebooks: small tables in which every text is escaped, since a model wrote most of it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

MAX_LENGTH = 200
"""Characters of a text that a cell shows."""


def html_heading(*lines: str) -> str:
    """The first line in bold, and each of the others below it."""
    first, *rest = map(_escape, lines)
    return "<div>" + "<br>".join([f"<b>{first}</b>", *rest]) + "</div>"


def html_table(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    """A table; numbers stand on the right with thousands separators, texts on the left."""
    names = "".join(f'<th style="text-align:left">{_escape(name)}</th>' for name in header)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: str | int) -> str:
    if isinstance(value, int):
        return f'<td style="text-align:right">{value:,}</td>'
    return f'<td style="text-align:left">{_escape(value)}</td>'


def _escape(text: str) -> str:
    """One line of text as it may stand in HTML, without control characters, and cut if it is long."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return html.escape(line if len(line) <= MAX_LENGTH else f"{line[: MAX_LENGTH - 1]}…")
