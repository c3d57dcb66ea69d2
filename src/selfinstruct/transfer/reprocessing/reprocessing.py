"""Reprocesses a run: runs each stage over the journal again, and reuses the answers of later stages where possible."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Self

from selfinstruct.engine.recorded_answerer import RecordedAnswerer
from selfinstruct.engine.stages.ratings import RULE, UNRATED, rating_subjects
from selfinstruct.engine.stages.reprocessed import GONE, ReprocessedStage
from selfinstruct.run.backends import Say
from selfinstruct.run.plugin_notes import report_changed_plugins
from selfinstruct.run.settings import Settings
from selfinstruct.run.stage_builder import StageBuilder, StageParts
from selfinstruct.run.stage_config import min_score_of, start_or_continue
from selfinstruct.run.stage_run import StageRun, gather_events
from selfinstruct.store import Exchange, ReprocessingFacts, RunStore
from selfinstruct.store.journal import NamedInstruction
from selfinstruct.transfer.reprocessing.checks import begin_reprocessing, renumbered
from selfinstruct.transfer.reprocessing.diff import Diff, diff_of, pairs_of
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE


class Reprocessing:
    """Reads the replies of a run again into a new run. It asks no model, and can be killed and continued at any time.

    source    the run whose replies are read; it is never changed
    out       the folder of the new run; a run that the same reprocessing started is continued
    settings  the settings of the source's folder, with the changes
    target    number of instructions to accept; `None` means all in the replies

    Raises `ConfigError` if the settings change the prompts, and `RunError` if `out` holds something else or the
    source holds nothing that can be reprocessed.
    """

    def __init__(
        self,
        source: RunStore,
        out: Path,
        settings: Settings,
        *,
        target: int | None = None,
        say: Say = lambda line: print(line, file=sys.stderr),
    ) -> None:
        self.say = say
        self._source = source
        self.registry, self.config, self.store = begin_reprocessing(source, out, settings, target=target)
        report_changed_plugins(self.store, self.registry, say)
        self._stages = StageRun(self.store, lambda line: self.say(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the folder of the new run."""
        self.store.close()

    def interrupt(self, why: str = "interrupted") -> None:
        """Stop cleanly. The same reprocessing can continue later."""
        self._stages.interrupt(why)

    async def run(self, observers: Sequence[object] = ()) -> Diff:
        """Evaluate the replies of `generate` again, reuse labels, instances and ratings, then prepare.

        `observers` have methods named like hooks. Raises what ended a stage early: `Stopped`, `PluginError`,
        `RunError`.
        """
        progress = self._progress
        if not progress.is_finished:
            await self._stage(GENERATE, progress.target, observers)
            for stage in (CLASSIFY, INSTANCES):
                if stage in self.config.stages and self._source.has_started(stage):
                    self._copy(stage)
                    await self._stage(stage, None, observers)
            if PREPARE in self.config.stages and self._source.has_started(INSTANCES):
                await self._prepare(observers)
            self.store.facts.update_reprocessing(is_finished=True)
        return diff_of(self._source, self.store)

    @property
    def _progress(self) -> ReprocessingFacts:
        found = self.store.facts.reprocessing
        assert found is not None, "reprocessing started this run"
        return found

    async def _prepare(self, observers: Sequence[object]) -> None:
        """Make the examples, then copy their ratings from the source, and prepare again if ratings are used."""
        await self._stage(PREPARE, None, observers)
        if JUDGE in self.config.stages and self._source.has_started(JUDGE):
            self._copy(JUDGE)
            await self._stage(JUDGE, None, observers)
            if min_score_of(self.config) is not None:
                await self._stage(PREPARE, None, observers)

    async def _stage(self, name: str, target: int | None, observers: Sequence[object]) -> None:
        start_or_continue(self.store, self.config, name, say=self.say)
        parts = self._parts(name, target)
        assert parts.recorded is not None
        await self._stages.run(parts, nullcontext(parts.recorded), gather_events(self.registry, observers, self.say))

    def _parts(self, name: str, target: int | None) -> StageParts:
        """The stage over the journal. It ends with the journal, and the limits of a paid run do not apply."""
        parts = StageBuilder(self.registry, self.config, self.store, seeds=self.store.seeds()).parts(name, target)
        if name == PREPARE:
            return parts
        bounds = replace(parts.bounds, max_candidates=None, patience=sys.maxsize, min_acceptance=None)
        return replace(
            parts, stage=ReprocessedStage(parts.stage, target), bounds=bounds, recorded=RecordedAnswerer(self.store, ())
        )

    def _copy(self, stage: str) -> None:
        """Copy a stage's requests about instructions that the new run has too, in one transaction."""
        copied = self._progress.copied_stages
        if stage in copied:
            return
        if stage == JUDGE:  # an example has the same digest in every run
            here = {
                subject.id: subject.id
                for subject in rating_subjects(self.store.examples_including_dropped(RULE, UNRATED))
            }
        else:
            here = pairs_of(self._source, self.store)
        texts = {instruction.id: instruction.text for instruction in self._source.instructions()}
        mapped = (_mapped(exchange, here, texts) for exchange in self._source.answered_requests(stage))
        with self.store.transaction():
            for exchange in renumbered(one for one in mapped if one is not None):
                self.store.import_exchange(exchange)
            self.store.facts.update_reprocessing(copied_stages=[*copied, stage])


def _mapped(exchange: Exchange, here: Mapping[str, str], texts: Mapping[str, str]) -> Exchange | None:
    """The exchange about the same subjects under their ids here; `None` if none of them is here."""
    named = exchange.body["subjects"]
    if not any((one if isinstance(one, str) else one["id"]) in here for one in named):
        return None
    return replace(exchange, body={**exchange.body, "subjects": [_renamed(one, here, texts) for one in named]})


def _renamed(named: NamedInstruction, here: Mapping[str, str], texts: Mapping[str, str]) -> NamedInstruction:
    identity = named if isinstance(named, str) else named["id"]
    if identity in here:
        return here[identity] if isinstance(named, str) else {**named, "id": here[identity]}
    if identity.startswith(GONE):
        return named
    gone = f"{GONE}{identity}"
    return {"id": gone, "text": texts.get(identity, "")} if isinstance(named, str) else {**named, "id": gone}
