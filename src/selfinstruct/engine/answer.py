"""Asks the model: waits for leave, retries what may pass, and turns every ending into a value or one clear error."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from selfinstruct.api import Backend
from selfinstruct.engine.faults import MEND, check_completion, check_fault, guard
from selfinstruct.engine.limits import Gate, estimated_tokens
from selfinstruct.errors import ModelError, SelfInstructError, Stopped
from selfinstruct.store import RunStore
from selfinstruct.store.run import clean, now
from selfinstruct.types import Busy, Completion, Exhausted, Failure, Fault, Rejected, Reply, Request, Retry, Sampling

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Answer = Reply | Failure | Exhausted
ROLES = {"system": "system", "user": "human", "assistant": "ai"}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long a request is tried.

    attempts   calls for one request, the first included
    first      seconds before the second call; doubled each time, with jitter
    longest    seconds that any such wait may take
    patience   a provider that asks for a longer wait than this ends the run, resumably
    """

    attempts: int = 6
    first: float = 1.0
    longest: float = 60.0
    patience: float = 600.0

    def wait(self, attempt: int) -> float:
        """Seconds to wait after a failed attempt, counted from 1."""
        bound: float = min(self.longest, self.first * 2.0 ** (attempt - 1))
        return bound * random.uniform(0.5, 1.0)  # noqa: S311 - jitter


