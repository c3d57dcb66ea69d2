"""The composition root: makes and runs stages from a config and a run folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from typing import Self

from selfinstruct.api import Backend
from selfinstruct.config import Tree, differences, without_secrets
from selfinstruct.config.tables import JudgeTable
from selfinstruct.engine.batches.messages import refuse_other_place
from selfinstruct.engine.events import Events
from selfinstruct.engine.gate import Gate
from selfinstruct.engine.live_answerer import LiveAnswerer
from selfinstruct.engine.plugin_calls import is_cancelled
from selfinstruct.engine.retry_policy import RetryPolicy
from selfinstruct.errors import WARNING, ModelError, PluginError, SelfInstructError, Stopped, plugin_cause
from selfinstruct.files.names import RUN_FILE
from selfinstruct.files.outputs import refuse_old_files
from selfinstruct.plugins.registry import Registry
from selfinstruct.run.accounts import has_own
from selfinstruct.run.backends import Backends, Say
from selfinstruct.run.context import make_room_for_run, refuse_completion_model, refuse_small_context
from selfinstruct.run.open_batches import open_rounds
from selfinstruct.run.plugin_notes import report_changed_plugins, report_plugins
from selfinstruct.run.seeds import initial_seeds, kept_seeds, seeds_notes
from selfinstruct.run.settings import (
    ConfigSources,
    Settings,
    initial_facts,
    load,
    locate,
    refuse_unfinished_reprocessing,
    warn_of_keys,
)
from selfinstruct.run.stage_builder import StageBuilder, StageParts
from selfinstruct.run.stage_config import min_score_of, refuse_other_settings, stages_to_come, start_or_continue
from selfinstruct.run.stage_run import StageRun, gather_events, has_work, record_retry
from selfinstruct.run.structured import FreeTextNote, change_form, decide_structured
from selfinstruct.similarity.kernel import kernel
from selfinstruct.store import RunStore
from selfinstruct.store.write_ahead import LOST_LOG
from selfinstruct.types import CLASSIFY, GENERATE, JUDGE, PREPARE, Prices, SeedTask, StageSummary


class Run:
    """A run folder, opened for writing with its config.

    registry    the plugins, if already loaded
    backend     answers instead of the backend that the config names
    sources     the sources of the config, if already read
    must_exist  whether a folder without a run is an error
    say         prints a line for the user

    Raises `ConfigError` for settings, `PluginError` for a component, `RunError` for a folder that cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        registry: Registry | None = None,
        backend: Backend | None = None,
        sources: ConfigSources | None = None,
        must_exist: bool = False,
        say: Say,
    ) -> None:
        self.folder, self.say = settings.folder, say
        self._waits, self.batch_folder = settings.wait, settings.batch_folder
        self._sources = sources or ConfigSources(settings)
        exists = self._sources.recorded.exists
        if must_exist and not exists:
            RunStore.open_readonly(self.folder).close()  # raises the error
        kernel()  # an unknown one is refused before anything is paid
        self.registry, self.config = load(settings, registry, self._sources)
        warn_of_keys(self._sources, say)
        self._given = backend
        self.backends = Backends(self.registry, self.config, backend, locate=partial(locate, sources=self._sources))
        report_plugins(self.registry, self.config, is_new=not exists, say=say)
        self._gate: Gate | None = None
        if not exists:
            refuse_old_files(self.folder, "Choose another --out.")
            initial_seeds(self.registry, self.config, self._sources)
            self.backends.check_all(rates=self.rates, batches=self._in_batches(CLASSIFY))
        self.store = RunStore.open(self.folder)
        if self.store.lost_log:
            say(WARNING + LOST_LOG.format(self.folder / RUN_FILE))
        try:
            self.seeds = self._begin()
        except BaseException as error:
            self.close(error)
            raise
        self._stages = StageRun(self.store, lambda line: self.say(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, *__: object) -> None:
        self.close(error)

    def close(self, error: BaseException | None = None) -> None:
        """Close the store and release the folder. A new run that failed before any reply is removed."""
        self.store.close(discard=error is not None and not isinstance(error, Stopped))

    @property
    def rates(self) -> bool:
        """Whether the config enables rating of examples."""
        config = self.config.stages.get(JUDGE)
        return config is not None and isinstance(config.table, JudgeTable) and config.table.enabled

    @property
    def min_score(self) -> int | None:
        """The score below which `prepare` drops an example; `None` if the config has none."""
        return min_score_of(self.config)

    def _begin(self) -> list[SeedTask]:
        """Start a new run, or check that this run has the same settings. A run without requests starts again."""
        frozen, facts = self._frozen(), self.store.facts
        refuse_unfinished_reprocessing(self.store)
        if not facts.are_recorded or not self.store.has_started():
            seeds, file = initial_seeds(self.registry, self.config, self._sources), self._sources.recordable_file
            self.store.create(seeds, initial_facts(self.registry, self.config, seeds, frozen=frozen, file=file))
            for note in seeds_notes(seeds, self.config, self._sources):
                self.say(note)
            return seeds
        recorded = without_secrets(facts.config)  # an older version recorded headers
        # any model may answer an imported run that none has answered yet, and one that has brought nothing may change
        if facts.run_backend is None or not self.store.totals(GENERATE).accepted:
            recorded = {**recorded, "backend": frozen["backend"]}
        if found := differences(recorded, frozen):
            refuse_other_settings(self.store, found)
        kept = kept_seeds(self.store, self.registry, self.config, sources=self._sources, say=self.say)
        if recorded != facts.config:
            facts.record_again(config=recorded)
        report_changed_plugins(self.store, self.registry, self.say)
        return kept

    def _frozen(self) -> Tree:
        frozen = self.config.frozen(self.store.facts.config)
        if self._given is not None:
            frozen["backend"] = {"use": "given"}
        return frozen

    # --- running stages -----------------------------------------------------------------------------------------------

    async def stage(
        self,
        name: str,
        target: int | None = None,
        observers: Sequence[object] = (),
        *,
        most_requests: int | None = None,
    ) -> StageSummary:
        """Run a stage until it is done. The contract files are written even if it fails.

        `target` is the total number of instructions of `generate`, which the run keeps, and `most_requests` that of
        requests. If the stage ends early, raises `Stopped`, `ModelError`, `PluginError` or `RunError`.
        """
        self.config = self.config.with_target(target) if target else self.config
        if name != PREPARE:
            # an error of the backend is reported before anything is recorded
            backend = self.backends.for_stage(name)
            refuse_completion_model(backend, self.registry, self.config, stage=name, seeds=self.seeds)
            change_form(name, registry=self.registry, config=self.config, store=self.store)
        with self.store.facts.settings_of_accepted():
            start_or_continue(self.store, self.config, name, say=self.say)
            builder = StageBuilder(self.registry, self.config, self.store, seeds=self.seeds)
            events = gather_events(self.registry, [*observers, FreeTextNote(self.say)], self.say)
            if name == PREPARE:
                parts = builder.parts(name)
                assert parts.recorded is not None
                return await self._stages.run(parts, nullcontext(parts.recorded), events)
            live = self._live(name, events)
            structured, failed = await self._structured(name, live)
            with self.backends.tracing(name):
                build = partial(builder.parts, name, target, structured=structured, most_requests=most_requests)
                return await self._run_live(name, build, live, events=events, failed=failed)

    async def _run_live(
        self,
        name: str,
        build: Callable[[], StageParts],
        live: LiveAnswerer,
        *,
        events: Events,
        failed: ModelError | PluginError | None,
    ) -> StageSummary:
        """Run a stage whose requests go to a model, one by one or in batches."""
        if self._in_batches(name):
            return await self._run_in_batches(build, live, events, failed=failed)
        refuse_other_place(self.store.batches.waiting(name), in_folder=None)
        parts = build()
        return await self._stages.run(parts, self._open_live(name, live, parts, failed=failed), events)

    async def _structured(self, name: str, live: LiveAnswerer) -> tuple[bool, ModelError | PluginError | None]:
        """Whether a stage asks with a schema, and what kept the backend from saying so: raised if a model is needed."""
        try:
            return await decide_structured(
                name,
                registry=self.registry,
                config=self.config,
                store=self.store,
                accepts_schema=live.accepts_schema,
            ), None
        except (ModelError, PluginError) as error:
            return False, error

    def _live(self, name: str, events: Events) -> LiveAnswerer:
        if (run := self.config.run).concurrency and run.concurrency > run.lookahead:
            self.say(f"at most {run.lookahead} requests are sent simultaneously, the lookahead of this run")
        self._gate = self.backends.gate(name, self.store, self._waits, say=self.say)
        return LiveAnswerer(
            self.backends.for_stage(name),
            self._gate,
            partial(record_retry, self.store, events),
            policy=RetryPolicy(),
            calls=self.store.calls(),
            is_proven=bool(self.store.totals(name).replies),
            later=stages_to_come(self.store, self.config, name),
        )

    def _in_batches(self, name: str) -> bool:
        """Whether a stage's requests go out in batches: those of `generate` cannot, since each depends on replies."""
        return (self.config.run.batch or self.batch_folder is not None) and name not in (GENERATE, PREPARE)

    async def _run_in_batches(
        self, build: Callable[[], StageParts], live: LiveAnswerer, events: Events, *, failed: SelfInstructError | None
    ) -> StageSummary:
        name, sampling = (parts := build()).stage.name, parts.sampling
        del parts  # it holds every instruction
        try:
            if failed is not None:
                raise failed
            rounds = open_rounds(
                self.config,
                self.backends,
                self.store,
                stage=name,
                sampling=sampling,
                needs=self._make_room(name),
                folder=self.batch_folder,
                wait=self._waits,
                say=lambda line: self.say(line),
                stopped=self._stages.stopped,
            )
            self.backends.record_description(name, self.store, self.say)
            return await self._stages.run_in_batches(build, rounds, events)
        finally:
            await self._close(live, type(self.backends.for_stage(name)).__name__)

    @asynccontextmanager
    async def _open_live(
        self, name: str, live: LiveAnswerer, parts: StageParts, *, failed: SelfInstructError | None
    ) -> AsyncIterator[LiveAnswerer]:
        """Open the stage's model if it is needed, and close it at the end. Raises `failed` if that is set."""
        try:
            if has_work(self.store, parts):
                if failed is not None:
                    raise failed
                needs = self._make_room(name)
                await live.open(parts.sampling)
                refuse_small_context(self.backends.for_stage(name), needs)
                self.backends.record_description(name, self.store, self.say, budget=live.budget)
                self.backends.report_schema(parts.structured, self.say)
            yield live
        except ModelError as error:
            if has_own(self.config, name):
                raise ModelError(f"{name}.backend: {error.message}", error.hint) from None
            raise
        finally:
            self._gate = None
            await self._close(live, type(self.backends.for_stage(name)).__name__)

    def _make_room(self, name: str) -> Mapping[str, int]:
        backend = self.backends.for_stage(name)
        return make_room_for_run(backend, self.registry, self.config, stage=name, seeds=self.seeds)

    async def _close(self, live: LiveAnswerer, name: str) -> None:
        try:
            await live.close()
        except BaseException as error:  # the error that ended the stage is the one to report
            if is_cancelled():
                raise
            self.say(f"the backend {name} could not be closed: {live.mask(plugin_cause(error))}")

    def wait_reason(self) -> str:
        """Why requests wait now, and for how long; empty if they do not wait."""
        return self._gate.wait_reason() if self._gate else ""

    def prices(self, stage: str) -> Prices | None:
        """The prices of a running stage; `None` if unknown."""
        if self.batch_folder is not None and self._in_batches(stage):
            return self.backends.engine_prices(stage)
        return None if stage == PREPARE else self.backends.prices(stage, self.store, self._in_batches(stage))

    def interrupt(self, why: str = "interrupted") -> None:
        """Stop cleanly: no further request is sent, and pending replies are kept."""
        self._stages.interrupt(why)
