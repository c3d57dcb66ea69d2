"""What a run may cost in all: requests, tokens, dollars and hours, over all its commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from selfinstruct.errors import Stopped
from selfinstruct.types import Prices

HINT = "Nothing is lost: run the same command with a larger {} to go on."


@dataclass(slots=True)
class Budget:
    """Counts what is spent and what is reserved for calls under way; `None` is no bound.

    The counts begin with what earlier commands spent, and a failed call whose cost nobody knows keeps its reservation.
    `other_tokens` and `other_usd` were spent on other backends, at their prices; `prompt_tokens` and
    `completion_tokens` do not hold them. `own` is a budget of this backend alone, whose settings stand in `table`.
    """

    max_requests: int | None = None
    max_tokens: int | None = None
    max_usd: float | None = None
    max_hours: float | None = None
    prices: Prices | None = None
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
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

    def allows(self, prompt_tokens: int, reply_tokens: int, out: int) -> bool:
        """Whether a call fits. If not, but calls under way may turn out cheaper than reserved, it is to wait for them.

        Raises `Stopped`, naming the budget, where waiting will not help.
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

    def correct(self, prompt_tokens: int, reply_tokens: int, prompt: int, reply: int, refused: bool) -> None:
        """Put what a call has cost in place of what was reserved for it."""
        if self.own is not None:
            self.own.correct(prompt_tokens, reply_tokens, prompt, reply, refused)
        self.requests -= refused
        self.prompt_tokens += prompt - prompt_tokens
        self.completion_tokens += reply - reply_tokens
        self._reserved = (self._reserved[0] - prompt_tokens, self._reserved[1] - reply_tokens)

    def seconds_left(self) -> float | None:
        """Until the time is used up; `None` where time is no matter."""
        return None if self.max_hours is None else self.max_hours * 3600 - self.seconds - (self.clock() - self._began)

    def _over(self, prompt_tokens: int, reply_tokens: int, requests: int) -> tuple[str, str] | None:
        """The budget that so much more would break, and the setting that raises it."""
        prompt, completion = self.prompt_tokens + prompt_tokens, self.completion_tokens + reply_tokens
        if not requests:  # what is spent for certain
            prompt, completion = prompt - self._reserved[0], completion - self._reserved[1]
        if self.max_requests is not None and self.requests + requests > self.max_requests:
            return f"{self.max_requests:,} requests", "max_requests"
        if self.max_tokens is not None and prompt + completion + self.other_tokens > self.max_tokens:
            return f"{self.max_tokens:,} tokens", "max_tokens"
        usd = self.other_usd + (self.prices.cost(prompt, completion) if self.prices is not None else 0.0)
        if self.max_usd is not None and usd > self.max_usd:
            return f"{self.max_usd:g} US dollars", "max_usd"
        if (left := self.seconds_left()) is not None and left <= 0:
            return f"{self.max_hours:g} hours", "max_hours"
        return None
