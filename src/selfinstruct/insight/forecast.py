"""What more instructions are likely to cost, by how the pool has grown so far: a range, and never a promise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from selfinstruct.store import Stretch
from selfinstruct.types import Prices

RECENT_STRETCHES = 8
"""Stretches that a forecast looks back on."""

MIN_ACCEPTED = 20
"""Accepted instructions, within these, below which nothing is foretold."""

STANDARD_ERRORS = 2.0
"""Standard errors on either side."""

STEEPNESS = 0.5
"""The standard error that a slope counts with where there are too few stretches to see one."""

MAX_YIELD_DROP = 300.0
"""A rate's logarithm goes no further from 0: a pool that never grows again, as a number."""

STEPS = 64
"""Parts in which the way to the goal is summed up."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through ln(accepted per request) over ln(size of the pool, seeds included), with its errors."""

    middle: float
    level: float
    slope: float
    level_error: float
    slope_error: float

    def per_request(self, pool: float, errors: float) -> float:
        """Accepted per request at a size, so many standard errors above the line."""
        away = math.log(pool) - self.middle
        error = math.hypot(self.level_error, self.slope_error * away)
        return math.exp(max(-MAX_YIELD_DROP, min(MAX_YIELD_DROP, self.level + self.slope * away + errors * error)))


@dataclass(frozen=True, slots=True)
class Forecast:
    """What `more` instructions need: requests with a range, tokens and dollars in proportion (`None`: not known)."""

    more: int
    requests: int
    low: int
    high: int
    tokens_each: float | None
    usd_each: float | None


def forecast(stretches: Sequence[Stretch], seeds: int, more: int, prices: Prices | None = None) -> Forecast | None:
    """Foretell the requests that `more` instructions need; `None` where too little was accepted lately to tell.

    The trend of the last stretches is followed from the pool's present size on. The range is two standard errors of
    the trend on either side, and at least as wide as if the rate of the very last stretch, give or take two errors,
    were to stay: so a sudden fall is in it. That the model, its settings or the filters change is not.
    """
    recent = list(stretches[-RECENT_STRETCHES:])
    if sum(stretch.accepted for stretch in recent) < MIN_ACCEPTED or more < 1:
        return None
    pool = seeds + recent[-1].pool + recent[-1].accepted
    line = fit_trend(recent, seeds)
    last = recent[-1].accepted + 0.5
    stays = Trend(0.0, math.log(last / recent[-1].requests), 0.0, 1 / math.sqrt(last), 0.0)
    middle = _needed(line, pool, more, 0.0)
    low = min(_needed(one, pool, more, STANDARD_ERRORS) for one in (line, stays))
    high = max(_needed(one, pool, more, -STANDARD_ERRORS) for one in (line, stays))
    requests = sum(stretch.requests for stretch in recent)
    prompt = sum(stretch.prompt_tokens for stretch in recent) / requests
    completion = sum(stretch.completion_tokens for stretch in recent) / requests
    tokens = prompt + completion
    usd = (prompt * prices.prompt + completion * prices.completion) / 1_000_000 if prices else None
    return Forecast(more, middle, low, high, tokens or None, usd if tokens else None)


def fit_trend(stretches: Sequence[Stretch], seeds: int) -> Trend:
    """Fit the line, each stretch weighing as much as it accepted. It never rises: that a yield grows is not relied on.

    The errors are those of counts (a Poisson distribution), widened where the stretches scatter more than that.
    """
    weights = [stretch.accepted + 0.5 for stretch in stretches]
    sizes = [math.log(seeds + stretch.pool + stretch.accepted / 2 + 0.5) for stretch in stretches]
    yields = [math.log(weight / stretch.requests) for weight, stretch in zip(weights, stretches, strict=True)]
    total = sum(weights)
    middle = _mean(weights, sizes)
    level = _mean(weights, yields)
    spread = sum(weight * (size - middle) ** 2 for weight, size in zip(weights, sizes, strict=True))
    if len(stretches) < 4 or spread < 1e-9:
        return Trend(middle, level, 0.0, 1 / math.sqrt(total), STEEPNESS)
    slope = sum(w * (x - middle) * (y - level) for w, x, y in zip(weights, sizes, yields, strict=True)) / spread
    slope = min(0.0, slope)
    rest = sum(w * (y - level - slope * (x - middle)) ** 2 for w, x, y in zip(weights, sizes, yields, strict=True)) / (
        len(stretches) - 2
    )
    widened = math.sqrt(max(1.0, rest))
    return Trend(middle, level, slope, widened / math.sqrt(total), widened / math.sqrt(spread))


def _mean(weights: Sequence[float], values: Sequence[float]) -> float:
    return sum(weight * value for weight, value in zip(weights, values, strict=True)) / sum(weights)


def _needed(line: Trend, pool: int, more: int, errors: float) -> int:
    """Requests from the pool's size to the goal, so many standard errors above the line."""
    step = more / STEPS
    rates = (line.per_request(pool + (at + 0.5) * step, errors) for at in range(STEPS))
    return math.ceil(sum(step / rate for rate in rates))


# --- advice -----------------------------------------------------------------------------------------------------------

TOO_SIMILAR_ADVICE = (
    "more seeds, another sampler (spread, coverage), topics in the prompt, or another model bring other tasks"
)
ADVICE = {
    "rouge-l": TOO_SIMILAR_ADVICE,
    "restated": "the model repeats its examples: a higher temperature, topics in the prompt, or another model may help",
    "exact": TOO_SIMILAR_ADVICE,
    "cut": "replies end too early: raise generate.sampling.max_tokens, or ask for fewer tasks (generate.encoder.count)",
    "length": "see whether min_words and max_words suit the tasks you want",
    "keywords": "see rejected.jsonl for words that forbid what you want: generate.filters.keywords",
    "answer": "the model answers instead of asking: a chat model with the recipe chat does so less",
    "refusal": "the model declines or chats: look at the seeds, or take another model",
    "first-char": "replies are laid out in a way that is not read well: look at rejected.jsonl",
    "unreadable": "the model's text is broken: lower the temperature, or take another model",
}
"""What to change when a filter drops most."""


def advice(drops: Sequence[tuple[str, str, int]], candidates: int) -> str:
    """What was dropped most, with its share of all candidates, and what may help; empty if nothing was."""
    if not drops or not candidates:
        return ""
    name, reason, count = drops[0]
    help_ = ADVICE.get(name, "rejected.jsonl shows what it drops")
    return f"{name}: {reason} drops {count / candidates:.0%} of all candidates: {help_}"
