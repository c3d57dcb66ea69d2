"""The backends of a run, with their rate limits, prices and budgets: the run's backend, or the stage's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from selfinstruct.api import Backend, Batches
from selfinstruct.api.secret_finder import mask_data
from selfinstruct.config import ChosenComponent, RunConfig
from selfinstruct.config.tables import AskingTable, BudgetBounds, BudgetOptions
from selfinstruct.engine.batches.request_lines import BatchLines
from selfinstruct.engine.budget import Budget
from selfinstruct.engine.gate import DAY, Gate
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, call_plugin
from selfinstruct.errors import WARNING, ConfigError
from selfinstruct.plugins.registry import Registry, no_backend
from selfinstruct.run.accounts import counts_dollars, has_own, own_table, shared_by, windows_for
from selfinstruct.run.price_table import price_hint, table_prices
from selfinstruct.store import BackendFacts, Calls, RunStore
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, STAGES, Prices, Sampling

TRACING = ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING")
"""Environment variables that make LangChain send prompts to LangSmith."""

BOUNDS = set(BudgetBounds.model_fields)

Say = Callable[[str], None]


def is_traced() -> bool:
    """Whether the environment switches LangSmith's tracing on."""
    return any(os.environ.get(name, "").lower() in ("1", "true") for name in TRACING)


