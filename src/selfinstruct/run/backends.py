"""The backends of a run, with their rate limits, prices and budgets: the run's backend, or the stage's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from selfinstruct.api import Backend
from selfinstruct.config import ChosenComponent, LimitOptions, RunConfig
from selfinstruct.config.tables import AskingTable, BudgetBounds, BudgetOptions
from selfinstruct.engine import gate as limits
from selfinstruct.engine.budget import Budget
from selfinstruct.engine.gate import Gate
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, call_plugin
from selfinstruct.errors import ConfigError, UsageError
from selfinstruct.plugins.registry import Registry
from selfinstruct.store import BackendFacts, Calls, RunStore
from selfinstruct.types import GENERATE, STAGES, Prices, Window

TRACING = ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING")
"""Environment variables that make LangChain send prompts to LangSmith."""

BOUNDS = set(BudgetBounds.model_fields)

Say = Callable[[str], None]


def is_traced() -> bool:
    """Whether the environment switches LangSmith's tracing on."""
    return any(os.environ.get(name, "").lower() in ("1", "true") for name in TRACING)


class Backends:
    """The backends of one run, each built when it is first needed. `given` is a backend that the caller made."""

    def __init__(self, registry: Registry, config: RunConfig, given: Backend | None = None) -> None:
        self._registry = registry
        self._config = config
        self._run = given
        self._own: list[tuple[ChosenComponent, Backend]] = []
        self._reported: set[str] = set()
        """The models that were reported to the user."""

    def for_stage(self, stage: str) -> Backend:
        """The backend of a stage: its own, or the run's. Raises `UsageError` if none is chosen."""
        config = self._config.stages.get(stage)
        if config is not None and (own := config.backend) is not None:
            if (known := next((built for chosen, built in self._own if chosen == own), None)) is not None:
                return known
            self._own.append((own, self._build(own)))
            return self._own[-1][1]
        if self._run is None:
            if self._config.backend is None:
                known_names = ", ".join(offer.component.name for offer in self._registry.offers("backend"))
                raise UsageError("no backend is chosen", f"Name one: --backend NAME. Known: {known_names}.")
            self._run = self._build(self._config.backend)
        return self._run

    def _build(self, chosen: ChosenComponent) -> Backend:
        built: Backend = chosen.build(self._registry)
        return built

    def gate(self, stage: str, store: RunStore, waits: bool, *, say: Say) -> Gate:
        """The gate of a stage's backend. Raises `ConfigError` for a budget in dollars without prices."""

        def recorded_prices(other: str) -> Prices | None:
            facts = store.facts.own_backend(other) if has_own(self._config, other) else store.facts.run_backend
            return prices_for(self._config, None, other) or (facts.prices if facts else None)

        backend = self.for_stage(stage)
        gate = gate_for(
            self._config, stage, backend, calls=store.calls(), recorded_prices=recorded_prices, waits=waits, say=say
        )
        shared = shared_by(self._config, stage)
        for name in STAGES:
            spent = store.batches.spent([name])
            gate.budget.count_batches(spent, gate.budget.prices if name in shared else recorded_prices(name))
            if gate.budget.own is not None and name in shared:
                gate.budget.own.count_batches(spent, gate.budget.prices)
        return gate

    def batch_budget(self, stage: str, store: RunStore, share: float) -> Budget:
        """What a stage's batches may cost, where a token costs a share of its usual price."""
        return self.gate(stage, store, waits=False, say=print).budget.at_share(share)

    def tracing(self, stage: str) -> AbstractContextManager[object]:
        """Inside the block LangSmith traces nothing if a stage's backend is local and tracing was not asked for."""
        if not (is_traced() and self._is_private(self.for_stage(stage))):
            return nullcontext()
        from langsmith import tracing_context

        off: AbstractContextManager[object] = tracing_context(enabled=False)
        return off

    def _is_private(self, backend: Backend) -> bool:
        return backend.local and not self._config.run.trace

    def record_description(self, stage: str, store: RunStore, say: Say) -> None:
        """Record the description of a stage's backend, and print its notes and a warning about tracing."""
        backend = self.for_stage(stage)
        name = f"the backend {type(backend).__name__}"
        facts = call_plugin(name, "its description", lambda: dict(backend.describe()), hint=FIX_AND_RERUN)
        recorded = BackendFacts(facts, prices_for(self._config, backend, stage))
        store.facts.record_backend(recorded, stage if has_own(self._config, stage) else "")
        model = str(facts.get("model") or "")
        if model and model not in self._reported:
            self._reported.add(model)
            say(f"model: {facts['model']}" + (f" ({facts['note']})" if facts.get("note") else ""))
        if is_traced() and not self._is_private(backend):
            say("LangSmith tracing is switched on in the environment: prompts and replies are sent there")


def has_own(config: RunConfig, stage: str) -> bool:
    """Whether a stage has its own backend."""
    return stage in config.stages and config.stages[stage].backend is not None


def shared_by(config: RunConfig, stage: str) -> tuple[str, ...]:
    """The stages that share this stage's backend, with its limits and budget."""
    account = _account(config, stage)
    return tuple(name for name in STAGES if _account(config, name) == account)


