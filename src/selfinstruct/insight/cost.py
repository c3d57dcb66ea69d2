"""What the calls and the batches of a stage have cost."""

from __future__ import annotations

from dataclasses import dataclass

from selfinstruct.store import RunStore


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one stage's calls and batches. `usd` is `None` if prices are unknown."""

    stage: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens


def dollars(usd: float) -> str:
    """US dollars, with as many digits as small sums need."""
    return f"${usd:,.2f}" if usd >= 0.1 or not usd else f"${usd:.4f}"


def read_cost(store: RunStore, stage: str) -> Cost:
    """The cost of a stage at the prices that the run recorded; that of a batch is estimated while it is out.

    It is unknown where a share of the tokens has no price, as those of the user's own engine.
    """
    spent, batches = store.calls().spent((stage,)), store.batches.spent((stage,))
    backend = store.facts.backend(stage)
    prices, usd = backend.prices if backend else None, None
    if prices is not None and all(batch.price_share for batch in batches):
        usd = prices.cost(spent.prompt_tokens, spent.completion_tokens, spent.cached_tokens)
        for batch in batches:
            usd += prices.at_share(batch.price_share).cost(batch.prompt_tokens, batch.completion_tokens)
    return Cost(
        stage,
        spent.requests + sum(batch.requests for batch in batches),
        spent.prompt_tokens + sum(batch.prompt_tokens for batch in batches),
        spent.completion_tokens + sum(batch.completion_tokens for batch in batches),
        usd,
    )