class Backends:
    """The backends of one run, each built when it is first needed. `given` is a backend that the caller made."""

    def __init__(
        self,
        registry: Registry,
        config: RunConfig,
        given: Backend | None = None,
        *,
        locate: Callable[[ConfigError], ConfigError] = lambda error: error,
    ) -> None:
        """`given` answers instead of the configured backend; `locate` names in an error how a setting was given."""
        self._registry = registry
        self._config = config
        self._run = given
        self._locate = locate
        self._own: list[tuple[ChosenComponent, Backend]] = []
        self._reported: set[str] = set()
        """The models that were reported to the user."""
        self._reported_form = ""

    def check_all(self, *, rates: bool, batches: bool) -> None:
        """Build the backends that a new run will ask, so that an error is reported before a folder is made.

        Raises what `for_stage` raises, and `UsageError` if requests that are to go in `batches` cannot.
        """
        later = [name for name in (CLASSIFY, INSTANCES) if batches or has_own(self._config, name)]
        for stage in (GENERATE, *later, *([JUDGE] if rates else [])):
            backend = self.for_stage(stage)
            if batches and stage != GENERATE:
                BatchLines(backend, Sampling())

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
                raise no_backend(self._registry)
            self._run = self._build(self._config.backend)
        return self._run

    def _build(self, chosen: ChosenComponent) -> Backend:
        built: Backend = chosen.build(self._registry)
        return built

    def gate(self, stage: str, store: RunStore, waits: bool, *, say: Say) -> Gate:
        """The gate of a stage's backend. Raises `ConfigError` if other stages have spent an unknown sum of dollars."""

        def recorded_prices(other: str) -> Prices | None:
            facts = recorded_backend(self._config, other, store)
            return prices_for(self._config, None, other) or (facts.prices if facts else None)

        try:
            gate = gate_for(
                self._config,
                stage,
                self.for_stage(stage),
                calls=store.calls(),
                prices=self.prices(stage, store),
                recorded_prices=recorded_prices,
                waits=waits,
                say=say,
            )
        except ConfigError as error:
            raise self._locate(error) from None
        shared = shared_by(self._config, stage)
        for name in STAGES:
            spent = store.batches.spent([name])
            gate.budget.count_batches(spent, gate.budget.prices if name in shared else recorded_prices(name))
            if gate.budget.own is not None and name in shared:
                gate.budget.own.count_batches(spent, gate.budget.prices)
        return gate

    def batch_budget(self, stage: str, store: RunStore, share: float) -> Budget:
        """What a stage's batches may cost, where a token costs a share of its usual price, or nothing."""
        budget = self.gate(stage, store, waits=False, say=print).budget
        if share:
            self.require_prices(stage, store, budget)
        return budget.at_share(share)

    def engine_prices(self, stage: str) -> Prices | None:
        """The prices of the user's own engine: the user's figures, since no table and no provider knows it."""
        return prices_for(self._config, None, stage)

    def prices(self, stage: str, store: RunStore, in_batches: bool = False) -> Prices | None:
        """The prices of a stage, as far as they are known; a run keeps those that it recorded from a table."""
        recorded = recorded_backend(self._config, stage, store)
        prices = prices_for(self._config, self.for_stage(stage), stage, recorded=recorded)
        return prices.at_share(Batches.price_share) if prices and in_batches else prices

    def require_prices(self, stage: str, store: RunStore, budget: Budget) -> None:
        """Set the prices in a budget, now that a model is chosen; `ConfigError` if it needs some and none are known."""
        prices = self.prices(stage, store)
        if prices is None and budget.counts_dollars:
            raise self._locate(unknown_prices(self._config, stage, self.for_stage(stage)))
        budget.set_prices(prices)

    def refuse_unknown_prices(self, stage: str, store: RunStore) -> None:
        """Raise `ConfigError` if a stage's budget needs prices and none are known."""
        if counts_dollars(self._config, stage) and self.prices(stage, store) is None:
            raise self._locate(unknown_prices(self._config, stage, self.for_stage(stage)))

    def tracing(self, stage: str) -> AbstractContextManager[object]:
        """Inside the block LangSmith traces nothing if a stage's backend is local and tracing was not asked for."""
        if not (is_traced() and self._is_private(self.for_stage(stage))):
            return nullcontext()
        from langsmith import tracing_context

        off: AbstractContextManager[object] = tracing_context(enabled=False)
        return off

    def _is_private(self, backend: Backend) -> bool:
        return backend.local and not self._config.run.trace

    def record_description(self, stage: str, store: RunStore, say: Say, *, budget: Budget | None = None) -> None:
        """Record the description of a stage's backend, and print its notes and a warning about tracing.

        In the `budget` its prices are set, which may be known only now. Raises `ConfigError` if that needs some.
        """
        if budget is not None:
            self.require_prices(stage, store, budget)
        backend = self.for_stage(stage)
        name = f"the backend {type(backend).__name__}"
        facts = call_plugin(name, "its description", lambda: dict(backend.describe()), hint=FIX_AND_RERUN)
        facts = mask_data(facts, backend.secrets())
        prices = self.prices(stage, store)
        store.facts.record_backend(BackendFacts(facts, prices), stage if has_own(self._config, stage) else "")
        model = str(facts.get("model") or "")
        if model and model not in self._reported:
            self._reported.add(model)
            say(f"model: {facts['model']}" + (f" ({facts['note']})" if facts.get("note") else ""))
            if prices is not None and prices.source:
                say(f"prices: {prices}")
        if is_traced() and not self._is_private(backend):
            say(f"{WARNING}LangSmith tracing is switched on in the environment: prompts and replies are sent there")

    def report_schema(self, structured: bool, say: Say) -> None:
        """Print whether replies keep to a schema, unless the stage before said the same."""
        form = "JSON that keeps to a schema" if structured else "free text"
        if form != self._reported_form:
            self._reported_form = form
            say(f"replies: {form}")


def gate_for(
    config: RunConfig,
    stage: str,
    backend: Backend,
    *,
    calls: Calls,
    prices: Prices | None,
    recorded_prices: Callable[[str], Prices | None],
    waits: bool = False,
    say: Say = print,
) -> Gate:
    """The gate of a stage's backend. Its concurrency is that of the config, else of the server, else the lookahead.

    The last day of `calls` counts towards the rate limits, and all calls count towards the budget. `recorded_prices`
    are those of other stages. Raises `ConfigError` if one of these has spent an unknown sum under a budget in dollars.
    """
    run, known = config.run, backend.limits()
    gate = Gate(
        known.simultaneous_requests(run.concurrency, run.lookahead),
        budget=budget_for(config, stage, calls=calls, prices=prices, recorded_prices=recorded_prices),
        waits=waits,
        say=say,
    )
    gate.set_user_limits(windows_for(config, stage))
    gate.load_history(calls.recent(DAY, shared_by(config, stage), cached_count=known.cached_count))
    return gate


