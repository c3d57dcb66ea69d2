"""The geometry of the plots: ticks of an axis, and the wedges of the sunburst. The templates draw them as SVG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, floor, log10, pi, sin

from selfinstruct.insight.report.report_values import VerbPhrases

TICKS = 5
"""Largest number of ticks of an axis, besides zero."""

TINTS, GROUPED = 5, 4
"""Tints of the accent colour, from the strongest for the most frequent verbs, and number of verbs in each tint."""

INNER, OUTER = (16.0, 57.0), (58.0, 99.0)
"""The radii of the ring of verbs and of the ring of objects, in units of the sunburst, whose radius is 100."""


def ticks(top: float, whole: bool = False) -> list[tuple[float, str]]:
    """Round numbers from 0 to at most `top`, as shares of the axis with their labels. `whole` leaves out fractions."""
    if top <= 0:
        return [(0.0, "0")]
    least = max(top / TICKS, 1 if whole else 0)
    power = 10.0 ** floor(log10(least))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)
    return [(at * step / top, f"{at * step:,.10g}") for at in range(int(top / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class Wedge:
    """A part of a ring.

    path    its outline, and `turn` the place of its label: values of the SVG attributes d and transform
    height  the room for a line of text, in units of the sunburst
    """

    label: str
    count: int
    tint: int
    path: str
    turn: str
    height: float


def wedges(phrases: VerbPhrases) -> Iterator[Wedge]:
    """The sunburst of the most frequent verbs with their most frequent objects (Figure 3 of the paper)."""
    start = 0
    for rank, verb in enumerate(sorted(phrases.verbs, key=lambda verb: -verb.shown)):
        tint = min(TINTS - 1, rank // GROUPED) + 1
        rows = [(verb.verb, verb.shown, start, INNER)]
        for noun, count in verb.objects:
            rows.append((noun, count, start, OUTER))
            start += count
        for label, count, before, ring in rows:
            ends = (before / phrases.shown, (before + count) / phrases.shown)
            yield Wedge(label, count, tint, _outline(ends, ring), _turn(ends, ring), _height(ends, ring))


def _outline(ends: tuple[float, float], ring: tuple[float, float]) -> str:
    """The outline between two shares of a turn, clockwise from the top. A whole turn is drawn almost whole."""
    first, last = ends[0], min(ends[1], ends[0] + 0.9999)
    inner, outer = ring
    large = int(last - first > 0.5)
    return (
        f"M{_point(first, inner)}L{_point(first, outer)}A{outer} {outer} 0 {large} 1 {_point(last, outer)}"
        f"L{_point(last, inner)}A{inner} {inner} 0 {large} 0 {_point(first, inner)}Z"
    )


def _point(share: float, radius: float) -> str:
    return f"{radius * sin(2 * pi * share):.2f} {-radius * cos(2 * pi * share):.2f}"


def _turn(ends: tuple[float, float], ring: tuple[float, float]) -> str:
    """Puts a label in the middle of a wedge, along the radius, never upside down."""
    middle = sum(ends) / 2
    flip = " rotate(180)" if middle > 0.5 else ""
    return f"rotate({360 * middle - 90:.2f}) translate({sum(ring) / 2:.1f}){flip}"


def _height(ends: tuple[float, float], ring: tuple[float, float]) -> float:
    return 2 * pi * (ends[1] - ends[0]) * (ring[0] * 0.6 + ring[1] * 0.4)
