"""The composition root: a config and a run folder become a running stage."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, Self

from selfinstruct.api import Backend
from selfinstruct.config import Tree, differences, without_secrets
from selfinstruct.config.tables import JudgeTable, PrepareTable
from selfinstruct.engine.answerers import LiveAnswerer
from selfinstruct.engine.events import Events, Observer
from selfinstruct.engine.gate import Gate
from selfinstruct.engine.retry import RetryPolicy
from selfinstruct.engine.runner import Runner
from selfinstruct.errors import ConfigError, RunError, SelfInstructError, Stopped
from selfinstruct.export.contracts import write_contracts
from selfinstruct.plugins.registry import OBSERVERS, Registry
from selfinstruct.run.backends import Backends, Say, prices_for
from selfinstruct.run.settings import (
    Settings,
    initial_facts,
    initial_seeds,
    load,
    read_config_file,
    read_env,
    refuse_unfinished_reprocessing,
    seeds_digest,
)
from selfinstruct.run.stage_builder import StageBuilder, StageParts
from selfinstruct.store import RunStore
from selfinstruct.store.backfill import BATCH, SimilarityBackfill
from selfinstruct.types import GENERATE, JUDGE, PREPARE, Prices, Retry, SeedTask, StageStart, StageSummary

BACKFILL_SECONDS = 2.0
"""Seconds between two looks at whether enough similarities were put off to be worth computing."""


class Run:
    """A run folder, opened for writing with its config."""

    asks = True
    """Whether its stages ask models."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry | None = None,
        backend: Backend | None = None,
        say: Say = lambda line: print(line, file=sys.stderr),
    ) -> None:
        read_env(Path(".env"))
        self.folder = settings.folder
        self.say = say
        self._waits = settings.wait
        self.registry, self.config = load(settings, registry)
        self._settings = settings
        self._given = backend
        self.backends = Backends(self.registry, self.config, backend)
        for plugin in self.registry.broken:
            say(f"plugin '{plugin.name}' is broken and left out: {plugin.broken}")
        self._runner: Runner | None = None
        self._gate: Gate | None = None
        self._interrupted = ""
        if not RunStore.exists(self.folder):
            self._read_seeds()
            for stage in (GENERATE, *([JUDGE] if self.rates else [])):
                assert self.backends.for_stage(stage), "whatever is wrong with it is told before a folder is made"
        self.store = RunStore.open(self.folder)
        try:
            self.seeds = self._begin()
        except BaseException:
            self.store.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
        self.store.close()

    @property
    def rates(self) -> bool:
        """Whether the config says that finished examples are to be rated."""
        config = self.config.stages.get(JUDGE)
        return config is not None and isinstance(config.table, JudgeTable) and config.table.enabled

    @property
    def min_score(self) -> int | None:
        """The score below which `prepare` drops, if the config has one."""
        config = self.config.stages.get(PREPARE)
        return config.table.min_score if config is not None and isinstance(config.table, PrepareTable) else None

    def _begin(self) -> list[SeedTask]:
        """Start a new run, or make sure that this one is the same. One that has asked nothing yet is begun anew."""
        frozen = self._frozen()
        refuse_unfinished_reprocessing(self.store)
        recorded = self.store.fact("config")
        if recorded is None or self.store.is_unused():
            seeds = self._read_seeds()
            name, given = read_config_file(self._settings)
            file: Tree = {"name": name, "tree": without_secrets(given)}
            self.store.create(seeds, **initial_facts(self.registry, self.config, frozen, seeds), file=file)
            return seeds
        if self.store.fact("backend") is None:  # the run was imported, and no model has been asked yet: any may be
            recorded = {**recorded, "backend": frozen["backend"]}
        if found := differences(recorded, frozen):
            self._refuse(found)
        kept = self.store.seeds()
        named = self.config.run.seeds
        same_name = named == self.store.fact("tree").get("run", {}).get("seeds", "builtin")
        if not same_name and seeds_digest(self._read_seeds()) != seeds_digest(kept):
            raise ConfigError(f"{self.folder} was begun with other seeds", "Use another --out for other seeds.")
        if recorded != self.store.fact("config"):
            self.store.record_facts(config=recorded)
        return kept

    def _read_seeds(self) -> list[SeedTask]:
        return initial_seeds(self.registry, self.config)

    def _frozen(self) -> Tree:
        frozen = self.config.frozen()
        if self._given is not None:
            frozen["backend"] = {"use": "given"}
        return frozen

    # --- running stages -----------------------------------------------------------------------------------------------

    async def stage(self, name: str, target: int | None = None, observers: Sequence[object] = ()) -> StageSummary:
        """Run a stage until it is done; the contract files stand in the folder however it ends.

        `target` is for the stage `generate`: how many instructions to have accepted in all. Raises what ended the
        stage early: `Stopped`, `ModelError`, `PluginError`, `RunError`.
        """
        if name != PREPARE and self.asks:
            self.backends.for_stage(name)  # what is wrong with it is told before anything is recorded
        self._keep_or_refuse(name)
        parts = self.parts(name, target)
        events = self._events(observers)
        live = self._live(name, events) if parts.recorded is None else None
        totals = self.store.totals(name)
        spent = (totals.prompt_tokens, totals.completion_tokens)
        events.started(StageStart(name, parts.stage.goal, totals.accepted, totals.requests, parts.size, *spent))
        reason, code = "", 1
        backfill, ended = SimilarityBackfill(self.store), asyncio.Event()
        filling = asyncio.create_task(_backfill_while_running(backfill, ended))
        try:
            if live is not None and self._has_work(parts, totals.accepted):
                await live.open(parts.sampling)
                self.backends.record_description(name, self.store, self.say)
            answerer = live or parts.recorded
            assert answerer is not None
            self._runner = Runner(parts.stage, parts.chain, answerer, self.store, events, parts.bounds)
            if self._interrupted:
                raise Stopped(self._interrupted, "Run the same command again to go on.")
            reason, code = await self._runner.run(), 0
        except SelfInstructError as error:
            reason, code = error.message, error.exit_code
            raise
        finally:
            self._gate = None
            if live is not None:
                await self._close(live, type(self.backends.for_stage(name)).__name__)
            ended.set()
            summary = await self._finish_stage(name, reason, code, backfill, filling)
            events.finished(summary)
        return summary

    def parts(self, name: str, target: int | None) -> StageParts:
        """A stage, built from the config and what the store holds."""
        return StageBuilder(self.registry, self.config, self.store, self.seeds).parts(name, target)

    def _live(self, name: str, events: Events) -> LiveAnswerer:
        run = self.config.run
        if run.concurrency and run.concurrency > run.lookahead:
            self.say(f"no more than {run.lookahead} requests are sent at once: that is this run's lookahead")
        self._gate = self.backends.gate(name, self.store, self._waits, self.say)
        return LiveAnswerer(
            self.backends.for_stage(name), self._gate, self._on_retry(events), RetryPolicy(), self.store.calls()
        )

    async def _close(self, live: LiveAnswerer, name: str) -> None:
        try:
            await live.close()
        except Exception as error:  # what was got is kept, and what ended the stage is the thing to tell
            cause = live.mask(f"{type(error).__name__}: {error}")
            self.say(f"the backend {name} could not be closed: {cause}")

    def _keep_or_refuse(self, name: str) -> None:
        """A stage goes on as it was begun; one that costs nothing is begun anew if its settings have changed."""
        config = self.config.stages.get(name)
        if config is None:
            return
        frozen, recorded = config.frozen(), self.store.fact(f"config.{name}")
        facts: Tree = {f"config.{name}": frozen, "tree": without_secrets(self.config.tree)}
        found = differences(recorded, frozen, name) if recorded is not None and self.store.has_started(name) else []
        if found and name != PREPARE:
            self._refuse(found)
        if name == PREPARE:
            rated = self.store.totals(JUDGE).accepted if self.min_score is not None else 0  # ratings never change
            if found or rated != (self.store.fact("rated") or 0):
                self.store.delete_decisions(PREPARE)
            if self.min_score is not None and not rated:
                self.say(f"no example is rated yet, so that no score counts: selfinstruct judge --out {self.folder}")
            facts["rated"] = rated
        self.store.record_facts(**facts)

    def _refuse(self, found: Sequence[str]) -> NoReturn:
        raise ConfigError(
            [f"{self.folder} was begun with another configuration:", *found[:8]],
            "Use another --out for another configuration, or leave these settings as they were.",
        )

    def _has_work(self, parts: StageParts, accepted: int) -> bool:
        """Whether a model will be needed, as far as that can be told without asking."""
        goal, name = parts.stage.goal, parts.stage.name
        if goal is not None:
            return accepted < goal
        return parts.stage.plan(0, 0) is not None or self.store.next_request_index(name) > len(
            self.store.accepted_totals(name)
        )

    async def _finish_stage(
        self, name: str, reason: str, code: int, backfill: SimilarityBackfill, filling: asyncio.Task[None]
    ) -> StageSummary:
        """Write the contract files; if that fails after another fault, the first fault is the one to tell."""
        try:
            await filling
            await asyncio.to_thread(backfill.fill)
            write_contracts(self.store, self.folder)
        except RunError as error:
            if not code:
                raise
            self.say(error.message)
        finally:
            backfill.close()
        return self.store.summary(name, reason, code)

    def wait_reason(self) -> str:
        """What holds requests back now, and for how long; nothing, if nothing does."""
        return self._gate.wait_reason() if self._gate else ""

    def prices(self, stage: str) -> Prices | None:
        """What tokens cost in a stage that is under way, if that is known."""
        return None if stage == PREPARE else prices_for(self.config, self.backends.for_stage(stage), stage)

    def interrupt(self, why: str = "interrupted") -> None:
        """Stop in good order: nothing more is asked, and replies under way are kept."""
        self._interrupted = why
        if self._runner is not None:
            self._runner.interrupt(why)

    def _on_retry(self, events: Events) -> Callable[[Retry], None]:
        def tell(retry: Retry) -> None:
            self.store.record_retry(retry)
            events.retried(retry)

        return tell

    def _events(self, objects: Sequence[object]) -> Events:
        observers: Mapping[str, list[Observer]] = {hook: self.registry.observers(hook) for hook in OBSERVERS}
        for one in objects:
            for hook in OBSERVERS:
                if callable(method := getattr(one, hook, None)):
                    observers[hook].append((type(one).__name__, method))
        return Events(observers, self.say)


async def _backfill_while_running(backfill: SimilarityBackfill, ended: asyncio.Event) -> None:
    """Compute what was put off, in whole batches, now and then until the stage has ended."""
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), BACKFILL_SECONDS)
        if not ended.is_set():
            await asyncio.to_thread(backfill.fill, BATCH)