class Live:
    """Answers requests by a backend's model.

    `on_retry` is told before each wait. `stop` lets calls in flight end, and their replies be kept, but starts none.
    """

    def __init__(self, backend: Backend, gate: Gate, on_retry: Callable[[Retry], None], policy: RetryPolicy) -> None:
        self._backend = backend
        self._gate = gate
        self._on_retry = on_retry
        self._policy = policy
        self._model: BaseChatModel | None = None
        self._stopped = asyncio.Event()
        self._answers = 0
        self._name = f"the backend {type(backend).__name__}"
        self._broken: SelfInstructError | None = None

    async def open(self, sampling: Sampling) -> None:
        """Make the model; raises `ModelError` if there is none to be had, `PluginError` if the backend is broken."""
        make = self._backend.chat_model
        try:
            self._model = await asyncio.to_thread(guard, self._name, "the model", make, sampling, hint=MEND)
        except SelfInstructError as error:
            raise self._masked(error) from None
        self._learn()

    async def close(self) -> None:
        """Give back the backend's sockets."""
        await self._backend.close()

    def stop(self) -> None:
        """Start no further call."""
        self._stopped.set()

    async def answer(self, request: Request) -> Answer:
        """Ask until there is a reply or a reason why there is none.

        Raises `ModelError` when no request can succeed, `Stopped` when the provider is too busy to go on or `stop` was
        called before the request got its answer.
        """
        answers_before = self._answers
        for attempt in range(1, self._policy.attempts + 1):
            outcome = await self._attempt(request)
            if isinstance(outcome, Busy):
                if attempt == self._policy.attempts:
                    return self._given_up(outcome, attempt, self._answers > answers_before)
                await self._wait(request, attempt, outcome)
            elif isinstance(outcome, Rejected):
                return Failure(self.mask(outcome.message))
            elif isinstance(outcome, Reply):
                self._answers += 1
                return outcome
            elif isinstance(outcome, Exhausted):
                return outcome
            else:
                raise ModelError(self.mask(outcome.message), self.mask(outcome.hint))
        raise AssertionError("a policy allows at least one attempt")

    def mask(self, text: str) -> str:
        """The text without the backend's secrets; nothing of it, if the backend fails to name them."""
        try:
            secrets = [secret for secret in self._backend.secrets() if secret]
        except Exception:
            return "***"
        for secret in secrets:
            text = text.replace(secret, "***")
        return text

    def _masked(self, error: SelfInstructError) -> SelfInstructError:
        return type(error)(self.mask(error.message), self.mask(error.hint))

    async def _attempt(self, request: Request) -> Reply | Fault:
        if self._broken:
            raise self._broken
        ticket = await self._unless_stopped(self._gate.enter(estimated_tokens(request)))
        spent: int | None = None
        try:
            completion = await self._call(request)
            usage = completion.usage
            spent = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0) or None
            return Reply(clean(completion.text), completion.finish, usage, completion.model, now(), completion.details)
        except SelfInstructError as error:
            raise self._masked(error) from None
        except TimeoutError:
            return Busy(f"no answer within {self._backend.timeout:g} s")
        except Exception as error:
            return self._fault(request, error)
        finally:
            self._gate.leave(ticket, spent)
            self._learn()

    def _fault(self, request: Request, error: Exception) -> Fault:
        """What the backend says an exception means; raises `PluginError` if it cannot say."""
        about = f"request {request.index} of {request.stage}"
        try:
            fault = guard(self._name, about, self._backend.read_error, error, hint=MEND)
            return check_fault(self._name, about, fault)
        except SelfInstructError as failed:
            raise self._masked(failed) from None

    def _learn(self) -> None:
        """Take over the provider's limits; a backend that fails to tell them ends the run, but takes no reply along."""
        try:
            limits = guard(self._name, "limits", self._backend.limits, hint=MEND)
            guard(self._name, "limits", lambda: self._gate.learn(limits.windows), hint=MEND)
        except SelfInstructError as error:
            self._broken = self._masked(error)

    async def _call(self, request: Request) -> Completion:
        assert self._model is not None, "open() comes first"
        messages: list[Any] = [(ROLES[message.role], message.text) for message in request.messages]
        about = {"selfinstruct_stage": request.stage, "selfinstruct_request": request.index}
        name = f"selfinstruct {request.stage} {request.index}"
        async with asyncio.timeout(self._backend.timeout):
            message = await self._model.ainvoke(messages, config={"metadata": about, "run_name": name})
        completion = self._backend.read_reply(message)
        check_completion(self._name, f"request {request.index} of {request.stage}", completion)
        return completion

    async def _wait(self, request: Request, attempt: int, busy: Busy) -> None:
        wait = self._policy.wait(attempt)
        if busy.retry_after is not None:
            wait = busy.retry_after
            if wait > self._policy.patience:
                raise _resumable(self.mask(busy.message), wait)
            self._gate.pause(wait)
        self._on_retry(Retry(request.stage, request.index, attempt, wait, self.mask(busy.message)))
        await self._unless_stopped(asyncio.sleep(wait))

    async def _unless_stopped(self, work: Any) -> Any:
        """The result of a wait, or `Stopped` as soon as `stop` is called."""
        if self._stopped.is_set():
            work.close()
            raise Stopped("stopped before this request was sent")
        task = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
            if self._stopped.is_set() and not (task.done() and not task.cancelled()):
                raise Stopped("stopped before this request was sent")
            return task.result()
        finally:
            stopped.cancel()
            if not task.done():
                task.cancel()

    def _given_up(self, busy: Busy, attempts: int, others_succeed: bool) -> Failure:
        """One request that fails while others succeed is a failure of its own; else the provider is down."""
        words = self.mask(busy.message)
        if others_succeed:
            return Failure(f"no answer after {attempts} attempts: {words}")
        raise Stopped(
            f"the provider did not answer in {attempts} attempts: {words}",
            "Nothing is lost: run the same command again when it does.",
        )


class Recorded:
    """Answers requests by texts that the journal holds; `places` are where, `None` where nothing needs to be read."""

    def __init__(self, store: RunStore, places: Sequence[tuple[int, int] | None]) -> None:
        self._store = store
        self._places = places

    async def answer(self, request: Request) -> Answer:
        """The raw text at the request's place, as a reply."""
        place = self._places[request.index]
        if place is None:
            return Reply("", "stop")
        text, finish = self._store.raw_text(*place)
        return Reply(text, finish)

    def stop(self) -> None:
        """Nothing is under way."""


def _resumable(words: str, wait: float) -> Stopped:
    from datetime import datetime, timedelta

    when = (datetime.now().astimezone() + timedelta(seconds=wait)).strftime("%Y-%m-%d %H:%M %Z")
    return Stopped(f"the provider asks to wait until {when}: {words}", "Run the same command again after that.")
