"""What a run can say about its data: where it came from, what was asked for, and what became of every candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from selfinstruct import __version__
from selfinstruct.insight.ratings import RatingCounts, count_ratings
from selfinstruct.store import RunStore, Totals
from selfinstruct.store.curated import CuratedRun
from selfinstruct.store.reviews import ReviewCounts as Reviewed
from selfinstruct.types import ENGINE_STAGES, GENERATE, INSTANCES, JUDGE, Json


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The origin of a run's data.

    `models` are those that wrote what was accepted. `config` is the frozen config with a table for each stage that
    was run. `seeds` is the number of seed tasks and `digest` their SHA-256; `own_seeds` says that they are not the
    builtin ones. `totals` are by stage, as are `reviews`, where there are any. `chosen` is the training encoder with
    its options. `judges` are the models that rated examples, and `ratings` what they said as a whole.
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
    own_seeds: bool
    totals: Mapping[str, Totals]
    reviews: Mapping[str, Reviewed]
    chosen: Mapping[str, Json]
    judges: tuple[str, ...]
    ratings: RatingCounts

    def as_config(self) -> dict[str, Any]:
        """A config tree, whole, that starts the same run again."""
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


def run_facts(run: CuratedRun, chosen: Mapping[str, Json]) -> RunFacts:
    """Gather the facts of a run and its reviews."""
    store = run.store
    tree, config = store.fact("tree") or {}, dict(store.fact("config") or {})
    stages = {stage: frozen for stage in ENGINE_STAGES if (frozen := store.fact(f"config.{stage}")) is not None}
    return RunFacts(
        store.fact("version") or __version__,
        str(tree.get("recipe", "chat")),
        store.fact("created_at") or "",
        str((config.get("backend") or {}).get("use", "unknown")),
        _models(store, "backend", GENERATE, INSTANCES),
        config | stages,
        store.fact("plugins") or {},
        len(store.seeds()),
        store.fact("seeds_digest") or "",
        tree.get("run", {}).get("seeds", "builtin") != "builtin",
        {stage: store.totals(stage) for stage in ENGINE_STAGES if store.has_started(stage)},
        run.review_counts,
        chosen,
        _models(store, f"backend.{JUDGE}", JUDGE),
        count_ratings(store.ratings().values()),
    )


def _models(store: RunStore, fact: str, *stages: str) -> tuple[str, ...]:
    """The models as the replies name them; what the backend said of itself where they do not."""
    wrote = [reply.model for stage in stages for _, _, reply in store.decisions_with_replies(stage, "accepted")]
    named = tuple(dict.fromkeys(model for model in wrote if model))
    said = (store.fact(fact) or store.fact("backend") or {}).get("model")
    return named or ((str(said),) if said else ())
