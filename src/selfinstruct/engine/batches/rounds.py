"""Has the requests of a stage answered by batches, which changes neither what a stage asks nor how it reads a reply.

Requests go from the journal into files, and results from files into the journal; the runner settles what it finds
there. Each step is in the database before the next one, so a kill at any moment pays for nothing twice.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from selfinstruct.api import Backend
from selfinstruct.api.batches import Batches, BatchStatus, UnknownBatchError
from selfinstruct.engine.batches import messages
from selfinstruct.engine.batches.batch_files import Line, LineFiles
from selfinstruct.engine.batches.batch_folder import FolderBatches
from selfinstruct.engine.batches.calls import (
    TEMPORARY,
    RefusedCallError,
    UnreachableError,
    call_batches,
    file_error,
    find_batch,
)
from selfinstruct.engine.batches.request_lines import BatchLines, custom_id, place_of
from selfinstruct.engine.batches.results import BatchResults
from selfinstruct.engine.budget import Budget
from selfinstruct.engine.gate import Estimator
from selfinstruct.engine.live_answerer import Answer
from selfinstruct.engine.stages.protocol import Stage
from selfinstruct.errors import SelfInstructError, Stopped, UsageError
from selfinstruct.store import RunStore
from selfinstruct.store.batches import SentBatch
from selfinstruct.types import Failure, Reply, Request

POLL_SECONDS = 60.0
"""Seconds between two looks at the batches that are out, where the command waits for them."""

LINES_AT_ONCE = 500
"""Requests or results that are written in one transaction, before the event loop looks for a signal again."""


class BatchRounds:
    """Answers what a stage has planned, until every request has its answer in the journal.

    budget   at the prices of a batch
    size     the most requests that go into one batch
    resend_lost  whether to send the requests of batches again that the provider does not know
    wait     whether to wait for batches that are out; otherwise `answer_all` raises `Stopped`
    say      prints a line for the user
    stopped  set when the user interrupts
    """

    is_repeatable = False

    def __init__(
        self,
        store: RunStore,
        backend: Backend,
        batches: Batches,
        *,
        lines: BatchLines,
        budget: Budget,
        size: int,
        resend_lost: bool,
        wait: bool,
        say: Callable[[str], None],
        stopped: asyncio.Event,
    ) -> None:
        self._store = store
        self._journal = store.batches
        self._backend = backend
        self._batches = batches
        self._in_folder = isinstance(batches, FolderBatches)
        self._lines = lines
        self._budget = budget
        self._estimator = Estimator()
        self._size = min(size, batches.max_requests)
        self._resend_lost = resend_lost
        self._wait = wait
        self._say = say
        self._stopped = stopped
        self._call = partial(call_batches, backend)
        self._failed: SelfInstructError | None = None
        self.collected: set[int] = set()  # the requests that batches have answered

    async def plan_all(self, stage: Stage) -> int:
        """Journal every request that can be planned now, in order; returns how many are not settled."""
        settled, journalled = len(self._store.accepted_totals(stage.name)), self._store.next_request_index(stage.name)
        for index in range(settled, journalled):
            stage.on_planned(self._request(stage, index))
        count = max(settled, journalled)
        while planned := list(islice(self._plan(stage, count), LINES_AT_ONCE)):
            await self._journal.record_requests(planned).wait()
            count += len(planned)
        return count - settled

    def _plan(self, stage: Stage, index: int) -> Iterator[Request]:
        """The requests from this one on that can be planned now."""
        while request := stage.plan(index, 0):
            stage.on_planned(request)
            yield request
            index += 1

    async def answer_all(self, stage: Stage) -> SelfInstructError | None:
        """Have every journalled request of a stage answered; returns why some have no answer yet.

        That is `Stopped` while batches are out, unless it waits for them, and when a budget is used up; `ModelError`
        when the provider refuses a batch.
        """
        self._failed = None
        try:
            while True:
                try:
                    await self._find_lost(stage.name)
                    await self._collect(stage)
                    await self._submit(stage)
                except UnreachableError as error:  # while a batch is out, or may be
                    if not self._wait:
                        raise
                    self._say(error.message)
                if not (sent := self._journal.waiting(stage.name)):
                    return None
                await self._look_again(sent)
        except SelfInstructError as error:
            self._failed = error
        except OSError as error:
            self._failed = file_error(error, self._store.folder)
        return self._failed

    async def answer(self, request: Request) -> Answer:
        """Raise why a request has no answer yet: the runner asks only for those that the journal does not answer."""
        assert self._failed is not None, f"request {request.index} of {request.stage} has no answer"
        raise self._failed

    def stop(self) -> None:
        """Nothing is under way that could be stopped."""

    def _request(self, stage: Stage, index: int) -> Request:
        entry = self._store.journal_entry(stage.name, index, stage.known)
        assert entry is not None, "requests are journalled in order"
        return entry.request

    async def _look_again(self, sent: list[SentBatch]) -> None:
        words = messages.are_out(sent)
        if not self._wait:
            raise Stopped(words, messages.ANSWER_FILES if self._in_folder else messages.COME_BACK)
        self._say(f"{words}: looking again in {POLL_SECONDS:g} s")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), POLL_SECONDS)
        self._check_interrupt()

    def _check_interrupt(self) -> None:
        if self._stopped.is_set():
            raise Stopped("interrupted", messages.COME_BACK)

    # --- to the provider ----------------------------------------------------------------------------------------------

    async def _submit(self, stage: Stage) -> None:
        """Send files of the requests that wait for an answer and are in no batch, as many as the budget allows."""
        out = frozenset[int]().union(*(batch.indexes for batch in self._journal.open(stage.name)))
        waiting = (index for index in self._journal.unanswered(stage.name) if index not in out)
        lines = LineFiles(self._affordable(stage, waiting, self._journal.attempts(stage.name)))
        with TemporaryDirectory(prefix=TEMPORARY, dir=self._store.folder) as folder:
            while await asyncio.to_thread(lines.has_more):
                self._check_interrupt()
                key = uuid.uuid4().hex
                file = Path(folder) / f"{stage.name}-{key}.jsonl"
                with file.open("wb") as opened:
                    held = await asyncio.to_thread(lines.write, opened, self._size, self._batches.max_bytes)
                indexes = [line.index for line in held]
                tokens = (sum(line.prompt_tokens for line in held), sum(line.completion_tokens for line in held))
                share = self._batches.price_share
                await self._journal.record(key, stage.name, indexes, tokens=tokens, price_share=share).wait()
                try:
                    provider = await self._call(self._batches.submit, file, key)
                except RefusedCallError:  # of an error that may pass, nobody knows whether the batch was made
                    await self._journal.withdraw(key).wait()
                    raise
                await self._journal.confirm(key, provider).wait()
                self._say(messages.was_sent(len(held), stage.name, provider=provider, file=file))
                file.unlink(missing_ok=True)

    def _affordable(self, stage: Stage, waiting: Iterator[int], attempts: Mapping[int, int]) -> Iterator[Line]:
        """The lines of waiting requests, until the budget is used up; raises `Stopped` if it has room for none."""
        for out, index in enumerate(waiting):
            request = self._request(stage, index)
            prompt, reply = self._estimator.prompt_tokens(request), self._estimator.reply_tokens(request)
            if not self._budget.allows(prompt, reply, out):
                return
            self._budget.reserve(prompt, reply)
            line = self._lines.encode(request, attempts.get(index, 0) + 1)
            yield Line(index, line, prompt_tokens=prompt, completion_tokens=reply)

    async def _find_lost(self, stage: str) -> None:
        """Find the batches that were under way to the provider when the program was killed, and folders that moved."""
        for batch in self._journal.open(stage):
            if batch.provider and not (self._in_folder and FolderBatches.wrote(batch.provider)):
                continue
            found = await find_batch(self._backend, self._batches, batch, resend_lost=self._resend_lost)
            if found and found != batch.provider:
                await self._journal.confirm(batch.key, found).wait()
            elif not batch.provider:
                self._say(messages.was_not_found(batch, self._in_folder))
                await self._journal.withdraw(batch.key).wait()

    # --- from the provider --------------------------------------------------------------------------------------------

    async def _collect(self, stage: Stage) -> None:
        """Journal the results that are there, and end the batches that will bring no more."""
        refusal: SelfInstructError | None = None
        by_provider: dict[str, list[SentBatch]] = {}
        for batch in self._journal.open(stage.name):
            by_provider.setdefault(batch.provider, []).append(batch)
        messages.refuse_other_place(self._journal.waiting(stage.name), self._in_folder)
        for provider, group in by_provider.items():
            try:
                status = await self._call(self._batches.poll, provider)
                if status.state in ("partial", "ended"):
                    refusal = await self._end(stage, provider, group, status=status) or refusal
            except UnknownBatchError:
                refusal = await self._give_up(stage.name, provider, group) or refusal
                continue
            if status.state == "failed":
                await asyncio.gather(*(self._journal.withdraw(batch.key).wait() for batch in group))
                raise messages.refused_batch(stage.name, provider, status.message)
        if refusal is not None:  # once all are ended, so that none of them says it again to the next command
            raise refusal

    async def _give_up(self, stage: str, provider: str, group: list[SentBatch]) -> UsageError | None:
        """End batches that are not known where they were sent; returns an error if the user has not said so."""
        waiting = [batch for batch in self._journal.waiting(stage) if batch.provider == provider]
        lost = messages.lost_batches(stage, provider, sum(len(batch.indexes) for batch in waiting))
        if not self._resend_lost:
            return lost
        await asyncio.gather(*(self._journal.end(batch.key).wait() for batch in group))
        self._say(f"{lost.message}: they are sent again")
        return None

    async def _end(
        self, stage: Stage, provider: str, group: list[SentBatch], *, status: BatchStatus
    ) -> SelfInstructError | None:
        """Journal the results of batches that share a provider's id, and end those that have all of theirs.

        Returns why the model cannot be used, if that is what all of them say.
        """
        found = await self._record_results(stage, provider, frozenset[int]().union(*(one.indexes for one in group)))
        if status.completed and not found.count and not self._resend_lost:
            raise Stopped(
                f"batch {provider} has ended, but its {status.completed:,} results are not there", messages.COME_BACK
            )
        settled = found.answered | found.seen
        ended = [one for one in group if status.state == "ended" or settled >= one.indexes]
        await asyncio.gather(*(self._journal.end(one.key).wait() for one in ended))
        if found.refusal is not None:
            return found.refusal
        requests = sum(len(one.indexes) for one in ended)
        unanswered = sum(len(one.indexes - found.answered) for one in ended)
        why = status.message or next((fault.message for fault in found.faults.values()), "")
        if requests and unanswered == requests and not (self._in_folder or self._resend_lost):
            raise messages.no_answer(provider, why)
        if unanswered:
            self._say(messages.not_answered(unanswered, provider, why))
        return None

    async def _record_results(self, stage: Stage, provider: str, indexes: frozenset[int]) -> BatchResults:
        """Journal the answers to these requests among a batch's results."""
        found = BatchResults()
        known = indexes.difference(self._journal.unanswered(stage.name))
        found.answered, attempts = set(known), self._journal.attempts(stage.name)
        lines = await self._call(self._batches.fetch, provider, self._store.folder)
        while chunk := await self._call(lambda: list(islice(lines, LINES_AT_ONCE))):
            answers: list[tuple[Request, Reply | Failure]] = []
            for result in found.read(chunk):
                name, index, attempt = place_of(result.custom_id) or ("", -1, 0)
                if name and (name != stage.name or index not in indexes or index in found.answered):
                    continue  # it belongs to another stage, or has its answer
                request = self._request(stage, index) if name else None
                if request is None or custom_id(request, attempt) != result.custom_id:
                    found.strangers += 1
                    continue
                answer = self._lines.decode(request, result)
                if not isinstance(answer, Reply) and attempt <= attempts.get(index, 0):
                    continue  # an earlier attempt, which is why there is this one
                if found.add(answer, request):
                    answers.append((request, answer))
            await self._journal.record_answers(answers).wait()
            self._check_interrupt()
        await self._journal.record_answers(list(found.unexplained_failures())).wait()
        self.collected |= found.answered - known
        for remark in found.remarks(provider):
            self._say(remark)
        return found
