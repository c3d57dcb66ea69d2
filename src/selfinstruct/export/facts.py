"""Collects facts about a run's data for the card: models, config, seeds, and the fates of candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from selfinstruct.insight.ratings import RatingCounts, count_ratings
from selfinstruct.store import RunStore, Totals
from selfinstruct.store.curated import CuratedRun
from selfinstruct.store.reviews import ReviewCounts as Reviewed
from selfinstruct.types import ENGINE_STAGES, GENERATE, INSTANCES, JUDGE, Json


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """The origin of a run's data.

    `models` are those that wrote what was accepted. `config` is the frozen config with a table for each stage that
    was run. `seeds` is the number of seed tasks and `digest` their SHA-256; `seeds_name` is the name of their file,
    empty for the builtin ones. `named_plugins` are the plugins that the config names. `totals` are by stage, as are
    `reviews`, where there are any. `chosen` is the training encoder with its options. `judges` are the models that
    rated examples, and `ratings` what they said as a whole.
    """

    version: str
    recipe: str
    created_at: str
    backend: str
    models: tuple[str, ...]
    config: Mapping[str, Any]
    plugins: Mapping[str, str]
    seeds: int
    digest: str
    seeds_name: str
    named_plugins: tuple[str, ...]
    totals: Mapping[str, Totals]
    reviews: Mapping[str, Reviewed]
    chosen: Mapping[str, Json]
    judges: tuple[str, ...]
    ratings: RatingCounts

    def as_config(self) -> dict[str, Any]:
        """A complete config tree that starts the same run again."""
        stages = {stage: dict(self.config[stage]) for stage in ENGINE_STAGES if stage in self.config}
        if GENERATE in stages:
            stages[GENERATE] |= {"target": max(1, self.totals[GENERATE].accepted)}
        if JUDGE in stages:
            stages[JUDGE] |= {"enabled": True}
        tables = {"run": self.config.get("run", {}), "backend": self.config.get("backend")}
        return tables | stages | {"export": {"encoder": dict(self.chosen)}}

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs to read."""
        return {
            "selfinstruct": self.version,
            "recipe": Path(self.recipe).name,
            "created_at": self.created_at,
            "models": list(self.models),
            **({"judges": list(self.judges), "ratings": asdict(self.ratings)} if self.ratings.rated else {}),
            "seeds": {"count": self.seeds, "sha256": self.digest},
            "plugins": dict(self.plugins),
            **({"reviews": {stage: asdict(counts) for stage, counts in self.reviews.items()}} if self.reviews else {}),
            "config": self.as_config(),
        }


def dataset_facts(run: CuratedRun, chosen: Mapping[str, Json]) -> DatasetFacts:
    """Collect the facts of a run and its reviews."""
    store = run.store
    facts = store.facts
    return DatasetFacts(
        facts.version,
        facts.recipe,
        facts.created_at,
        facts.backend_name or "unknown",
        _models(store, GENERATE, INSTANCES),
        facts.whole_config,
        facts.plugins,
        len(store.seeds()),
        facts.seeds_digest,
        "" if facts.seeds_path == "builtin" else Path(facts.seeds_path).name,
        tuple(_without_folder(name) for name in facts.plugin_paths),
        {stage: store.totals(stage) for stage in ENGINE_STAGES if store.has_started(stage)},
        run.review_counts,
        chosen,
        _models(store, JUDGE),
        count_ratings(store.ratings().values()),
    )


def _without_folder(plugin: str) -> str:
    """A plugin as a command names it in the folder of its file; a module by its name."""
    return f"./{Path(plugin).name}" if plugin.endswith(".py") else plugin


def _models(store: RunStore, *stages: str) -> tuple[str, ...]:
    """The models named in the replies, or else in the backend's description."""
    wrote = [reply.model for stage in stages for _, _, reply in store.decisions_with_replies(stage, "accepted")]
    named = tuple(dict.fromkeys(model for model in wrote if model))
    known = [facts.model for stage in stages if (facts := store.facts.backend(stage)) and facts.model]
    return named or tuple(dict.fromkeys(known))
