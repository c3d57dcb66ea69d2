"""What `selfinstruct status` says about growth: how much requests bring, and what more instructions would need."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import click

from selfinstruct.insight.forecast import Forecast, advice, forecast
from selfinstruct.store import RunStore, Stretch
from selfinstruct.types import Prices

RECENT_STRETCHES = 3
"""Stretches in which it is counted what filters drop."""

STRETCHES, SHORTEST = 12, 10
"""Into how many stretches a run is cut, and how many requests one has at least."""

SIZES = (("trillion", 1e12), ("billion", 1e9), ("million", 1e6))


@dataclass(frozen=True, slots=True)
class GrowthStatus:
    """What is known about a run's growth; `forecast` is `None` if none was asked for, or none can be made."""

    stretches: list[Stretch]
    advice: str
    more: int | None
    forecast: Forecast | None


def read_growth(store: RunStore, more: int | None) -> GrowthStatus:
    """Look at a run, which another process may be working on; `more` instructions are to be forecast, if any."""
    growth = store.growth()
    stretches = growth.stretches(STRETCHES, SHORTEST)
    told = ""
    if stretches:
        lately = stretches[-RECENT_STRETCHES:]
        told = advice(growth.drops(lately[0].first), sum(stretch.candidates for stretch in lately))
    expected = forecast(stretches, len(store.seeds()), more, _prices(store)) if more else None
    return GrowthStatus(stretches, told, more, expected)


def _prices(store: RunStore) -> Prices | None:
    """Prices that the run's config names; a backend is not asked, since that would need its client and a key."""
    budget = (store.fact("tree") or {}).get("budget", {})
    prompt, completion = (budget.get(f"usd_per_million_{kind}_tokens") for kind in ("prompt", "completion"))
    return None if prompt is None or completion is None else Prices(float(prompt), float(completion))


def as_json(growth: GrowthStatus) -> dict[str, Any]:
    """The same for programs."""
    expected = asdict(growth.forecast) if growth.forecast else None
    return {"stretches": [asdict(one) for one in growth.stretches], "advice": growth.advice, "forecast": expected}


def print_growth(growth: GrowthStatus) -> None:
    """A short paragraph; all stretches too where a forecast is asked for, since it rests on them."""
    from selfinstruct.cli.board import printable

    if not growth.stretches:
        click.echo("growth: nothing is settled yet")
    else:
        click.echo("growth")
        last = growth.stretches[-1]
        click.echo(f"  the last {last.requests:,} requests: {_rate(last)}")
        if len(growth.stretches) > 1:
            click.echo(f"  the first {growth.stretches[0].requests:,}: {_rate(growth.stretches[0])}")
        if growth.advice:
            click.echo(f"  lately {printable(growth.advice)}")
    if growth.more:
        _print_table(growth.stretches)
        click.echo(f"  {_expected(growth.forecast, growth.more)}")


def _rate(stretch: Stretch) -> str:
    """How a stretch went, in words."""
    parts = [f"{stretch.accepted / stretch.requests:.1f} accepted each"]
    if stretch.candidates:
        parts.append(f"{stretch.accepted / stretch.candidates:.0%} of candidates")
    tokens = stretch.prompt_tokens + stretch.completion_tokens
    if stretch.accepted and tokens:
        parts.append(f"{tokens / stretch.accepted:,.0f} tokens for one")
    if stretch.nearest is not None:
        parts.append(f"ROUGE-L to the nearest {stretch.nearest:.2f}")
    return ", ".join(parts)


def _print_table(stretches: list[Stretch]) -> None:
    """One line a stretch: what its requests met, brought and cost."""
    if stretches:
        click.echo("   requests      pool  each   kept  tokens for one  nearest   mean")
    for one in stretches:
        tokens = one.prompt_tokens + one.completion_tokens
        kept = f"{one.accepted / one.candidates:.0%}" if one.candidates else "-"
        cost = f"{tokens / one.accepted:,.0f}" if one.accepted and tokens else "-"
        near = [f"{score:.3f}" if score is not None else "-" for score in (one.nearest, one.mean)]
        rate = one.accepted / one.requests
        click.echo(
            f"{one.first + one.requests:11,} {one.pool:9,} {rate:5.1f} {kept:>6} {cost:>15} {near[0]:>8} {near[1]:>6}"
        )


def _expected(found: Forecast | None, more: int) -> str:
    if found is None:
        return f"{more:,} more: too few were accepted lately to tell what they need"
    words = f"{more:,} more need about {_short(found.requests)} requests ({_short(found.low)} to {_short(found.high)})"
    if found.tokens_each is not None:
        tokens = [_short(count * found.tokens_each) for count in (found.requests, found.low, found.high)]
        words += f", {tokens[0]} tokens ({tokens[1]} to {tokens[2]})"
    if found.usd_each is not None:
        usd = [f"{count * found.usd_each:,.2f}" for count in (found.requests, found.low, found.high)]
        words += f", {usd[0]} US dollars ({usd[1]} to {usd[2]})"
    return words + ", if it goes on like this"


def _short(count: float) -> str:
    """About two digits, as a person says it: 31,000 or 9.1 million."""
    if count > 1e15:
        return "endlessly many"
    name, size = next(((name, size) for name, size in SIZES if count >= size), ("", 1.0))
    digits = max(0, len(str(int(count / size))) - 2)
    rounded = round(count / size, 1 if name and not digits and count < 10 * size else -digits)
    return f"{rounded:,.1f} {name}" if name and count < 10 * size else f"{rounded:,.0f} {name}".rstrip()
