"""The order of the stages: the stages of a whole run, and the input of each stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from selfinstruct.config.tables import PrepareTable
from selfinstruct.engine.stages.ratings import RULE, UNRATED
from selfinstruct.errors import UsageError
from selfinstruct.run.run import Run
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


def require_input(run: Run, stage: str, how_to_run: Callable[[str], str]) -> None:
    """Raise `UsageError` if the run has no input for a stage.

    `how_to_run` says how to run the missing stage, such as "call prepare()". A completed stage has its input and
    passes.
    """
    if stage in NEEDS and stage in run.config.stages and next(_input(run, stage), None) is None:
        missing, source = NEEDS[stage]
        raise UsageError(f"there are no {missing} yet: {how_to_run(source)} first")


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
