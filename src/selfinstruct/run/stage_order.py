"""The order of the stages: the stages of a whole run, and the input of each stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from selfinstruct.api import mask_secrets
from selfinstruct.config.tables import GenerateTable, PrepareTable
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, call_plugin
from selfinstruct.engine.stages.ratings import RULE, UNRATED
from selfinstruct.errors import ModelError, UsageError
from selfinstruct.run.accounts import backend_key, shared_by
from selfinstruct.run.context import make_room_for_run, refuse_completion_model
from selfinstruct.run.run import Run
from selfinstruct.run.structured import change_form
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE

NEEDS = {
    CLASSIFY: ("instructions", GENERATE),
    INSTANCES: ("instructions", GENERATE),
    PREPARE: ("raw instances", INSTANCES),
    JUDGE: ("training examples", PREPARE),
}
"""The input of each stage, and the stage that makes it."""


def stages_of_whole_run(run: Run) -> list[str]:
    """The stages from seed tasks to training examples.

    `judge` is one of them only if the config enables it. If the config has a minimum score too, `prepare` then runs
    again, so that the score takes effect.
    """
    stages = [GENERATE, CLASSIFY, INSTANCES, PREPARE]
    if run.rates:
        stages.append(JUDGE)
        if run.min_score is not None:
            stages.append(PREPARE)
    return stages


def check_backends_ahead(run: Run, stages: Sequence[str], target: int | None) -> None:
    """Check the backends that `generate` does not ask, as `doctor` does, before that pays for its own.

    A completion model is refused for each stage that needs a chat model, whatever is paid first.

    Raises `ModelError` for the first problem, `PluginError` for a backend that fails in its check, and `ConfigError`
    for a budget in dollars without prices, or a stage that has replies in free text and is to ask for JSON.
    """
    for stage in stages:
        if stage != PREPARE:
            backend = run.backends.for_stage(stage)
            refuse_completion_model(backend, run.registry, run.config, stage=stage, seeds=run.seeds)
            change_form(stage, registry=run.registry, config=run.config, store=run.store)
    table = run.config.stages[GENERATE].table
    goal = target or (table.target if isinstance(table, GenerateTable) else None) or 0
    is_grown = run.store.totals(GENERATE).accepted >= goal
    for stage in stages:
        if stage == PREPARE or GENERATE in shared_by(run.config, stage):
            continue  # what is wrong with the backend of generate shows before anything is paid
        if is_grown and run.store.totals(stage).replies:
            continue
        backend = run.backends.for_stage(stage)
        make_room_for_run(backend, run.registry, run.config, stage=stage, seeds=run.seeds)
        name = f"the backend {type(backend).__name__}"
        diagnosis = call_plugin(name, "its own check", backend.check, hint=FIX_AND_RERUN)
        if (failed := next((check for check in diagnosis.checks if not check.ok), None)) is not None:
            words, hint = (mask_secrets(text, backend.secrets()) for text in (failed.detail, failed.fix))
            raise ModelError(f"{backend_key(run.config, stage)}: {words}", hint)
        if run.batch_folder is None:
            run.backends.refuse_unknown_prices(stage, run.store)


def require_input(run: Run, stage: str, how_to_run: Callable[[str], str]) -> None:
    """Raise `UsageError` if the run has no input for a stage, or labels that `instances` asks by are in a batch.

    `how_to_run` says how to run the missing stage, such as "call prepare()". A completed stage has its input and
    passes.
    """
    if stage in NEEDS and stage in run.config.stages and next(_input(run, stage), None) is None:
        missing, source = NEEDS[stage]
        if source in NEEDS and next(_input(run, source), None) is None:
            source = "run"  # more than one stage is missing
        raise UsageError(f"there are no {missing} yet: {how_to_run(source)} first")
    if stage == INSTANCES and run.store.batches.open(CLASSIFY):
        raise UsageError(f"labels that {INSTANCES} needs are still in a batch: {how_to_run(CLASSIFY)} first")


def _input(run: Run, stage: str) -> Iterator[Any]:
    """The input of a stage."""
    if stage == JUDGE:
        yield from run.store.examples_including_dropped(RULE, UNRATED)
    elif stage == PREPARE:
        table = run.config.stages[PREPARE].table
        if isinstance(table, PrepareTable) and table.include_seeds:
            yield from run.seeds
        yield from run.store.raw_instances()
    else:
        yield from run.store.instructions()
