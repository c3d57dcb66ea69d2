"""Who answers each stage, what that provider allows, and what it may cost: the run's backend, and the judge's own."""

from __future__ import annotations

import os
from collections.abc import Callable

from selfinstruct.api import Backend
from selfinstruct.config import ChosenComponent, LimitOptions, RunConfig
from selfinstruct.config.tables import BudgetOptions, JudgeTable
from selfinstruct.engine import gate as limits
from selfinstruct.engine.budget import Budget
from selfinstruct.engine.gate import Gate
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, call_plugin
from selfinstruct.errors import ConfigError, UsageError
from selfinstruct.plugins.registry import Registry
from selfinstruct.store import BackendFacts, Calls, RunStore
from selfinstruct.types import GENERATE, JUDGE, STAGES, Prices, Window

TRACING = ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING")
"""Environment variables that make LangChain send prompts to LangSmith."""

Say = Callable[[str], None]


class Backends:
    """The backends of one run, each built when it is first needed; `given` is one that the caller built."""

    def __init__(self, registry: Registry, config: RunConfig, given: Backend | None = None) -> None:
        self._registry = registry
        self._config = config
        self._run = given
        self._judge: Backend | None = None
        self._told: set[str] = set()
        """The models that the user was told of."""

    def for_stage(self, stage: str) -> Backend:
        """The backend that a stage asks: the run's, or the judge's own; raises `UsageError` if none is chosen."""
        config = self._config.stages.get(stage)
        if config is not None and config.backend is not None:
            self._judge = self._judge or self._build(config.backend)
            return self._judge
        if self._run is None:
            if self._config.backend is None:
                known = ", ".join(offer.component.name for offer in self._registry.offers("backend"))
                raise UsageError("no backend is chosen", f"Name one: --backend NAME. Known: {known}.")
            self._run = self._build(self._config.backend)
        return self._run

    def _build(self, chosen: ChosenComponent) -> Backend:
        built: Backend = chosen.build(self._registry)
        return built

    def gate(self, stage: str, store: RunStore, waits: bool, say: Say) -> Gate:
        """The gate before a stage's backend; raises `ConfigError` for a budget in dollars without prices."""
        other = GENERATE if self._has_own(stage) else JUDGE
        prices = prices_for(self._config, None, other)
        if prices is None:
            known = store.facts.own_backend(other) if self._has_own(other) else store.facts.run_backend
            prices = known.prices if known else None
        return gate_for(self._config, stage, self.for_stage(stage), store.calls(), waits, say, prices)

    def record_description(self, stage: str, store: RunStore, say: Say) -> None:
        """Record what a stage's backend says of itself, and tell the user who answers and who else listens."""
        backend = self.for_stage(stage)
        name = f"the backend {type(backend).__name__}"
        facts = call_plugin(name, "its description", lambda: dict(backend.describe()), hint=FIX_AND_RERUN)
        recorded = BackendFacts(facts, prices_for(self._config, backend, stage))
        store.facts.record_backend(recorded, stage if self._has_own(stage) else "")
        model = str(facts.get("model") or "")
        if model and model not in self._told:
            self._told.add(model)
            say(f"model: {model}" + (f" ({facts['note']})" if facts.get("note") else ""))
        if any(os.environ.get(name, "").lower() in ("1", "true") for name in TRACING):
            if backend.local and not self._config.run.trace:
                os.environ.update(dict.fromkeys(TRACING, "false"))
            else:
                say("LangSmith tracing is switched on in the environment: prompts and replies are sent there")

    def _has_own(self, stage: str) -> bool:
        """Whether a stage asks a backend that no other stage asks."""
        return len(shared_by(self._config, stage)) == 1


def shared_by(config: RunConfig, stage: str) -> tuple[str, ...]:
    """The stages that ask the same backend as this one: the judge may have one of its own."""
    judge = config.stages.get(JUDGE)
    if judge is None or judge.backend is None:
        return STAGES
    return (JUDGE,) if stage == JUDGE else tuple(name for name in STAGES if name != JUDGE)


def gate_for(
    config: RunConfig,
    stage: str,
    backend: Backend,
    calls: Calls,
    waits: bool = False,
    say: Callable[[str], None] = print,
    other: Prices | None = None,
) -> Gate:
    """The gate before a stage's backend: as many at once as the config, else the server, else the lookahead allows.

    What `calls` tells of the last day counts against its windows, and all of it against the budget; `other` are the
    prices of the run's other backend, if it has two. Raises `ConfigError` for a budget in dollars where prices are not
    known.
    """
    run, told = config.run, limits_for(config, stage)
    allowed = call_plugin(f"the backend {type(backend).__name__}", "limits", backend.limits, hint=FIX_AND_RERUN)
    most = min(run.concurrency or allowed.concurrency or run.lookahead, run.lookahead)
    gate = Gate(most, budget=budget_for(config, stage, backend, calls, other), waits=waits, say=say)
    windows = [
        Window("requests", limits.MINUTE, told.requests_per_minute or 0),
        Window("tokens", limits.MINUTE, told.tokens_per_minute or 0),
        Window("requests", limits.DAY, told.requests_per_day or 0),
        Window("tokens", limits.DAY, told.tokens_per_day or 0),
    ]
    gate.set_user_limits(window for window in windows if window.limit)
    gate.load_history(calls.recent(limits.DAY, shared_by(config, stage)))
    return gate


def limits_for(config: RunConfig, stage: str) -> LimitOptions:
    """What the config says that a stage's provider allows."""
    judge = config.stages[stage].table if stage in config.stages else None
    if isinstance(judge, JudgeTable) and judge.backend is not None:
        return judge.limits or LimitOptions()
    return config.limits


def prices_for(config: RunConfig, backend: Backend | None, stage: str = GENERATE) -> Prices | None:
    """What tokens cost in a stage, as the config says or else the backend; `None` where neither does."""
    told: BudgetOptions | JudgeTable = config.budget
    judge = config.stages[stage].table if stage in config.stages else None
    if isinstance(judge, JudgeTable) and judge.backend is not None:
        told = judge
    prompt, completion = told.usd_per_million_prompt_tokens, told.usd_per_million_completion_tokens
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


def budget_for(config: RunConfig, stage: str, backend: Backend, calls: Calls, other: Prices | None = None) -> Budget:
    """What the run may still cost; raises `ConfigError` for dollars where prices are not known."""
    told, prices, shared = config.budget, prices_for(config, backend, stage), shared_by(config, stage)
    here, there = calls.spent(shared), calls.spent([name for name in STAGES if name not in shared])
    if told.max_usd is not None and (prices is None or (there.requests and other is None)):
        whose = "judge" if (stage == JUDGE) == (prices is None) and len(shared) < len(STAGES) else "budget"
        raise ConfigError(
            "budget.max_usd: what a token costs is not known" + (" of the judge's backend" if whose == "judge" else ""),
            f"Set {whose}.usd_per_million_prompt_tokens and {whose}.usd_per_million_completion_tokens.",
        )
    return Budget(
        told.max_requests,
        told.max_tokens,
        told.max_usd,
        told.max_hours,
        prices,
        here.requests + there.requests,
        here.prompt_tokens,
        here.completion_tokens,
        here.seconds,
        there.prompt_tokens + there.completion_tokens,
        other.cost(there.prompt_tokens, there.completion_tokens) if other else 0.0,
    )
