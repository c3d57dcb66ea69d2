"""The figures of a report as Plotly JSON. Colours are CSS variables of the page, for light and dark mode."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from selfinstruct.errors import UsageError
from selfinstruct.insight.report.report_values import Histogram, VerbPhrases
from selfinstruct.store import Stretch

TINTS = 5
"""Tints of the accent colour for the verbs, from the strongest for the most frequent verbs."""

GROUPED = 4
"""Number of verbs in each tint."""


def plotly_script() -> str:
    """The JavaScript of Plotly. Raises `UsageError` if Plotly is not installed."""
    _plotly()
    import plotly

    return Path(plotly.__file__).parent.joinpath("package_data", "plotly.min.js").read_text("utf-8")


def _plotly() -> Any:
    try:
        import plotly.graph_objects as go
    except ModuleNotFoundError:
        raise UsageError("the report's figures need Plotly", "Run: pip install 'selfinstruct[report]'") from None
    return go


def sunburst(found: VerbPhrases) -> str:
    """A sunburst chart of the most frequent verbs with their most frequent objects (Figure 3 of the paper)."""
    go = _plotly()
    labels, ids, parents, values, tints = [], [], [], [], []
    for rank, verb in enumerate(sorted(found.verbs, key=lambda verb: -verb.shown)):
        tint = min(TINTS - 1, rank // GROUPED) + 1
        rows = [(verb.verb, f"v{rank}", "", verb.shown)]
        rows += [(noun, f"v{rank}.{at}", f"v{rank}", count) for at, (noun, count) in enumerate(verb.objects)]
        for label, identity, parent, count in rows:
            labels.append(_shown(label))
            ids.append(identity)
            parents.append(parent)
            values.append(count)
            tints.append(tint)
    trace = go.Sunburst(
        labels=labels,
        ids=ids,
        parents=parents,
        values=values,
        branchvalues="total",
        sort=False,
        insidetextorientation="radial",
        leaf={"opacity": 1},
        marker={"colors": [f"var(--tint-{tint})" for tint in tints], "line": {"color": "var(--bg)", "width": 1}},
        insidetextfont={"color": [f"var(--on-tint-{tint})" for tint in tints]},
        outsidetextfont={"color": "var(--on-tint-1)"},
        hovertemplate="%{label}<br>%{value:,} instructions<extra></extra>",
    )
    bare = {"l": 0, "r": 0, "t": 0, "b": 0}
    return _json(go, [trace], height=620, margin=bare, uniformtext={"minsize": 10, "mode": "hide"})


def histogram(found: Histogram, unit: str, bound: float | None = None) -> str:
    """A bar chart with a mark at the median. `bound` is the end of the axis."""
    go = _plotly()
    starts = [found.start + at * found.width for at in range(len(found.counts))]
    shown = 2 if found.width < 1 else 0
    last = len(starts) - 1
    said = [
        f"{start:.{shown}f} and more"
        if found.open_ended and at == last
        else f"{start:.{shown}f} to {start + found.width:.{shown}f}"
        if found.width != 1
        else f"{start:.0f}"
        for at, start in enumerate(starts)
    ]
    trace = go.Bar(
        x=[round(start + found.width / 2, 4) for start in starts],
        y=list(found.counts),
        width=found.width,
        customdata=said,
        marker={"color": "var(--accent)", "line": {"color": "var(--bg)", "width": 1}},
        hovertemplate=f"%{{customdata}} {unit}<br>%{{y:,}}<extra></extra>",
    )
    end = bound if bound is not None else found.start + found.width * len(starts)
    middle = found.median if found.width < 1 else found.median + 0.5
    return _json(
        go,
        [trace],
        xaxis={"range": [found.start, end]},
        title=unit,
        bargap=0,
        shapes=[
            {"type": "line", "x0": middle, "x1": middle, "y0": 0, "y1": 1, "yref": "paper"}
            | {"line": {"color": "var(--text)", "width": 1, "dash": "dot"}}
        ],
        annotations=[
            {"x": middle, "y": 1, "yref": "paper", "text": "median", "showarrow": False}
            | {"xanchor": "center", "yanchor": "bottom", "font": {"size": 12, "color": "var(--text)"}}
        ],
    )


def growth(
    stretches: Sequence[Stretch], names: Sequence[str], values: Sequence[Sequence[float | None]], *, digits: str
) -> str:
    """A line chart of shares (0 to 1) over the size of the pool at the end of each stretch.

    The first line is the main one.

    `digits` is the number format, in d3's notation.
    """
    go = _plotly()
    sizes = [stretch.pool + stretch.accepted for stretch in stretches]
    styles = [("var(--accent)", "solid"), ("var(--text-2)", "dot")]
    traces = [
        go.Scatter(
            x=sizes,
            y=list(line),
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": dash},
            marker={"size": 5, "color": colour},
            hovertemplate=f"{name} %{{y:{digits}}}<br>pool of %{{x:,}}<extra></extra>",
        )
        for name, line, (colour, dash) in zip(names, values, styles, strict=False)
    ]
    return _json(
        go,
        traces,
        title="accepted instructions in the pool",
        xaxis={"rangemode": "tozero", "tickformat": ","},
        yaxis={"range": [0, 1.02], "tickformat": digits},
        showlegend=len(traces) > 1,
        legend={"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom"},
        margin={"l": 44, "r": 12, "t": 30, "b": 48},
    )


def comparison(shares: Sequence[tuple[str, float, float]]) -> str:
    """A bar chart of values with two shares each (0 to 1): of the last instructions, and of those before."""
    go = _plotly()
    values = [_shown(value) for value, _, _ in shares]
    bars = [
        ("before", "var(--text-2)", [one[2] for one in shares]),
        ("last", "var(--accent)", [one[1] for one in shares]),
    ]
    traces = [
        go.Bar(
            x=values,
            y=line,
            name=name,
            marker={"color": colour},
            hovertemplate=f"%{{x}}, {name}: %{{y:.0%}}<extra></extra>",
        )
        for name, colour, line in bars
    ]
    return _json(
        go,
        traces,
        xaxis={"type": "category"},
        yaxis={"tickformat": ".0%"},
        barmode="group",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom"},
        margin={"l": 44, "r": 12, "t": 30, "b": 48},
    )


def _shown(text: str) -> str:
    """Escape a text for a figure, since Plotly interprets tags and entities."""
    return html.escape(text[:40], quote=False)


def _json(go: Any, traces: list[Any], title: str = "", **layout: Any) -> str:
    axis = {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "linecolor": "var(--line)",
        "tickcolor": "var(--line)",
        "automargin": True,
    }
    whole: dict[str, Any] = {
        "template": go.layout.Template(),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "inherit", "size": 13, "color": "var(--text-2)"},
        "hoverlabel": {"bgcolor": "var(--text)", "bordercolor": "var(--text)", "font": {"color": "var(--bg)"}},
        "height": 280,
        "margin": {"l": 44, "r": 12, "t": 28, "b": 48},
        "dragmode": False,
        "showlegend": False,
        "separators": ".,",
    } | layout
    whole["xaxis"] = (
        axis | {"ticks": "outside", "title": {"text": title, "font": {"size": 13}}} | layout.get("xaxis", {})
    )
    whole["yaxis"] = (
        axis
        | {"showgrid": True, "gridcolor": "var(--line)", "linecolor": "rgba(0,0,0,0)", "tickformat": ","}
        | {"rangemode": "tozero", "nticks": 5}
        | layout.get("yaxis", {})
    )
    text: str = go.Figure(traces, whole).to_json()
    return text
