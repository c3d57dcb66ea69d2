"""HTML for notebooks: small tables in which every text is escaped, since a model wrote most of it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

MAX_LENGTH = 200
"""Length of a text in a cell, in characters."""


def html_heading(*lines: str) -> str:
    """Lines of HTML, the first of them in bold."""
    first, *rest = map(_escape, lines)
    return "<div>" + "<br>".join([f"<b>{first}</b>", *rest]) + "</div>"


def html_table(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    """An HTML table. Numbers are aligned right and get thousands separators; texts are aligned left."""
    names = "".join(f'<th style="text-align:left">{_escape(name)}</th>' for name in header)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: str | int) -> str:
    if isinstance(value, int):
        return f'<td style="text-align:right">{value:,}</td>'
    return f'<td style="text-align:left">{_escape(value)}</td>'


def _escape(text: str) -> str:
    """Escape a text for HTML, on one line, without control characters, and shortened if it is long."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return html.escape(line if len(line) <= MAX_LENGTH else f"{line[: MAX_LENGTH - 1]}…")
