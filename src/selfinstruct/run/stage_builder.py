"""Builds each stage from its config and the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from selfinstruct.api import PromptEncoder
from selfinstruct.config import ChosenComponent, RunConfig, StageConfig
from selfinstruct.config.tables import AskTable, ClassifyTable, GenerateTable, PrepareTable
from selfinstruct.engine.filter_chain import FilterChain, NamedFilter
from selfinstruct.engine.named_components import NamedEncoder, NamedPostProcessor, NamedSampler
from selfinstruct.engine.recorded_answerer import RecordedAnswerer
from selfinstruct.engine.runner import Bounds
from selfinstruct.engine.stages.generate import GenerateStage
from selfinstruct.engine.stages.prepare import PrepareStage
from selfinstruct.engine.stages.protocol import Stage
from selfinstruct.engine.stages.ratings import RULE, UNRATED, LowScoreFilter, rating_subjects
from selfinstruct.engine.stages.subjects import AnsweredFilter, SubjectHistory, SubjectStage
from selfinstruct.errors import UsageError
from selfinstruct.plugins.registry import Registry
from selfinstruct.store import RunStore
from selfinstruct.types import (
    ANSWERED,
    CLASSIFY,
    GENERATE,
    INSTANCES,
    JUDGE,
    PREPARE,
    Instruction,
    Sampling,
    SeedTask,
)

HINTS = {
    "": "Choose a recipe with this stage, such as chat.",
    JUDGE: "Add it: --set judge.encoder.use=chat-judge --set judge.post_processor.use=chat-judge",
}
"""Hints for a stage that the recipe does not have."""


@dataclass(frozen=True, slots=True)
class StageParts:
    """A built stage with its parts."""

    stage: Stage
    chain: FilterChain
    bounds: Bounds
    sampling: Sampling
    recorded: RecordedAnswerer | None = None
    size: int | None = None
    """Number of subjects, for a stage that asks about instructions or examples."""
    structured: bool = False
    """Whether requests have a JSON schema."""

    def settling_only(self) -> StageParts:
        """The same stage, which settles what the journal holds and asks nothing new."""
        return replace(self, bounds=replace(self.bounds, most_requests=0))


class StageBuilder:
    """Builds the stages of one run."""

    def __init__(self, registry: Registry, config: RunConfig, store: RunStore, *, seeds: Sequence[SeedTask]) -> None:
        self._registry = registry
        self._config = config
        self._store = store
        self._seeds = [Instruction(seed.id, seed.instruction, seed, seed.is_classification) for seed in seeds]

    def parts(
        self, name: str, target: int | None = None, *, structured: bool = False, most_requests: int | None = None
    ) -> StageParts:
        """Build a stage. Raises `UsageError` if the recipe lacks it, and the errors of its components.

        With `structured`, requests have a JSON schema. `most_requests` is the number of requests in all that it may
        plan; `None` for no limit.
        """
        config = self._config.stages.get(name)
        if config is None:
            raise UsageError(f"this run's recipe has no stage {name}", HINTS.get(name, HINTS[""]))
        builders = {GENERATE: self._generate, PREPARE: self._prepare}
        parts = builders.get(name, self._ask)(name, config, target, structured=structured)
        return replace(parts, bounds=replace(parts.bounds, most_requests=most_requests))

    def _generate(self, name: str, config: StageConfig, target: int | None, *, structured: bool) -> StageParts:  # noqa: ARG002 - as its siblings
        assert isinstance(config.table, GenerateTable)
        assert config.sampler is not None
        assert config.encoder is not None
        encoder = self._encoder(config.encoder, structured)
        sampling = config.table.sampling.over(encoder.sampling)
        stage = GenerateStage(
            self._seeds,
            self._sampler(config.sampler),
            NamedEncoder(self._describe(config.encoder), encoder),
            post_processor=self._post_processor(config),
            sampling=sampling,
            seed=self._config.run.seed,
            goal=target or config.table.target,
            accepted=list(self._store.instructions()),
        )
        table = config.table
        bounds = Bounds(
            self._config.run.lookahead,
            table.max_candidates,
            table.patience,
            table.min_acceptance,
            table.acceptance_window,
        )
        return StageParts(stage, self._chain(config), bounds, sampling, structured=structured)

    def _ask(self, name: str, config: StageConfig, target: int | None, *, structured: bool) -> StageParts:  # noqa: ARG002 - all are asked about
        assert isinstance(config.table, AskTable)
        assert config.encoder is not None
        encoder = self._encoder(config.encoder, structured)
        if isinstance(config.table, ClassifyTable) and config.table.facts:
            encoder = encoder.with_facts(config.table.facts) or encoder
        sampling = config.table.sampling.over(encoder.sampling)
        instructions = self._asked_about(name)
        history = {
            key: SubjectHistory(times, bool(text)) for key, (times, text) in self._store.asked_about(name).items()
        }
        stage = SubjectStage(
            name,
            instructions,
            self._seeds,
            encoder=NamedEncoder(self._describe(config.encoder), encoder),
            post_processor=self._post_processor(config),
            sampling=sampling,
            seed=self._config.run.seed,
            sampler=self._sampler(config.sampler) if config.sampler else None,
            batch=config.table.batch,
            attempts=config.table.attempts,
            history=history,
        )
        answered = [identity for identity, asked in history.items() if asked.answered]
        chain = self._chain(config, [NamedFilter(ANSWERED, AnsweredFilter(answered))])
        bounds = Bounds(self._config.run.lookahead)
        return StageParts(stage, chain, bounds, sampling, size=len(instructions), structured=structured)

    def _asked_about(self, name: str) -> list[Instruction]:
        """The subjects of a stage. For `judge` they include examples that `prepare` dropped for lack of a rating."""
        if name == JUDGE:
            return rating_subjects(self._store.examples_including_dropped(RULE, UNRATED))
        return self.instructions(labelled=name == INSTANCES)

    def _prepare(self, name: str, config: StageConfig, target: int | None, *, structured: bool) -> StageParts:  # noqa: ARG002 - as its siblings
        assert isinstance(config.table, PrepareTable)
        known = {entry.id: entry for entry in self.instructions(labelled=True)}
        places = [place for place in self._store.raw_instances() if place[0] in known]
        seeds = self._seeds if config.table.include_seeds else []
        asked = [*seeds, *(known[subject] for subject, _, _ in places)]
        accepted = [example for _, example in self._store.examples()]
        facts = self._store.ledger().task_facts()
        stage = PrepareStage(asked, self._post_processor(config), accepted, facts=facts)
        recorded = RecordedAnswerer(
            self._store, [None] * len(seeds) + [(index, position) for _, index, position in places]
        )
        last: list[NamedFilter] = []
        if (score := config.table.min_score) is not None:
            last.append(NamedFilter(RULE, LowScoreFilter(self._store.ratings(), score, config.table.unrated == "keep")))
        chain = self._chain(config, last=last)
        bounds = Bounds(self._config.run.lookahead)
        return StageParts(stage, chain, bounds, Sampling(), recorded, len(asked))

    def _describe(self, chosen: ChosenComponent) -> str:
        return self._registry.describe(chosen.kind, chosen.name)

    def _encoder(self, chosen: ChosenComponent, structured: bool) -> PromptEncoder:
        encoder: PromptEncoder = chosen.build(self._registry)
        return (encoder.with_schema() if structured else None) or encoder

    def _sampler(self, chosen: ChosenComponent) -> NamedSampler:
        return NamedSampler(self._describe(chosen), chosen.build(self._registry))

    def _post_processor(self, config: StageConfig) -> NamedPostProcessor:
        chosen = config.post_processor
        return NamedPostProcessor(self._describe(chosen), chosen.build(self._registry))

    def instructions(self, labelled: bool = False) -> list[Instruction]:
        """The accepted instructions, oldest first, with their labels if `labelled`."""
        found = list(self._store.instructions())
        if not labelled:
            return found
        labels = self._store.asked_about(CLASSIFY)
        says: Mapping[str, bool | None] = {"yes": True, "no": False}
        return [Instruction(entry.id, entry.text, None, says.get(labels.get(entry.id, (0, ""))[1])) for entry in found]

    def _chain(
        self, config: StageConfig, first: Sequence[NamedFilter] = (), last: Sequence[NamedFilter] = ()
    ) -> FilterChain:
        rules = [*first, *(NamedFilter(chosen.name, chosen.build(self._registry)) for chosen in config.filters), *last]
        return FilterChain(rules, self._config.run.on_plugin_error == "quarantine")
