"""Enforces the budget of a run over all its commands: requests, tokens, dollars and hours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Protocol

from selfinstruct.errors import Stopped, pluralize
from selfinstruct.store.batches import BatchSpend
from selfinstruct.types import Prices, Usage

HINT = "Nothing is lost. Run the same command with a larger {} to continue."


@dataclass(slots=True)
class Budget:
    """Counts spending and reservations for calls in flight. A bound of `None` means no limit.

    The counts start with the spending of earlier commands. A failed call of unknown cost keeps its reservation.
    `other_tokens` and `other_usd` were spent on other backends, and are not part of `prompt_tokens` and
    `completion_tokens`. `own` is the budget of this backend alone, with its settings in `table`.
    """

    max_requests: int | None = None
    max_tokens: int | None = None
    max_usd: float | None = None
    max_hours: float | None = None
    prices: Prices | None = None
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    seconds: float = 0.0
    other_tokens: int = 0
    other_usd: float = 0.0
    own: Budget | None = None
    table: str = ""
    clock: Callable[[], float] = monotonic
    _reserved: tuple[int, int] = (0, 0)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()

    def at_share(self, share: float) -> Budget:
        """The same budget where tokens cost a share of their price from now on; what is spent stays as it is."""
        prices = self.prices
        spent = prices.cost(self.prompt_tokens, self.completion_tokens, self.cached_tokens) if prices else 0.0
        return replace(
            self,
            prices=prices.at_share(share) if prices else None,
            prompt_tokens=0,
            completion_tokens=0,
            cached_tokens=0,
            other_tokens=self.other_tokens + self.prompt_tokens + self.completion_tokens,
            other_usd=self.other_usd + spent,
            own=self.own.at_share(share) if self.own is not None else None,
        )

    def set_prices(self, prices: Prices | None) -> None:
        """Set the prices, once the backend has chosen its model."""
        self.prices = prices
        if self.own is not None:
            self.own.set_prices(prices)

    @property
    def counts_dollars(self) -> bool:
        """Whether there is a limit in dollars, which needs prices."""
        return self.max_usd is not None or (self.own is not None and self.own.counts_dollars)

    def count_batches(self, spent: Iterable[BatchSpend], prices: Prices | None) -> None:
        """Count what batches have cost; `prices` are those of their backend without batches."""
        for spend in spent:
            self.requests += spend.requests
            self.other_tokens += spend.prompt_tokens + spend.completion_tokens
            if prices is not None:
                self.other_usd += spend.price_share * prices.cost(spend.prompt_tokens, spend.completion_tokens)

    def allows(self, prompt_tokens: int, reply_tokens: int, out: int) -> bool:
        """Whether a call fits into the budget. If not, it may fit later, when calls in flight cost less than reserved.

        Raises `Stopped`, naming the budget, if waiting cannot help.
        """
        if self.own is not None and not self.own.allows(prompt_tokens, reply_tokens, out):
            return False
        used_up = self._over(0, 0, requests=0) if out else None
        if used_up is None:
            used_up = self._over(prompt_tokens, reply_tokens, requests=1)
            if used_up is None:
                return True
            if out:
                return False
        setting = f"--{used_up[1]}".replace("_", "-") if not self.table else f"{self.table}.budget.{used_up[1]}"
        raise Stopped(f"the budget of {used_up[0]} is used up", HINT.format(setting))

    def reserve(self, prompt_tokens: int, reply_tokens: int) -> None:
        """Count a call that is about to be made."""
        if self.own is not None:
            self.own.reserve(prompt_tokens, reply_tokens)
        self.requests += 1
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += reply_tokens
        self._reserved = (self._reserved[0] + prompt_tokens, self._reserved[1] + reply_tokens)

    def correct(self, prompt_tokens: int, reply_tokens: int, used: Usage, *, refused: bool) -> None:
        """Replace the reservation of a call by its actual cost."""
        if self.own is not None:
            self.own.correct(prompt_tokens, reply_tokens, used, refused=refused)
        self.requests -= refused
        self.prompt_tokens += (used.prompt_tokens or 0) - prompt_tokens
        self.completion_tokens += (used.completion_tokens or 0) - reply_tokens
        self.cached_tokens += used.cached_tokens or 0
        self._reserved = (self._reserved[0] - prompt_tokens, self._reserved[1] - reply_tokens)

    def seconds_left(self) -> float | None:
        """Seconds until the time is used up; `None` without a time limit."""
        return None if self.max_hours is None else self.max_hours * 3600 - self.seconds - (self.clock() - self._began)

    def _over(self, prompt_tokens: int, reply_tokens: int, requests: int) -> tuple[str, str] | None:
        """The budget that this spending would exceed, and the setting that raises it; `None` if there is none."""
        prompt, completion = self.prompt_tokens + prompt_tokens, self.completion_tokens + reply_tokens
        if not requests:  # count only actual spending
            prompt, completion = prompt - self._reserved[0], completion - self._reserved[1]
        if self.max_requests is not None and self.requests + requests > self.max_requests:
            return pluralize(self.max_requests, "request"), "max_requests"
        if self.max_tokens is not None and prompt + completion + self.other_tokens > self.max_tokens:
            return pluralize(self.max_tokens, "token"), "max_tokens"
        here = self.prices.cost(prompt, completion, self.cached_tokens) if self.prices is not None else 0.0
        usd = self.other_usd + here
        if self.max_usd is not None and usd > self.max_usd:
            return f"{self.max_usd:g} US dollars", "max_usd"
        if (left := self.seconds_left()) is not None and left <= 0:
            return f"{self.max_hours:g} hours", "max_hours"
        return None


class CallJournal(Protocol):
    """Records the cost of calls, for budgets and quotas across commands."""

    def sent(self, stage: str, index: int, *, prompt_tokens: int, completion_tokens: int) -> int:
        """Record that a call is about to be made, and return its number."""

    def ended(self, number: int, *, prompt_tokens: int, completion_tokens: int, refused: bool) -> None:
        """Record that a call has ended."""
