"""Says how many instructions of a run a stage left without a result, which no count of candidates shows."""

from __future__ import annotations

from selfinstruct.store import RunStore
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, PREPARE

_MISSING = {CLASSIFY: "a label", INSTANCES: "an answer"}


def coverage(store: RunStore, stage: str) -> str:
    """The instructions that lack a label or an answer, or that have training examples; empty for the other stages."""
    if stage not in (*_MISSING, PREPARE):
        return ""
    whole, done = store.totals(GENERATE).accepted, store.overview().with_results(stage)
    if stage == PREPARE:
        return f"{whole:,} instructions, {done:,} with training examples"
    return f"{whole - done:,} of {whole:,} instructions left without {_MISSING[stage]}" if done < whole else ""
