"""Reprocesses a run: runs each stage over the journal again, and reuses the answers of later stages where possible."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from selfinstruct.engine.answerers import RecordedAnswerer
from selfinstruct.engine.stages.ratings import RULE, UNRATED, rating_subjects
from selfinstruct.engine.stages.reprocessed import GONE, ReprocessedStage
from selfinstruct.run.run import Run
from selfinstruct.run.settings import REPROCESSING
from selfinstruct.run.stage_builder import StageParts
from selfinstruct.store import Exchange, RunStore
from selfinstruct.store.journal import Named
from selfinstruct.transfer.reprocessing.checks import begin_reprocessing, renumbered
from selfinstruct.transfer.reprocessing.diff import Diff, diff_of, pairs_of
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE, SeedTask

__all__ = ["ReprocessedRun", "begin_reprocessing"]


class ReprocessedRun(Run):
    """A run that `begin_reprocessing` began. Nothing of it asks a model; a kill costs nothing but time."""

    asks = False

    def _begin(self) -> list[SeedTask]:
        """It was begun, and checked, before."""
        return self.store.seeds()

    def parts(self, name: str, target: int | None) -> StageParts:
        """The stage over the journal: it stops where that ends, and no bound of a paid run holds."""
        parts = super().parts(name, target)
        if name == PREPARE:
            return parts
        bounds = replace(parts.bounds, max_candidates=None, patience=sys.maxsize, min_acceptance=None)
        return replace(
            parts, stage=ReprocessedStage(parts.stage, target), bounds=bounds, recorded=RecordedAnswerer(self.store, ())
        )

    async def reprocess(self, source: RunStore, observers: Sequence[object] = ()) -> Diff:
        """Judge `generate` anew, reuse labels, instances and ratings, prepare; raises what `Run.stage` raises."""
        told = self.store.fact(REPROCESSING)
        if not told["done"]:
            await self.stage(GENERATE, told["target"], observers)
            for stage in (CLASSIFY, INSTANCES):
                if stage in self.config.stages and source.has_started(stage):
                    self._take(source, stage)
                    await self.stage(stage, None, observers)
            if PREPARE in self.config.stages and source.has_started(INSTANCES):
                await self._prepare(source, observers)
            self._note(done=True)
        return diff_of(source, self.store)

    async def _prepare(self, source: RunStore, observers: Sequence[object]) -> None:
        """Make the examples; then the ratings that the old run had of them, and once more, if ratings decide."""
        await self.stage(PREPARE, None, observers)
        if JUDGE in self.config.stages and source.has_started(JUDGE):
            self._take(source, JUDGE)
            await self.stage(JUDGE, None, observers)
            if self.min_score is not None:
                await self.stage(PREPARE, None, observers)

    def _take(self, source: RunStore, stage: str) -> None:
        """Take over what a stage asked about instructions that are here too; once, whatever ends it."""
        taken = self.store.fact(REPROCESSING)["taken"]
        if stage in taken:
            return
        if stage == JUDGE:  # an example is known by its digest, in every run
            here = {
                subject.id: subject.id
                for subject in rating_subjects(self.store.examples_including_dropped(RULE, UNRATED))
            }
        else:
            here = pairs_of(source, self.store)
        texts = {instruction.id: instruction.text for instruction in source.instructions()}
        mapped = (_mapped(exchange, here, texts) for exchange in source.answered_requests(stage))
        with self.store.transaction():
            for exchange in renumbered(one for one in mapped if one is not None):
                self.store.import_exchange(exchange)
            self._note(taken=[*taken, stage])

    def _note(self, **facts: Any) -> None:
        self.store.record_facts(**{REPROCESSING: self.store.fact(REPROCESSING) | facts})


def _mapped(exchange: Exchange, here: Mapping[str, str], texts: Mapping[str, str]) -> Exchange | None:
    """The exchange about the same subjects under their ids here; `None` if none of them is here."""
    named = exchange.body["subjects"]
    if not any((one if isinstance(one, str) else one["id"]) in here for one in named):
        return None
    return replace(exchange, body={**exchange.body, "subjects": [_renamed(one, here, texts) for one in named]})


def _renamed(named: Named, here: Mapping[str, str], texts: Mapping[str, str]) -> Named:
    identity = named if isinstance(named, str) else named["id"]
    if identity in here:
        return here[identity] if isinstance(named, str) else {**named, "id": here[identity]}
    if identity.startswith(GONE):
        return named
    gone = f"{GONE}{identity}"
    return {"id": gone, "text": texts.get(identity, "")} if isinstance(named, str) else {**named, "id": gone}
