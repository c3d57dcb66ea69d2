"""Runs one stage with its events, deferred similarities and contract files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress

from selfinstruct.engine.batches.rounds import BatchRounds
from selfinstruct.engine.events import Events, Observer
from selfinstruct.engine.runner import Answerer, Runner
from selfinstruct.engine.stages.subjects import SubjectStage
from selfinstruct.errors import WARNING, ModelError, RunError, SelfInstructError, Stopped
from selfinstruct.export.contracts import write_contracts
from selfinstruct.plugins.checks import OBSERVERS
from selfinstruct.plugins.registry import Registry
from selfinstruct.run.backends import Say
from selfinstruct.run.stage_builder import StageParts
from selfinstruct.store import RunStore
from selfinstruct.store.backfill import BATCH, SimilarityBackfill
from selfinstruct.types import ANSWERED, Retry, StageStart, StageSummary

ASK_AGAIN = "Run the same command again: it repeats the requests whose cause of failure may pass."
NOTHING_USABLE = (
    "The replies are kept. To ask again: --set {0}.attempts={1}, with --set run.structured=false if the model cannot "
    "keep to a schema. For another model, take another --out."
)

BACKFILL_SECONDS = 2.0
"""Seconds between checks whether enough deferred similarities have accumulated."""


class StageRun:
    """Runs the stages of one open run, one at a time. After an interrupt it starts no further request."""

    def __init__(self, store: RunStore, say: Say) -> None:
        self._store = store
        self._say = say
        self._runner: Runner | None = None
        self._interrupted = ""
        self.stopped = asyncio.Event()

    async def run(
        self, parts: StageParts, answers: AbstractAsyncContextManager[Answerer], events: Events
    ) -> StageSummary:
        """Run a stage until it is done; the contract files are written however it ends.

        The context manager `answers` is open while the stage runs. If the stage ends early, raises `Stopped`,
        `ModelError`, `PluginError` or `RunError`.
        """

        async def work() -> str:
            async with answers as answerer:
                return await self._settle(parts, answerer, events)

        return await self._run(parts, events, work)

    async def run_in_batches(
        self, build: Callable[[], StageParts], rounds: BatchRounds, events: Events
    ) -> StageSummary:
        """As `run`, for a stage whose requests are answered by batches; `build` builds it from what is in the store."""

        async def work() -> str:
            while await rounds.plan_all(stage := build().stage):
                failed = await rounds.answer_all(stage)
                del stage  # it holds every instruction, and settling builds another
                await self._settle(build().settling_only(), rounds, events, collected=rounds.collected)
                if failed is not None:
                    raise failed
            return "complete"

        return await self._run(build(), events, work)

    async def _settle(
        self, parts: StageParts, answerer: Answerer, events: Events, *, collected: Collection[int] = ()
    ) -> str:
        self._runner = Runner(
            parts.stage,
            parts.chain,
            answerer,
            store=self._store,
            events=events,
            bounds=parts.bounds,
            collected=collected,
        )
        if self._interrupted:
            raise Stopped(self._interrupted, "Run the same command again to continue.")
        return await self._runner.run()

    async def _run(self, parts: StageParts, events: Events, work: Callable[[], Awaitable[str]]) -> StageSummary:
        """Announce a stage, do its work while similarities are computed, write its files, and announce its end."""
        name = parts.stage.name
        totals = self._store.totals(name)
        spent = (totals.prompt_tokens, totals.completion_tokens, totals.cached_tokens)
        events.started(StageStart(name, parts.stage.goal, totals.accepted, totals.requests, parts.size, *spent))
        attempts = parts.stage.attempts if isinstance(parts.stage, SubjectStage) and not parts.recorded else 0
        del parts  # `work` holds what it needs
        reason, code = "", 1
        backfill, ended = SimilarityBackfill(self._store), asyncio.Event()
        filling = asyncio.create_task(_backfill_while_running(backfill, ended))
        try:
            reason, code = await work(), 0
            failed, may_pass = self._store.ledger().failed_requests(name)
            if failed:
                requests, how = "request" if failed == 1 else "requests", "failed" if may_pass else "failed for good"
                reason = f"{reason}, {failed} {requests} {how}"
            in_vain = self._in_vain(name)
            reason += in_vain
            if may_pass:
                raise Stopped(f"{name}: {reason}", ASK_AGAIN)
            if in_vain and attempts and all(rule == ANSWERED for rule, _ in self._store.totals(name).drops):
                raise ModelError(f"{name}: {reason}", NOTHING_USABLE.format(name, attempts + 2))
        except SelfInstructError as error:
            reason, code = error.message, error.exit_code
            raise
        finally:
            ended.set()
            await self._finish(code, backfill, filling)
            summary = self._store.summary(name, reason, code)
            events.finished(summary)
        return summary

    def _in_vain(self, name: str) -> str:
        """That a stage ended without one answer or example that can be used, and why; empty if it has some."""
        totals = self._store.totals(name)
        if totals.accepted or not totals.drops:
            return ""
        (_, reason), count = max(totals.drops.items(), key=lambda drop: drop[1])
        return f", but nothing could be used ({count:,} {reason})"

    def interrupt(self, why: str) -> None:
        """Stop in good order: nothing more is asked, and replies under way are kept."""
        self._interrupted = why
        self.stopped.set()
        if self._runner is not None:
            self._runner.interrupt(why)

    async def _finish(self, code: int, backfill: SimilarityBackfill, filling: asyncio.Task[None]) -> None:
        """Write the contract files. If this fails after another error, the other error is raised."""
        try:
            await filling
            await asyncio.to_thread(backfill.fill)
            if not code or self._store.has_results():  # a start that fails leaves no files
                write_contracts(self._store, self._store.folder)
            self._store.move_log()
        except RunError as error:
            if not code:
                raise
            self._say(f"{WARNING}{error.message}")
        finally:
            backfill.close()


def has_work(store: RunStore, parts: StageParts) -> bool:
    """Whether a stage needs a model, as far as known before it starts."""
    goal, name = parts.stage.goal, parts.stage.name
    if goal is not None:
        return store.totals(name).accepted < goal
    return parts.stage.plan(0, 0) is not None or store.next_request_index(name) > len(store.accepted_totals(name))


def record_retry(store: RunStore, events: Events, retry: Retry) -> None:
    """Journal an attempt that will be repeated, and report it."""
    store.record_retry(retry)
    events.retried(retry)


def gather_events(registry: Registry, observers: Sequence[object], say: Say) -> Events:
    """The events of a stage, with the plugins' observers and objects with methods named like hooks."""
    found: Mapping[str, list[Observer]] = {hook: registry.observers(hook) for hook in OBSERVERS}
    for one in observers:
        for hook in OBSERVERS:
            if callable(method := getattr(one, hook, None)):
                found[hook].append((type(one).__name__, method))
    return Events(found, say)


async def _backfill_while_running(backfill: SimilarityBackfill, ended: asyncio.Event) -> None:
    """Compute deferred similarities in full batches until the stage has ended."""
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), BACKFILL_SECONDS)
        if not ended.is_set():
            await asyncio.to_thread(backfill.fill, BATCH)
