"""Runs a replay: each stage over what the journal holds, and answers of the later stages reused where they can be."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from selfinstruct.app import Run
from selfinstruct.assembly import Parts
from selfinstruct.engine.answer import Recorded
from selfinstruct.replaying.begin import begin_replay, renumbered
from selfinstruct.replaying.diff import Diff, diff_of, pairs_of
from selfinstruct.settings import REPLAY
from selfinstruct.stages.again import Again
from selfinstruct.store import Exchange, RunStore
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, PREPARE, SeedTask

__all__ = ["Replay", "begin_replay"]

GONE = "was:"
"""How the id begins of an instruction that a request is about and that only the replayed run has."""


class Replay(Run):
    """A run that `begin_replay` began. Nothing of it asks a model; a kill costs nothing but time."""

    asks = False

    def _begin(self) -> list[SeedTask]:
        """It was begun, and checked, before."""
        return self.store.seeds()

    def parts(self, name: str, target: int | None) -> Parts:
        """The stage over the journal: it stops where that ends, and no bound of a paid run holds."""
        parts = super().parts(name, target)
        if name == PREPARE:
            return parts
        bounds = replace(parts.bounds, max_candidates=None, patience=sys.maxsize)
        return replace(parts, stage=Again(parts.stage, target), bounds=bounds, recorded=Recorded(self.store, ()))

    async def replay(self, source: RunStore, observers: Sequence[object] = ()) -> Diff:
        """Judge `generate` anew, reuse labels and instances, prepare; raises what `Run.stage` raises."""
        told = self.store.fact(REPLAY)
        if not told["done"]:
            await self.stage(GENERATE, told["target"], observers)
            for stage in (CLASSIFY, INSTANCES):
                if stage in self.config.stages and source.has_begun(stage):
                    self._take(source, stage)
                    await self.stage(stage, None, observers)
            if PREPARE in self.config.stages and source.has_begun(INSTANCES):
                await self.stage(PREPARE, None, observers)
            self._note(done=True)
        return diff_of(source, self.store)

    def _take(self, source: RunStore, stage: str) -> None:
        """Take over what a stage asked about instructions that are here too; once, whatever ends it."""
        taken = self.store.fact(REPLAY)["taken"]
        if stage in taken:
            return
        pairs = pairs_of(source, self.store)
        texts = {instruction.id: instruction.text for instruction in source.instructions()}
        mapped = (_mapped(exchange, pairs, texts) for exchange in source.answered_requests(stage))
        with self.store.at_once():
            for exchange in renumbered(one for one in mapped if one is not None):
                self.store.take_over(exchange)
            self._note(taken=[*taken, stage])

    def _note(self, **facts: Any) -> None:
        self.store.record(**{REPLAY: self.store.fact(REPLAY) | facts})


def _mapped(exchange: Exchange, pairs: Mapping[str, str], texts: Mapping[str, str]) -> Exchange | None:
    """The exchange about the same instructions under their ids here; `None` if none of them is here."""
    named = exchange.body["subjects"]
    if not any(isinstance(one, str) and one in pairs for one in named):
        return None
    subjects = [
        one if not isinstance(one, str) else pairs.get(one) or {"id": f"{GONE}{one}", "text": texts.get(one, "")}
        for one in named
    ]
    return replace(exchange, body={**exchange.body, "subjects": subjects})
