"""Builds each stage from its config and what the store holds: the one place that knows how the parts fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from selfinstruct.api import Backend
from selfinstruct.config import Chosen, RunConfig, StageConfig
from selfinstruct.config.tables import AskTable, GenerateTable, PrepareTable
from selfinstruct.engine import limits
from selfinstruct.engine.answer import Recorded
from selfinstruct.engine.budget import Budget
from selfinstruct.engine.faults import MEND, guard
from selfinstruct.engine.judge import Judge, Rule
from selfinstruct.engine.limits import Gate
from selfinstruct.engine.named import NamedEncoder, NamedPostProcessor, NamedSampler
from selfinstruct.engine.runner import Bounds
from selfinstruct.errors import ConfigError, UsageError
from selfinstruct.registry import Registry
from selfinstruct.stages.base import Stage
from selfinstruct.stages.generate import Generate
from selfinstruct.stages.prepare import Prepare
from selfinstruct.stages.subjects import Answered, AskAbout, Asked
from selfinstruct.store import Calls, RunStore
from selfinstruct.types import (
    CLASSIFY,
    GENERATE,
    INSTANCES,
    PREPARE,
    Instruction,
    Prices,
    Sampling,
    SeedTask,
    Window,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """A stage, ready to be run."""

    stage: Stage
    judge: Judge
    bounds: Bounds
    sampling: Sampling
    recorded: Recorded | None = None


class Assembly:
    """Builds the stages of one run."""

    def __init__(self, registry: Registry, config: RunConfig, store: RunStore, seeds: Sequence[SeedTask]) -> None:
        self._registry = registry
        self._config = config
        self._store = store
        self._seeds = [Instruction(seed.id, seed.instruction, seed, seed.is_classification) for seed in seeds]

    def parts(self, name: str, target: int | None = None) -> Parts:
        """Build a stage; raises `UsageError` if the recipe has none of that name, or what its components raise."""
        config = self._config.stages.get(name)
        if config is None:
            raise UsageError(f"this run's recipe has no stage {name}", "Choose a recipe that has, such as chat.")
        build = {GENERATE: self._generate, CLASSIFY: self._ask, INSTANCES: self._ask, PREPARE: self._prepare}[name]
        return build(name, config, target)

    def _generate(self, name: str, config: StageConfig, target: int | None) -> Parts:  # noqa: ARG002 - as its siblings
        assert isinstance(config.table, GenerateTable)
        assert config.sampler is not None
        assert config.encoder is not None
        encoder = config.encoder.build(self._registry)
        sampling = config.table.sampling.over(encoder.sampling)
        stage = Generate(
            self._seeds,
            self._sampler(config.sampler),
            NamedEncoder(self._told(config.encoder), encoder),
            self._post_processor(config),
            sampling,
            self._config.run.seed,
            target or config.table.target,
            list(self._store.instructions()),
        )
        bounds = Bounds(self._config.run.lookahead, config.table.max_candidates, config.table.patience)
        return Parts(stage, self._judge(config), bounds, sampling)

    def _ask(self, name: str, config: StageConfig, target: int | None) -> Parts:  # noqa: ARG002 - all are asked about
        assert isinstance(config.table, AskTable)
        assert config.encoder is not None
        encoder = config.encoder.build(self._registry)
        sampling = config.table.sampling.over(encoder.sampling)
        history = {key: Asked(times, bool(text)) for key, (times, text) in self._store.asked_about(name).items()}
        stage = AskAbout(
            name,
            self.instructions(labelled=name == INSTANCES),
            self._seeds,
            NamedEncoder(self._told(config.encoder), encoder),
            self._post_processor(config),
            sampling,
            self._config.run.seed,
            self._sampler(config.sampler) if config.sampler else None,
            config.table.batch,
            config.table.attempts,
            history,
        )
        judge = self._judge(config, [Rule("answered", Answered())])
        return Parts(stage, judge, Bounds(self._config.run.lookahead), sampling)

    def _prepare(self, name: str, config: StageConfig, target: int | None) -> Parts:  # noqa: ARG002 - as its siblings
        assert isinstance(config.table, PrepareTable)
        known = {entry.id: entry for entry in self.instructions(labelled=True)}
        places = [place for place in self._store.raw_instances() if place[0] in known]
        seeds = self._seeds if config.table.include_seeds else []
        subjects = [*seeds, *(known[subject] for subject, _, _ in places)]
        accepted = [example for _, example in self._store.examples()]
        stage = Prepare(subjects, self._post_processor(config), accepted)
        recorded = Recorded(self._store, [None] * len(seeds) + [(index, position) for _, index, position in places])
        return Parts(stage, self._judge(config), Bounds(self._config.run.lookahead), Sampling(), recorded)

    def _told(self, chosen: Chosen) -> str:
        return self._registry.told(chosen.kind, chosen.name)

    def _sampler(self, chosen: Chosen) -> NamedSampler:
        return NamedSampler(self._told(chosen), chosen.build(self._registry))

    def _post_processor(self, config: StageConfig) -> NamedPostProcessor:
        chosen = config.post_processor
        return NamedPostProcessor(self._told(chosen), chosen.build(self._registry))

    def instructions(self, labelled: bool = False) -> list[Instruction]:
        """The accepted instructions, oldest first; with what the stage `classify` says of them."""
        found = list(self._store.instructions())
        if not labelled:
            return found
        labels = self._store.asked_about(CLASSIFY)
        says: Mapping[str, bool | None] = {"yes": True, "no": False}
        return [Instruction(entry.id, entry.text, None, says.get(labels.get(entry.id, (0, ""))[1])) for entry in found]

    def _judge(self, config: StageConfig, first: Sequence[Rule] = ()) -> Judge:
        rules = [*first, *(Rule(chosen.name, chosen.build(self._registry)) for chosen in config.filters)]
        return Judge(rules, self._config.run.on_plugin_error == "quarantine")


def gate_for(
    config: RunConfig, backend: Backend, calls: Calls, waits: bool = False, say: Callable[[str], None] = print
) -> Gate:
    """The gate before a backend: as many at once as the config, else the server, else the lookahead allows.

    What `calls` tells of the last day counts against its windows, and all of it against the budget. Raises
    `ConfigError` for a budget in dollars where prices are not known.
    """
    run, told = config.run, config.limits
    most = min(run.concurrency or backend.limits().concurrency or run.lookahead, run.lookahead)
    gate = Gate(most, budget=budget_for(config, backend, calls), waits=waits, say=say)
    windows = [
        Window("requests", limits.MINUTE, told.requests_per_minute or 0),
        Window("tokens", limits.MINUTE, told.tokens_per_minute or 0),
        Window("requests", limits.DAY, told.requests_per_day or 0),
        Window("tokens", limits.DAY, told.tokens_per_day or 0),
    ]
    gate.bound(window for window in windows if window.limit)
    gate.remember(calls.recent(limits.DAY))
    return gate


def prices_for(config: RunConfig, backend: Backend | None) -> Prices | None:
    """What tokens cost, as the config says or else the backend; `None` where neither does."""
    told = config.budget
    prompt, completion = told.usd_per_million_prompt_tokens, told.usd_per_million_completion_tokens
    if prompt is not None and completion is not None:
        return Prices(prompt, completion)
    known = guard(f"the backend {type(backend).__name__}", "prices", backend.prices, hint=MEND) if backend else None
    if known is None:
        return None
    return Prices(known.prompt if prompt is None else prompt, known.completion if completion is None else completion)


def budget_for(config: RunConfig, backend: Backend, calls: Calls) -> Budget:
    """What the run may still cost; raises `ConfigError` for dollars where prices are not known."""
    told, prices, spent = config.budget, prices_for(config, backend), calls.spent()
    if told.max_usd is not None and prices is None:
        raise ConfigError(
            "budget.max_usd: what a token costs is not known",
            "Set budget.usd_per_million_prompt_tokens and budget.usd_per_million_completion_tokens.",
        )
    return Budget(
        told.max_requests,
        told.max_tokens,
        told.max_usd,
        told.max_hours,
        prices,
        spent.requests,
        spent.prompt_tokens,
        spent.completion_tokens,
        spent.seconds,
    )
