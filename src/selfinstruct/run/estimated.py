"""The values of an estimate: what a run, or one of its stages, is expected to cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selfinstruct.api import Backend
from selfinstruct.types import BilledModel, Prices, Window


@dataclass(frozen=True, slots=True)
class LaterStage:
    """What a later stage of a whole run needs for the instructions that it has not answered yet."""

    requests: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimated remaining cost until `target` instructions are accepted.

    `per_request` is the assumed number of instructions per request, and `seen` whether it was measured in the run.
    `completion_tokens` is the expected number, `most_completion_tokens` the largest possible. `usd` and `most_usd` are
    `None` if prices are unknown; `prices` says where they come from. `seconds` is the shortest time that the known rate
    limits allow; `None` if none is known. `later` has what each later stage of a whole run needs, `billed` is the
    model as tables of prices know it, and `max_usd` the budget.
    """

    target: int
    accepted: int
    per_request: float
    seen: bool
    requests: int
    prompt_tokens: int
    completion_tokens: int
    most_completion_tokens: int
    usd: float | None
    most_usd: float | None
    prices: str
    seconds: float | None
    later: Mapping[str, LaterStage]
    billed: BilledModel | None
    max_usd: float | None

    @property
    def known_usd(self) -> float:
        """The cost of this stage and the later ones, as far as their prices are known."""
        return sum(usd for usd in (self.usd, *(stage.usd for stage in self.later.values())) if usd is not None)

    @property
    def unpriced(self) -> list[str]:
        """The later stages whose price is unknown."""
        return [name for name, stage in self.later.items() if stage.usd is None]


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """The estimated cost of asking about every subject of `classify`, `instances` or `judge` once.

    `answered` of the `subjects` already have an answer. `batch_share` is the price of a token in a batch, as a
    share of its usual price; `None` if the backend takes no batches. `prices`, `seconds` and
    `max_usd` are as in `Estimate`.
    """

    subjects: int
    answered: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    most_completion_tokens: int
    usd: float | None
    most_usd: float | None
    prices: str
    seconds: float | None
    batch_share: float | None
    billed: BilledModel | None
    max_usd: float | None


@dataclass(frozen=True, slots=True)
class BackendTerms:
    """What is known of a stage's backend before it is asked: its prices, and its rate limits as windows."""

    backend: Backend | None
    prices: Prices | None
    windows: Sequence[Window]

    def usd(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """The cost of these tokens; `None` if prices are unknown."""
        return self.prices.cost(prompt_tokens, completion_tokens) if self.prices else None

    @property
    def billed(self) -> BilledModel | None:
        """The model as tables of prices know it; `None` if there is no backend, or it does not say."""
        return self.backend.billed_model() if self.backend is not None else None

    @property
    def source(self) -> str:
        """Where the prices come from; empty if they are the user's or unknown."""
        return self.prices.source if self.prices else ""

    def seconds(self, requests: int, tokens: int) -> float | None:
        """The shortest time in which the rate limits allow so much; `None` if no limit is known."""
        amounts = {"requests": requests, "tokens": tokens}
        return max((amounts[one.what] / one.limit * one.seconds for one in self.windows), default=None)
