"""The one loop: plan requests, send them, record replies, evaluate and settle them in order of requests."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from selfinstruct.engine.events import Events
from selfinstruct.engine.fate_balance import FateBalance
from selfinstruct.engine.filter_chain import ChainResult, FilterChain
from selfinstruct.engine.live_answerer import Answer
from selfinstruct.engine.pending import Answerer, Bounds, PendingRequest, left_of
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, call_plugin, check_request
from selfinstruct.engine.saturation import SaturationMonitor
from selfinstruct.engine.stages.protocol import Stage
from selfinstruct.engine.unproductive import FAILURES_IN_A_ROW, FIRST_FAILURES, UnproductiveReplies, all_failed
from selfinstruct.errors import ModelError, SelfInstructError, Stopped
from selfinstruct.store import CommitFuture, RunStore
from selfinstruct.types import Exhausted, Failure, Reply, Request, Settlement

__all__ = ["Answerer", "Bounds", "Runner"]

EXPECTED_YIELD = 4
"""Expected instructions per request before the first result; later averaged with the results."""

MOST_UNCOMMITTED = 32
"""Settlements that may be waiting for the disk while the next replies are evaluated."""

MOST_AT_ONCE = 32
"""Replies that are evaluated in one call of the evaluation thread."""

EVALUATION_SECONDS_PER_TRIP = 0.02
"""Seconds after which such a call ends, so that the next requests are planned."""


class Runner:
    """Runs one stage over one store. To resume, run it again: recorded replies are not asked for again.

    `collected` are requests whose answers came in a batch: all are settled before a stage ends for replies in vain.
    """

    def __init__(
        self,
        stage: Stage,
        chain: FilterChain,
        answerer: Answerer,
        *,
        store: RunStore,
        events: Events,
        bounds: Bounds,
        collected: Collection[int] = (),
    ) -> None:
        self._stage = stage
        self._chain = chain
        self._answerer = answerer
        self._store = store
        self._events = events
        self._bounds = bounds
        self._collected = collected
        self._sizes = store.accepted_totals(stage.name)
        self._balance = FateBalance(stage.name, store.totals(stage.name), store.evaluated(stage.name))
        evaluated = store.growth().recent_candidate_counts(stage.name, bounds.acceptance_window)
        self._saturation = SaturationMonitor(bounds, self._sizes, evaluated)
        self._unproductive = UnproductiveReplies(self._balance.accepted > 0)
        self._failures, self._most_failures = 0, FIRST_FAILURES
        self._last_failure = (Failure(""), False)
        self._next = len(self._sizes)
        self._next_unasked = store.next_request_index(stage.name)
        self._in_flight: deque[PendingRequest] = deque()
        self._stopping: SelfInstructError | None = None
        self._evaluation_failed: SelfInstructError | None = None
        self._commits: deque[tuple[CommitFuture, Settlement]] = deque()

    def interrupt(self, why: str) -> None:
        """Plan no further request. Calls in flight end, and their replies are kept."""
        self._stopping = self._stopping or Stopped(why, "Run the same command again to continue.")
        self._answerer.stop()

    async def run(self) -> str:
        """Run until the stage is done. Returns the reason in words.

        Raises `Stopped`, `ModelError`, `PluginError` or `RunError`, each after the calls in flight have ended and
        their replies are in the journal.
        """
        self._chain.observe(self._stage.initial_items())
        try:
            return await self._loop()
        finally:
            self._answerer.stop()
            await self._drain()
            await self._announce(0)

    async def _loop(self) -> str:
        while True:
            if self._stage.goal is not None and self._has_reached_goal():
                more = self._balance.accepted - self._stage.goal
                return f"target of {self._stage.goal} reached" + (
                    f" before, the run holds {more} more: for fewer, use another --out" if more else ""
                )
            self._check_bounds()
            while len(self._in_flight) < self._most_in_flight() and self._wants_more():
                if (pending := self._plan()) is None:
                    break
                self._in_flight.append(pending)
            if not self._in_flight:
                if self._stopping:
                    raise self._stopping
                self._check_health(is_complete=True)
                return "complete"
            pending = self._in_flight[0]
            try:
                answer = await pending.get()
            except SelfInstructError as error:
                raise self._stopping or error from None
            if isinstance(answer, Exhausted):
                return answer.message
            await self._settle([(pending, answer), *self._also_answered()])

    def _also_answered(self) -> Iterator[tuple[PendingRequest, Reply | Failure]]:
        """The next pending requests that already have their answers."""
        for pending in islice(self._in_flight, 1, MOST_AT_ONCE):
            answer = pending.known()
            if answer is None:
                return
            yield pending, answer

    def _most_in_flight(self) -> int:
        """Never changes a result, since a request is planned from the pool as it was `lookahead` requests before."""
        return self._bounds.lookahead if self._stage.recorded else self._unproductive.in_flight(self._bounds.lookahead)

    def _has_reached_goal(self) -> bool:
        return self._stage.goal is not None and self._balance.accepted >= self._stage.goal

    def _check_bounds(self) -> None:
        cap = self._bounds.max_candidates
        if cap is not None and self._balance.candidates >= cap:
            raise Stopped(f"the cap of {cap} candidates is reached", "Raise generate.max_candidates to continue.")
        if self._stage.goal is not None and (saturated := self._saturation.reached()) is not None:
            raise Stopped(*saturated)
        self._check_health()

    def _check_health(self, is_complete: bool = False) -> None:
        """Raise an error if replies bring nothing or requests fail. Their subjects get their attempts back."""
        is_vain = is_complete and self._most_failures == FIRST_FAILURES and not self._balance.accepted
        try:
            if is_complete or not self._collected:
                self._unproductive.check(is_complete)
            if self._failures >= (1 if is_vain else self._most_failures) and (is_vain or not self._collected):
                raise all_failed(self._failures, *self._last_failure)
        except (ModelError, Stopped):
            self._store.facts.record_attempts_from(self._stage.name, len(self._sizes))
            raise

    def _wants_more(self) -> bool:
        """Whether to plan another request now. Affects only the cost beyond the goal, never a result."""
        if self._stopping:
            return False
        if self._stage.goal is None or not self._in_flight:
            return True
        a_request = (self._balance.accepted + EXPECTED_YIELD) / (len(self._sizes) + 1)
        return len(self._in_flight) * a_request < (self._stage.goal - self._balance.accepted) * 1.25

    def _plan(self) -> PendingRequest | None:
        index, journal_entry = self._next, None
        if not self._stage.recorded and index < self._next_unasked:
            journal_entry = self._store.journal_entry(self._stage.name, index, self._stage.known)
        if journal_entry is not None:
            request, evaluated, answer = journal_entry.request, journal_entry.evaluated, journal_entry.answer
        elif self._bounds.most_requests is not None and index >= self._bounds.most_requests:
            return None
        else:
            behind = index - self._bounds.lookahead
            size = self._sizes[behind] if behind >= 0 else 0
            about = f"request {index} of {self._stage.name}"
            planned = call_plugin(
                "the sampler or the encoder", about, self._stage.plan, index, size, hint=FIX_AND_RERUN
            )
            if planned is None:
                return None
            check_request(planned)
            request, evaluated, answer = planned, 0, None
        self._next += 1
        self._stage.on_planned(request)
        task = None if answer else asyncio.create_task(self._obtain(request))
        return PendingRequest(request, evaluated, task, answer)

    async def _obtain(self, request: Request) -> Answer:
        """Get the answer to a request.

        The request is in the database before it is sent, and the answer before anything evaluates it. Where an answer
        can be had again at no cost, they are only on their way there, in this order.
        """
        if self._stage.recorded:
            return await self._answerer.answer(request)
        recorded = self._store.record_request(request)
        if not self._answerer.is_repeatable:
            await recorded.wait()
        try:
            answer = await self._answerer.answer(request)
        except SelfInstructError as error:
            self._stopping = self._stopping or error
            self._answerer.stop()
            raise
        if not isinstance(answer, Exhausted):
            recorded = self._store.record_answer(request, answer)
            if not self._answerer.is_repeatable:
                await recorded.wait()
        return answer

    async def _settle(self, ready: Sequence[tuple[PendingRequest, Reply | Failure]]) -> None:
        """Evaluate and settle answers in order, as many as fit into one call of the evaluation thread."""
        if self._evaluation_failed:
            raise self._evaluation_failed
        replies = [(pending, answer) for pending, answer in ready if isinstance(answer, Reply)]
        outcomes = iter(await asyncio.to_thread(self._evaluate_all, replies) if replies else ())
        for pending, answer in ready:
            outcome = next(outcomes, None) if isinstance(answer, Reply) else None
            if isinstance(answer, Reply) and outcome is None:
                break  # the goal was reached, or the time was up: the rest is settled later
            self._settle_one(pending, answer, outcome)
            if self._has_reached_goal():
                break
            self._check_bounds()
        await self._announce(MOST_UNCOMMITTED)

    def _evaluate_all(self, replies: Sequence[tuple[PendingRequest, Reply]]) -> list[ChainResult]:
        """Evaluate replies in order. An error after the first reply is raised later, when that reply comes first.

        Runs in a thread while nothing is settled.
        """
        outcomes: list[ChainResult] = []
        accepted, candidates, began = self._balance.accepted, self._balance.candidates, time.monotonic()
        for pending, reply in replies:
            room, most = left_of(self._stage.goal, accepted), left_of(self._bounds.max_candidates, candidates)
            if outcomes and (time.monotonic() - began > EVALUATION_SECONDS_PER_TRIP or 0 in (room, most)):
                break
            if not self._stage.recorded:  # before it is read, since the reader finds this text in the cache
                pending.has_text = self._unproductive.has_text(reply)
            read = partial(self._stage.read, pending.request, reply)
            try:
                outcome = self._chain.evaluate(read, reply.text, pending.evaluated, room=room, most=most)
            except SelfInstructError as error:
                if not outcomes:
                    raise
                self._evaluation_failed = error
                break
            outcomes.append(outcome)
            accepted += sum(decision.fate == "accepted" for decision in outcome.decisions)
            candidates += len(outcome.decisions)
        return outcomes

    def _settle_one(self, pending: PendingRequest, answer: Reply | Failure, outcome: ChainResult | None) -> None:
        request = pending.request
        is_new = pending.task is not None or request.index in self._collected
        if outcome is None or isinstance(answer, Failure):
            decisions = tuple(self._stage.items_on_failure(request))
            evaluated, complete = len(decisions), True
            self._failures += is_new  # a recorded failure says nothing about the model now
            self._last_failure = (answer if isinstance(answer, Failure) else Failure(""), request.schema is not None)
        else:
            self._failures, self._most_failures = 0, FAILURES_IN_A_ROW
            decisions, evaluated, complete = outcome.decisions, outcome.evaluated, outcome.complete
            if outcome.is_unreadable and (subjects := self._stage.items_on_failure(request)):
                aside = outcome.decisions[0]
                decisions = tuple(
                    replace(subject, fate=aside.fate, reason=aside.reason, evidence=aside.evidence)
                    for subject in subjects
                )
                evaluated = len(decisions)
        self._balance.settle(request, decisions, pending.evaluated, evaluated=evaluated)
        committed = self._store.settle(
            request, decisions, evaluated=evaluated, complete=complete, accepted=self._balance.accepted
        )
        self._stage.on_settled(request, decisions)
        self._in_flight.popleft()
        if complete:
            before = self._sizes[-1] if self._sizes else 0
            self._sizes.append(self._balance.accepted)
            self._saturation.settled(self._balance.accepted - before, evaluated)
        if isinstance(answer, Reply) and not self._stage.recorded:
            self._unproductive.settled(request, answer, decisions, has_text=pending.has_text, is_new=is_new)
        reply, failure = (None, answer.message) if isinstance(answer, Failure) else (answer, "")
        self._commits.append((committed, Settlement(request, reply, decisions, self._balance.accepted, failure)))

    async def _announce(self, allowed: int) -> None:
        """Report committed settlements to observers, waiting until at most `allowed` are not committed."""
        while self._commits and (len(self._commits) > allowed or self._commits[0][0].done()):
            committed, settlement = self._commits.popleft()
            await committed.wait()
            self._events.settled(settlement)

    async def _drain(self) -> None:
        tasks = [pending.task for pending in self._in_flight if pending.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
