"""The growth of a run's pool, and the estimate for more instructions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from selfinstruct.insight.diversity_loss import read_variety, warning
from selfinstruct.insight.growth_forecast import Forecast, advice, forecast
from selfinstruct.store import RunStore, Stretch
from selfinstruct.types import GENERATE, Prices

RECENT_STRETCHES = 3
"""Number of recent stretches over which the drops of filters are counted."""

STRETCHES, SHORTEST = 12, 10
"""Largest number of stretches of a run, and smallest number of requests in a stretch."""


@dataclass(frozen=True, slots=True)
class GrowthStatus:
    """The growth of a run's pool.

    `forecast` is `None` if none was asked for, or if too few instructions were accepted. `narrowing` is a sentence
    about what the last instructions have more in common than the rest; empty if there is nothing.
    """

    stretches: Sequence[Stretch]
    advice: str
    more: int | None
    forecast: Forecast | None
    narrowing: str


def read_growth(store: RunStore, more: int | None = None) -> GrowthStatus:
    """Read the growth of a run, even while another process writes, with a forecast for `more` instructions if given."""
    growth = store.growth()
    stretches = growth.stretches(STRETCHES, SHORTEST)
    words = ""
    if stretches:
        lately = stretches[-RECENT_STRETCHES:]
        words = advice(growth.drops(lately[0].first), sum(stretch.candidates for stretch in lately))
    expected = forecast(stretches, len(store.seeds()), more, prices=_prices(store)) if more else None
    return GrowthStatus(tuple(stretches), words, more, expected, warning(read_variety(store)))


def _prices(store: RunStore) -> Prices | None:
    """The prices in the run's config, or else those that it recorded: the backend would need its client and a key."""
    budget = store.facts.tree.get("budget", {})
    prompt, completion = (budget.get(f"usd_per_million_{kind}_tokens") for kind in ("prompt", "completion"))
    if prompt is None or completion is None:
        recorded = store.facts.backend(GENERATE)
        return recorded.prices if recorded else None
    return Prices(float(prompt), float(completion))