def _account(config: RunConfig, stage: str) -> tuple[object, ...] | None:
    """A stage's own backend with its settings; `None` for the run's backend."""
    table = _own_table(config, stage)
    return None if table is None else (config.stages[stage].backend, *table.terms)


def _own_table(config: RunConfig, stage: str) -> AskingTable | None:
    table = config.stages[stage].table if has_own(config, stage) else None
    return table if isinstance(table, AskingTable) else None


def gate_for(
    config: RunConfig,
    stage: str,
    backend: Backend,
    *,
    calls: Calls,
    recorded_prices: Callable[[str], Prices | None],
    waits: bool = False,
    say: Say = print,
) -> Gate:
    """The gate of a stage's backend. Its concurrency is that of the config, else of the server, else the lookahead.

    The last day of `calls` counts towards the rate limits, and all calls count towards the budget. `recorded_prices`
    are those of other stages. Raises `ConfigError` for a budget in dollars without prices.
    """
    run, configured = config.run, limits_for(config, stage)
    most = min(run.concurrency or backend.limits().concurrency or run.lookahead, run.lookahead)
    gate = Gate(
        most,
        budget=budget_for(config, stage, backend, calls=calls, recorded_prices=recorded_prices),
        waits=waits,
        say=say,
    )
    windows = [
        Window("requests", limits.MINUTE, configured.requests_per_minute or 0),
        Window("tokens", limits.MINUTE, configured.tokens_per_minute or 0),
        Window("requests", limits.DAY, configured.requests_per_day or 0),
        Window("tokens", limits.DAY, configured.tokens_per_day or 0),
    ]
    gate.set_user_limits(window for window in windows if window.limit)
    gate.load_history(calls.recent(limits.DAY, shared_by(config, stage)))
    return gate


def limits_for(config: RunConfig, stage: str) -> LimitOptions:
    """The limits of a stage's provider in the config."""
    table = _own_table(config, stage)
    return config.limits if table is None else table.limits or LimitOptions()


def prices_for(config: RunConfig, backend: Backend | None, stage: str = GENERATE) -> Prices | None:
    """The prices of a stage from the config, or else from the backend; `None` if both are unknown."""
    table: BudgetOptions | AskingTable = _own_table(config, stage) or config.budget
    prompt, completion = table.usd_per_million_prompt_tokens, table.usd_per_million_completion_tokens
    if prompt is not None and completion is not None:
        return Prices(prompt, completion)
    known = (
        call_plugin(f"the backend {type(backend).__name__}", "prices", backend.prices, hint=FIX_AND_RERUN)
        if backend
        else None
    )
    if known is None:
        return None
    return Prices(known.prompt if prompt is None else prompt, known.completion if completion is None else completion)


def budget_for(
    config: RunConfig, stage: str, backend: Backend, *, calls: Calls, recorded_prices: Callable[[str], Prices | None]
) -> Budget:
    """The budget of the run, and within it that of the stage's own backend.

    Raises `ConfigError` for a budget in dollars without prices.
    """
    limits_of_run, prices, shared = config.budget, prices_for(config, backend, stage), shared_by(config, stage)
    own_table = _own_table(config, stage)
    own = own_table.budget if own_table is not None else None
    if prices is None and (limits_of_run.max_usd is not None or (own is not None and own.max_usd is not None)):
        raise _unknown_prices(config, stage)
    here, whole = calls.spent(shared), calls.spent()
    other_tokens, other_usd, counted = 0, 0.0, set(shared)
    for other in STAGES:
        if other in counted:
            continue
        account = shared_by(config, other)
        counted |= set(account)
        spent = calls.spent(account)
        known = recorded_prices(other)
        if limits_of_run.max_usd is not None and spent.requests and known is None:
            raise _unknown_prices(config, other)
        other_tokens += spent.prompt_tokens + spent.completion_tokens
        other_usd += known.cost(spent.prompt_tokens, spent.completion_tokens) if known else 0.0
    bounds = limits_of_run.model_dump(include={*BOUNDS, "max_hours"})
    budget = Budget(**bounds, prices=prices, other_tokens=other_tokens, other_usd=other_usd)
    budget.requests, budget.seconds = whole.requests, whole.seconds
    budget.prompt_tokens, budget.completion_tokens = here.prompt_tokens, here.completion_tokens
    if own is not None:
        budget.own = Budget(**own.model_dump(include=BOUNDS), prices=prices, table=stage, requests=here.requests)
        budget.own.prompt_tokens, budget.own.completion_tokens = here.prompt_tokens, here.completion_tokens
    return budget


def _unknown_prices(config: RunConfig, stage: str) -> ConfigError:
    table, whose = ("budget", "") if not has_own(config, stage) else (stage, f" of the backend of {stage}")
    return ConfigError(
        f"budget.max_usd: the price of tokens is not known{whose}",
        f"Set {table}.usd_per_million_prompt_tokens and {table}.usd_per_million_completion_tokens.",
    )
