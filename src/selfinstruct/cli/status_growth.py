"""The growth part of `selfinstruct status`: instructions gained per request, and the estimate for more of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from selfinstruct.insight.growth import GrowthStatus
    from selfinstruct.insight.growth_forecast import Forecast
    from selfinstruct.store import Stretch

SIZES = (("trillion", 1e12), ("billion", 1e9), ("million", 1e6))


def print_growth(growth: GrowthStatus) -> None:
    """Print a short paragraph. With a forecast, print all the stretches it is based on too."""
    from selfinstruct.cli.text import printable

    if not growth.stretches:
        click.echo("growth: too few replies so far")
    else:
        click.echo("growth")
        last = growth.stretches[-1]
        click.echo(f"  the last {'request' if last.requests == 1 else f'{last.requests:,} requests'}: {_rate(last)}")
        if len(growth.stretches) > 1:
            click.echo(f"  the first {growth.stretches[0].requests:,}: {_rate(growth.stretches[0])}")
        if growth.advice:
            click.echo(f"  lately {printable(growth.advice)}")
        if growth.narrowing:
            click.echo(f"  {printable(growth.narrowing)}")
    if growth.more:
        _print_table(growth.stretches)
        click.echo(f"  {_expected(growth.forecast, growth.more)}")


def _rate(stretch: Stretch) -> str:
    """Describe one stretch in words."""
    parts = [f"{stretch.accepted / stretch.requests:.1f} accepted each"]
    if stretch.candidates:
        parts.append(f"{stretch.accepted / stretch.candidates:.0%} of candidates")
    tokens = stretch.prompt_tokens + stretch.completion_tokens
    if stretch.accepted and tokens:
        parts.append(f"{tokens / stretch.accepted:,.0f} tokens for each")
    if stretch.nearest is not None:
        parts.append(f"ROUGE-L to the nearest {stretch.nearest:.2f}")
    return ", ".join(parts)


def _print_table(stretches: Sequence[Stretch]) -> None:
    """Print one line per stretch: pool size, instructions gained and cost."""
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
        return f"{more:,} more: no estimate, because too few were accepted recently"
    words = f"{more:,} more need about {_short(found.requests)} requests ({_short(found.low)} to {_short(found.high)})"
    if found.tokens_each is not None:
        tokens = [_short(count * found.tokens_each) for count in (found.requests, found.low, found.high)]
        words += f", {tokens[0]} tokens ({tokens[1]} to {tokens[2]})"
    if found.usd_each is not None:
        usd = [f"{count * found.usd_each:,.2f}" for count in (found.requests, found.low, found.high)]
        words += f", {usd[0]} US dollars ({usd[1]} to {usd[2]})"
    return words + ", if the run continues like this"


def _short(count: float) -> str:
    """A number with about two digits, such as 31,000 or 9.1 million."""
    if count > 1e15:
        return "endlessly many"
    name, size = next(((name, size) for name, size in SIZES if count >= size), ("", 1.0))
    digits = max(0, len(str(int(count / size))) - 2)
    rounded = round(count / size, 1 if name and not digits and count < 10 * size else -digits)
    return f"{rounded:,.1f} {name}" if name and count < 10 * size else f"{rounded:,.0f} {name}".rstrip()
