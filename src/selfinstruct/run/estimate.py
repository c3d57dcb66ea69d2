"""Estimates the cost of a run from its own prompts, before any request is sent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from selfinstruct.api import Backend, Batches
from selfinstruct.config import RunConfig
from selfinstruct.config.tables import AskTable, ClassifyTable, GenerateTable, JudgeTable
from selfinstruct.engine.gate import Estimator
from selfinstruct.engine.runner import EXPECTED_YIELD
from selfinstruct.engine.stages.generate import GenerateStage
from selfinstruct.engine.stages.ratings import rating_subjects
from selfinstruct.engine.stages.subjects import SubjectStage
from selfinstruct.plugins.registry import Registry
from selfinstruct.run.accounts import windows_for
from selfinstruct.run.backends import prices_for, recorded_backend
from selfinstruct.run.estimated import BackendTerms, Estimate, LaterStage, StageEstimate
from selfinstruct.run.seeds import initial_seeds
from selfinstruct.run.settings import ConfigSources, Settings, load
from selfinstruct.run.stage_builder import StageBuilder
from selfinstruct.store import BackendFacts, RunStore
from selfinstruct.store.database import NoRunError
from selfinstruct.types import (
    CLASSIFY,
    GENERATE,
    INSTANCES,
    JUDGE,
    Example,
    Instruction,
    Request,
    SeedTask,
)

PROMPTS = 16
"""Number of prompts that are written to measure their length."""


ANSWER_TOKENS = {CLASSIFY: 8, INSTANCES: 200, JUDGE: 16}
"""Assumed completion tokens about one subject of a stage, before the first answer."""

FACT_TOKENS = 6
"""Assumed completion tokens of a fact about a task, before the first answer."""


def estimate(
    settings: Settings,
    target: int | None = None,
    *,
    registry: Registry | None = None,
    sources: ConfigSources | None = None,
) -> Estimate:
    """Estimate the cost of `generate`, without writing anything or asking a model."""
    registry, config = load(settings, registry, sources)
    seeds, accepted, requests, replies, shown, recorded, answered = _so_far(settings, registry, config)
    table = config.stages[GENERATE].table
    assert isinstance(table, GenerateTable)
    goal = target or table.target or accepted
    prompt_tokens, most = _sizes(registry, config, seeds)
    seen = requests > 0 and accepted > 0
    a_request = accepted / requests if seen else float(EXPECTED_YIELD)
    count = math.ceil(max(0, goal - accepted) / a_request)
    reply = min(most, math.ceil(shown / replies)) if replies and shown else most
    terms = _terms(registry, config, GENERATE, recorded=recorded)
    prompts, replies_in_all, longest = count * prompt_tokens, count * reply, count * most
    return Estimate(
        target=goal,
        accepted=accepted,
        per_request=a_request,
        seen=seen,
        requests=count,
        prompt_tokens=prompts,
        completion_tokens=replies_in_all,
        most_completion_tokens=longest,
        usd=terms.usd(prompts, replies_in_all),
        most_usd=terms.usd(prompts, longest),
        prices=terms.source,
        seconds=terms.seconds(count, prompts + replies_in_all),
        later=_later(registry, config, seeds, goal=max(goal, accepted), answered=answered),
        billed=terms.billed,
        max_usd=config.budget.max_usd,
    )


def estimate_stage(
    settings: Settings, name: str, *, registry: Registry | None = None, sources: ConfigSources | None = None
) -> StageEstimate:
    """Estimate the cost of a stage from its own prompts, without writing anything or asking a model."""
    registry, config = load(settings, registry, sources)
    with closing(RunStore.open_readonly(settings.folder)) as store:
        parts = StageBuilder(registry, config, store, seeds=store.seeds()).parts(name)
        totals, recorded = store.totals(name), recorded_backend(config, name, store)
    guess, asked = Estimator(), 0
    requests: list[Request] = []
    while (request := parts.stage.plan(len(requests), 0)) is not None:
        parts.stage.on_planned(request)
        requests.append(request)
        asked += len(request.subjects)
    prompt_tokens = sum(guess.prompt_tokens(request) for request in requests)
    most = sum(guess.reply_tokens(request) for request in requests)
    shown = totals.completion_tokens / totals.accepted if totals.accepted else _answer_tokens(config, name)
    reply = min(most, math.ceil(asked * shown))
    terms = _terms(registry, config, name, recorded=recorded)
    subjects = parts.size or 0
    return StageEstimate(
        subjects=subjects,
        answered=subjects - asked,
        requests=len(requests),
        prompt_tokens=prompt_tokens,
        completion_tokens=reply,
        most_completion_tokens=most,
        usd=terms.usd(prompt_tokens, reply),
        most_usd=terms.usd(prompt_tokens, most),
        prices=terms.source,
        seconds=terms.seconds(len(requests), prompt_tokens + reply),
        batch_share=Batches.price_share if terms.backend is not None and terms.backend.takes_batches else None,
        billed=terms.billed,
        max_usd=config.budget.max_usd,
    )


def _terms(registry: Registry, config: RunConfig, stage: str, *, recorded: BackendFacts | None) -> BackendTerms:
    chosen = config.stages[stage].backend or config.backend
    backend: Backend | None = chosen.build(registry) if chosen else None
    reported = backend.limits().windows if backend is not None else ()
    prices = prices_for(config, backend, stage, recorded=recorded) or (recorded.prices if recorded else None)
    return BackendTerms(backend, prices, (*windows_for(config, stage), *reported))


def _later(
    registry: Registry, config: RunConfig, seeds: Sequence[SeedTask], *, goal: int, answered: Mapping[str, int]
) -> dict[str, LaterStage]:
    """What the later stages that a whole run asks the model in need for `goal` instructions, some of them answered.

    The prompts are measured on seed tasks. For `judge`, one example of each instruction is assumed.
    """
    found = {}
    for name in ANSWER_TOKENS:
        table = config.stages[name].table if name in config.stages else None
        if table is None or (isinstance(table, JudgeTable) and not table.enabled):
            continue
        left = max(0, goal - answered.get(name, 0))
        for request in sample_requests(registry, config, name, seeds=seeds):
            count = math.ceil(left / len(request.subjects))
            prompt, completion = count * Estimator().prompt_tokens(request), left * _answer_tokens(config, name)
            usd = _terms(registry, config, name, recorded=None).usd(prompt, completion)
            found[name] = LaterStage(count, prompt, completion, usd)
    return found


def _answer_tokens(config: RunConfig, name: str) -> int:
    table = config.stages[name].table
    return ANSWER_TOKENS[name] + (FACT_TOKENS * len(table.facts) if isinstance(table, ClassifyTable) else 0)


def _so_far(
    settings: Settings, registry: Registry, config: RunConfig
) -> tuple[list[SeedTask], int, int, int, int, BackendFacts | None, Mapping[str, int]]:
    """Seeds, counts of the run so far (accepted, settled requests, replies, completion tokens), its backend, and the
    answers of later stages.
    """
    try:
        with closing(RunStore.open_readonly(settings.folder)) as store:
            totals = store.totals(GENERATE)
            settled = len(store.accepted_totals(GENERATE))
            recorded = recorded_backend(config, GENERATE, store)
            answered = {name: store.totals(name).accepted for name in ANSWER_TOKENS}
            return store.seeds(), totals.accepted, settled, totals.replies, totals.completion_tokens, recorded, answered
    except NoRunError:
        return initial_seeds(registry, config, ConfigSources(settings)), 0, 0, 0, 0, None, {}


def _sizes(registry: Registry, config: RunConfig, seeds: Sequence[SeedTask]) -> tuple[int, int]:
    """Mean tokens of some prompts, and tokens of the longest reply."""
    guess, requests = Estimator(), sample_requests(registry, config, GENERATE, seeds=seeds)
    prompts = [guess.prompt_tokens(request) for request in requests]
    return math.ceil(sum(prompts) / len(prompts)), guess.reply_tokens(requests[0])


def sample_requests(registry: Registry, config: RunConfig, name: str, *, seeds: Sequence[SeedTask]) -> list[Request]:
    """Sample requests of a stage made from the seed tasks, to measure their length. Empty for a stage without requests.

    For `judge`, the instances of seed tasks are the examples.
    """
    stage = config.stages[name]
    if stage.encoder is None:
        return []
    encoder = stage.encoder.build(registry)
    sampling = stage.table.sampling.over(encoder.sampling)
    pool = [Instruction(seed.id, seed.instruction, seed, seed.is_classification) for seed in seeds]
    sampler, reader = stage.sampler.build(registry) if stage.sampler else None, stage.post_processor.build(registry)
    if isinstance(stage.table, AskTable):
        about = rating_subjects(_examples(seeds)) if name == JUDGE else pool
        asked = SubjectStage(
            name,
            about,
            pool,
            encoder=encoder,
            post_processor=reader,
            sampling=sampling,
            seed=config.run.seed,
            sampler=sampler,
            batch=min(stage.table.batch, len(about)),
        )
        first = asked.plan(0, 0)
        return [first] if first else []
    assert sampler is not None
    planned = GenerateStage(
        pool, sampler, encoder, post_processor=reader, sampling=sampling, seed=config.run.seed, goal=None
    )
    return [planned.plan(index, 0) for index in range(PROMPTS)]


def _examples(seeds: Sequence[SeedTask]) -> Iterator[Example]:
    for seed in seeds:
        for instance in seed.instances:
            yield Example(seed.instruction, instance.input, instance.output, seed.is_classification, seed.id)
