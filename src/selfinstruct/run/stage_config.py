"""Decides whether a stage of a run can continue with its settings, and records those with which it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

from selfinstruct.config import RunConfig, differences, without_secrets
from selfinstruct.config.tables import AskingTable, JudgeTable, PrepareTable
from selfinstruct.errors import WARNING, ConfigError
from selfinstruct.store import RunStore
from selfinstruct.types import CLASSIFY, ENGINE_STAGES, GENERATE, JUDGE, PREPARE


def min_score_of(config: RunConfig) -> int | None:
    """The score below which `prepare` drops an example; `None` if the config has none."""
    stage = config.stages.get(PREPARE)
    return stage.table.min_score if stage is not None and isinstance(stage.table, PrepareTable) else None


def stages_to_come(store: RunStore, config: RunConfig, stage: str) -> list[str]:
    """The stages after this one that will ask the same model and have no results yet, so that they can be changed."""
    found = []
    for name in ENGINE_STAGES[ENGINE_STAGES.index(stage) + 1 :]:
        table = config.stages[name].table if name in config.stages else None
        is_asked = isinstance(table, AskingTable) and not (isinstance(table, JudgeTable) and not table.enabled)
        if is_asked and config.stages[name].backend == config.stages[stage].backend and not store.totals(name).accepted:
            found.append(name)
    return found


def start_or_continue(store: RunStore, config: RunConfig, name: str, *, say: Callable[[str], None]) -> None:
    """Record the settings of a stage. Raises `ConfigError` if it started with different ones.

    A stage without results may change its settings, since it may need that. `prepare` costs nothing, so with different
    settings or ratings it starts again.
    """
    stage = config.stages.get(name)
    if stage is None:
        return
    recorded = store.facts.stage_config(name)
    frozen = stage.frozen(recorded)
    has_started = recorded is not None and store.has_started(name)
    found = differences(without_secrets(recorded or {}), frozen, name) if has_started else []
    if found and name != PREPARE and store.totals(name).accepted:
        refuse_other_settings(store, found)
    rated: int | None = None
    if name == PREPARE:
        min_score = min_score_of(config)
        rated = store.totals(JUDGE).accepted if min_score is not None else 0  # a rating never changes
        if found or rated != store.facts.rated:
            store.delete_decisions(PREPARE)
        if min_score is not None and not rated:
            say(
                f"{WARNING}no example is rated yet, so the minimum score has no effect until judge has run: "
                f"selfinstruct judge --out {store.folder}"
            )
    store.facts.record_stage(name, frozen, tree=without_secrets(config.tree), rated=rated)


def refuse_other_settings(store: RunStore, differences: Sequence[str], kind: str = "settings") -> NoReturn:
    """Raise `ConfigError` for a run that started with different settings or seeds."""
    hint = f"Use another --out for other {kind}, or leave these as they were."
    if store.totals(GENERATE).requests <= store.facts.previewed and not store.has_started(CLASSIFY):
        hint = f"It holds nothing but a preview: delete the folder, or use another --out for other {kind}."
    lead = f"{store.folder} started with other {kind}"
    raise ConfigError([f"{lead}:", *differences[:8]] if differences else lead, hint)
