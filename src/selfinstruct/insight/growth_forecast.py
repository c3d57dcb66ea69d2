"""Estimates the cost of more instructions, as a range, from the growth of the pool so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from selfinstruct.store import Stretch
from selfinstruct.types import Prices

RECENT_STRETCHES = 8
"""Number of recent stretches that a forecast uses."""

MIN_ACCEPTED = 20
"""Least number of instructions accepted in these stretches for a forecast."""

STANDARD_ERRORS = 2.0
"""Half width of the range, in standard errors."""

STEEPNESS = 0.5
"""The standard error of the slope if there are too few stretches to measure one."""

MAX_YIELD_DROP = 300.0
"""Bound of the logarithm of a rate, which stands for a pool that no longer grows."""

STEPS = 64
"""Number of steps in which the requests up to the goal are added up."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line fitted to ln(accepted per request) over ln(pool size, seeds included), with standard errors."""

    middle: float
    level: float
    slope: float
    level_error: float
    slope_error: float

    def per_request(self, pool: float, errors: float) -> float:
        """Accepted instructions per request at a pool size, `errors` standard errors above the line."""
        away = math.log(pool) - self.middle
        error = math.hypot(self.level_error, self.slope_error * away)
        return math.exp(max(-MAX_YIELD_DROP, min(MAX_YIELD_DROP, self.level + self.slope * away + errors * error)))


@dataclass(frozen=True, slots=True)
class Forecast:
    """The estimated cost of `more` instructions: requests with a range, and tokens and dollars per request (`None`:
    unknown).
    """

    more: int
    requests: int
    low: int
    high: int
    tokens_each: float | None
    usd_each: float | None


def forecast(stretches: Sequence[Stretch], seeds: int, more: int, *, prices: Prices | None = None) -> Forecast | None:
    """Estimate the requests needed for `more` instructions. `None` if too few were accepted recently.

    The estimate extends the trend of the last stretches from the current pool size. The range is two standard errors of
    the trend on either side. It also includes the case that the rate of the last stretch, give or take two errors,
    stays, so that a sudden fall is covered. A change of model, settings or filters is not.
    """
    recent = list(stretches[-RECENT_STRETCHES:])
    if sum(stretch.accepted for stretch in recent) < MIN_ACCEPTED or more < 1:
        return None
    pool = seeds + recent[-1].pool + recent[-1].accepted
    line = fit_trend(recent, seeds)
    last = recent[-1].accepted + 0.5
    stays = Trend(0.0, math.log(last / recent[-1].requests), 0.0, 1 / math.sqrt(last), 0.0)
    middle = _needed(line, pool, more, errors=0.0)
    low = min(_needed(one, pool, more, errors=STANDARD_ERRORS) for one in (line, stays))
    high = max(_needed(one, pool, more, errors=-STANDARD_ERRORS) for one in (line, stays))
    requests = sum(stretch.requests for stretch in recent)
    prompt = sum(stretch.prompt_tokens for stretch in recent) / requests
    completion = sum(stretch.completion_tokens for stretch in recent) / requests
    tokens = prompt + completion
    usd = (prompt * prices.prompt + completion * prices.completion) / 1_000_000 if prices else None
    return Forecast(more, middle, low, high, tokens or None, usd if tokens else None)


def fit_trend(stretches: Sequence[Stretch], seeds: int) -> Trend:
    """Fit the line, weighting each stretch by its accepted instructions. A rising line is made flat, to be cautious.

    The errors are those of a Poisson distribution, widened if the stretches scatter more.
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


def _needed(line: Trend, pool: int, more: int, *, errors: float) -> int:
    """Requests needed from this pool size to the goal, `errors` standard errors above the line."""
    step = more / STEPS
    rates = (line.per_request(pool + (at + 0.5) * step, errors) for at in range(STEPS))
    return math.ceil(sum(step / rate for rate in rates))


# --- advice -----------------------------------------------------------------------------------------------------------

TOO_SIMILAR_ADVICE = (
    "in a new run, more seed tasks, another generate.sampler (spread, coverage), generate.encoder.topics or another"
    " model (backend.model) gives different tasks"
)
REJECTED = "rejected.jsonl shows what it drops; to keep more, change {} for these replies by `selfinstruct reprocess`"
ADVICE = {
    "rouge-l": TOO_SIMILAR_ADVICE,
    "restated": "the model repeats its examples: in a new run, a higher generate.sampling.temperature,"
    " generate.encoder.topics or another backend.model may help",
    "exact": TOO_SIMILAR_ADVICE,
    "cut": "replies end too early: in a new run, raise generate.sampling.max_tokens or lower generate.encoder.count",
    "length": REJECTED.format("generate.filters.length.min_words and max_words"),
    "keywords": REJECTED.format("generate.filters.keywords"),
    "answer": "the model writes answers instead of tasks: a new run with a chat model as backend.model and the recipe"
    " chat does so less often",
    "refusal": "the model refuses or chats: in a new run, other run.seeds or another backend.model may help",
    "first-char": "replies have a layout that the parser does not read well: see rejected.jsonl, and try another"
    " generate.post_processor by `selfinstruct reprocess`",
    "unreadable": "the model's text is broken: in a new run, lower generate.sampling.temperature or try another model"
    " (backend.model)",
}
"""Advice by filter, for the filter that drops most."""


def advice(drops: Sequence[tuple[str, str, int]], candidates: int) -> str:
    """Name the most frequent rejection with its share of all candidates, and suggest a change.

    Empty without rejections.
    """
    if not drops or not candidates:
        return ""
    name, reason, count = drops[0]
    help_ = ADVICE.get(name) or REJECTED.format(f"generate.filters.{name}")
    return f"{name}: {reason} drops {count / candidates:.0%} of all candidates: {help_}"
