"""Pieces of HTML: every text passes through `esc`, so nothing that a model wrote is ever read as markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from selfinstruct.text.encoding import clean

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Characters that no page may hold."""


def escaped(text: str, most: int = 0) -> str:
    """Text as it may stand anywhere in HTML, in attributes too; cut after `most` characters if that is given."""
    if most and len(text) > most:
        text = text[:most].rstrip() + " …"
    return html.escape(_CONTROLS.sub("\ufffd", clean(text)))


def data(json_text: str) -> str:
    """JSON as it may stand in a `script` element: it has no character that HTML or JavaScript could stumble over."""
    for character in "<>&\u2028\u2029":
        json_text = json_text.replace(character, f"\\u{ord(character):04x}")
    return clean(json_text)


def number(value: float) -> str:
    """A count with thousands separators."""
    return f"{value:,.0f}"


def percent(part: float, whole: float) -> str:
    """A share, or a dash of nothing."""
    if not whole:
        return "–"
    return f"{part / whole:.1%}" if part / whole < 0.995 or part != whole else "100%"


def dollars(usd: float | None) -> str:
    """US dollars, with as many digits as small sums need."""
    if usd is None:
        return "not known"
    return f"${usd:,.2f}" if usd >= 0.1 or not usd else f"${usd:.4f}"


def bar(part: float, whole: float) -> str:
    """A bar as long as a share; the number beside it says the same."""
    share = min(1.0, part / whole) if whole else 0
    return f'<span class="bar" aria-hidden="true"><span style="width:{share:.2%}"></span></span>'


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, numeric: Sequence[int] = (), kind: str = ""
) -> str:
    """A table; cells are HTML already, `numeric` are the columns that stand to the right, the first cell is a head.

    `kind` names a style, which says how wide the columns are.
    """
    marks = ["num" if at in numeric else "" for at in range(len(heads))]
    classes = [f' class="{mark}"' if mark else "" for mark in marks]
    head = "".join(f'<th scope="col"{mark}>{name}</th>' for name, mark in zip(heads, classes, strict=True))
    body = []
    for row in rows:
        first, *rest = row
        cells = "".join(f"<td{mark}>{cell}</td>" for cell, mark in zip(rest, classes[1:], strict=True))
        body.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    kind = f' class="{kind}"' if kind else ""
    inner = "\n".join([f"<thead><tr>{head}</tr></thead>", "<tbody>", *body, "</tbody>"])
    return f"<table{kind}><caption>{caption}</caption>\n{inner}</table>"


def figure(name: str, title: str, words: str, *, plot: str, numbers: str) -> str:
    """A plot with a title, what it shows in words, and its numbers as a table for who cannot see it."""
    return (
        f'<figure><figcaption><h3 id="{name}-title">{title}</h3><p>{words}</p></figcaption>\n'
        f'<div class="plot" id="{name}" role="img" aria-labelledby="{name}-title" aria-describedby="{name}-numbers">'
        "</div>\n"
        f'<script type="application/json" data-plot="{name}">{data(plot)}</script>\n'
        f'<details class="numbers" id="{name}-numbers"><summary>The numbers</summary>{numbers}</details></figure>'
    )


def section(name: str, title: str, lead: str, *parts: str) -> str:
    """A section of the page; `lead` is what it comes to, in a sentence or two."""
    inner = "\n".join(part for part in parts if part)
    lead = f'<p class="lead">{lead}</p>' if lead else ""
    return (
        f'<section id="{name}" aria-labelledby="{name}-head"><h2 id="{name}-head">{title}</h2>{lead}\n{inner}</section>'
    )
