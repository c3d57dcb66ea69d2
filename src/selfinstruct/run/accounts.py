"""Which stages share one account at a provider: the same backend, with the same limits and budget."""

from __future__ import annotations

from selfinstruct.config import LimitOptions, RunConfig
from selfinstruct.config.tables import AskingTable
from selfinstruct.engine.gate import DAY, MINUTE
from selfinstruct.types import STAGES, Window


def has_own(config: RunConfig, stage: str) -> bool:
    """Whether a stage has its own backend."""
    return stage in config.stages and config.stages[stage].backend is not None


def backend_key(config: RunConfig, stage: str) -> str:
    """Where the backend of a stage stands in the config."""
    return f"{stage}.backend" if has_own(config, stage) else "backend"


def shared_by(config: RunConfig, stage: str) -> tuple[str, ...]:
    """The stages that share this stage's backend, with its limits and budget."""
    account = _account(config, stage)
    return tuple(name for name in STAGES if _account(config, name) == account)


def _account(config: RunConfig, stage: str) -> tuple[object, ...] | None:
    """A stage's own backend with its settings; `None` for the run's backend."""
    table = own_table(config, stage)
    return None if table is None else (config.stages[stage].backend, *table.terms)


def own_table(config: RunConfig, stage: str) -> AskingTable | None:
    """The table of a stage that has its own backend; `None` for others."""
    table = config.stages[stage].table if has_own(config, stage) else None
    return table if isinstance(table, AskingTable) else None


def counts_dollars(config: RunConfig, stage: str) -> bool:
    """Whether the budget of the run, or that of a stage's own backend, has a limit in dollars, which needs prices."""
    own = table.budget if (table := own_table(config, stage)) is not None else None
    return config.budget.max_usd is not None or (own is not None and own.max_usd is not None)


def limits_for(config: RunConfig, stage: str) -> LimitOptions:
    """The limits of a stage's provider in the config."""
    table = own_table(config, stage)
    return config.limits if table is None else table.limits or LimitOptions()


def windows_for(config: RunConfig, stage: str) -> list[Window]:
    """The same as windows of a minute and a day."""
    configured = limits_for(config, stage)
    windows = [
        Window("requests", MINUTE, configured.requests_per_minute or 0),
        Window("tokens", MINUTE, configured.tokens_per_minute or 0),
        Window("requests", DAY, configured.requests_per_day or 0),
        Window("tokens", DAY, configured.tokens_per_day or 0),
    ]
    return [window for window in windows if window.limit]