def recorded_backend(config: RunConfig, stage: str, store: RunStore) -> BackendFacts | None:
    """What the run recorded of a stage's backend; `None` before that answered."""
    return store.facts.own_backend(stage) if has_own(config, stage) else store.facts.run_backend


def prices_for(
    config: RunConfig, backend: Backend | None, stage: str = GENERATE, *, recorded: BackendFacts | None = None
) -> Prices | None:
    """The prices of a stage: the user's figures, and where there is none that which `recorded`, the backend or a table
    knows; `None` if they are unknown.
    """
    table: BudgetOptions | AskingTable = own_table(config, stage) or config.budget
    prompt, completion = table.usd_per_million_prompt_tokens, table.usd_per_million_completion_tokens
    cached = table.usd_per_million_cached_tokens
    if prompt is not None and completion is not None:
        return Prices(prompt, completion, cached)
    known = _known_prices(backend, recorded) if backend else None
    if known is None:
        return None
    if prompt is not None:  # the known price of cached tokens belongs to the known price of the others
        known = replace(known, prompt=prompt, cached=None)
    return replace(
        known,
        completion=known.completion if completion is None else completion,
        cached=known.cached if cached is None else cached,
    )


def _known_prices(backend: Backend, recorded: BackendFacts | None) -> Prices | None:
    """The prices that the run recorded for this model, or else those of the backend or of a table."""
    name = f"the backend {type(backend).__name__}"
    billed = call_plugin(name, "its model", backend.billed_model, hint=FIX_AND_RERUN)
    is_same = recorded is not None and (billed is None or billed.model == recorded.model)
    if is_same and recorded is not None and recorded.prices is not None and recorded.prices.source:
        return recorded.prices
    prices = call_plugin(name, "prices", backend.prices, hint=FIX_AND_RERUN)
    return table_prices(billed) if prices is None and billed is not None else prices


def budget_for(
    config: RunConfig,
    stage: str,
    *,
    calls: Calls,
    prices: Prices | None,
    recorded_prices: Callable[[str], Prices | None],
) -> Budget:
    """The budget of the run, and within it that of the stage's own backend, which has these `prices`.

    Raises `ConfigError` if other stages have spent an unknown sum under a budget in dollars.
    """
    limits_of_run, shared = config.budget, shared_by(config, stage)
    own = table.budget if (table := own_table(config, stage)) is not None else None
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
            raise unknown_prices(config, other)
        other_tokens += spent.prompt_tokens + spent.completion_tokens
        other_usd += known.cost(spent.prompt_tokens, spent.completion_tokens, spent.cached_tokens) if known else 0.0
    bounds = limits_of_run.model_dump(include={*BOUNDS, "max_hours"})
    budget = Budget(**bounds, prices=prices, other_tokens=other_tokens, other_usd=other_usd)
    budget.requests, budget.seconds = whole.requests, whole.seconds
    if own is not None:
        budget.own = Budget(**own.model_dump(include=BOUNDS), prices=prices, table=stage, requests=here.requests)
    for one in (budget, budget.own):
        if one is not None:
            one.prompt_tokens, one.completion_tokens = here.prompt_tokens, here.completion_tokens
            one.cached_tokens = here.cached_tokens
    return budget


def unknown_prices(config: RunConfig, stage: str, backend: Backend | None = None) -> ConfigError:
    """The error for a budget in dollars where a stage's backend has no known prices."""
    table, whose = ("budget", "") if not has_own(config, stage) else (stage, f" of the backend of {stage}")
    settings = f"{table}.usd_per_million_prompt_tokens and {table}.usd_per_million_completion_tokens"
    hint = price_hint(settings, backend.billed_model() if backend else None)
    budget = "budget" if config.budget.max_usd is not None else f"{stage}.budget"
    return ConfigError(f"{budget}.max_usd: the price of tokens is not known{whose}", hint)
