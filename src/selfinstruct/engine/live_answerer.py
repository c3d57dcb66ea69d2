"""Sends requests to the model: waits at the gate, retries, and returns a reply or failure, or raises a clear error."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from selfinstruct.api import Backend, chat
from selfinstruct.engine.budget import Budget, CallJournal
from selfinstruct.engine.completions import CompletionModel, with_messages
from selfinstruct.engine.gate import Estimator, Gate, Ticket
from selfinstruct.engine.masking import SecretMask
from selfinstruct.engine.outage import SLOW, down_hint, outage_hint
from selfinstruct.engine.plugin_calls import (
    FIX_AND_RERUN,
    call_plugin,
    check_completion,
    check_fault,
    is_cancelled,
    plugin_failed,
)
from selfinstruct.engine.retry_policy import Attempts, Breaker, Rejections, RetryPolicy, hint_for, is_refusal
from selfinstruct.engine.unproductive import NO_SCHEMA
from selfinstruct.errors import ModelError, SelfInstructError, Stopped
from selfinstruct.types import (
    Busy,
    Completion,
    Exhausted,
    Failure,
    Fault,
    Rejected,
    Reply,
    Request,
    Retry,
    Sampling,
    Unusable,
    Usage,
)

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["Answer", "LiveAnswerer", "RetryPolicy"]

Answer = Reply | Failure | Exhausted
TOO_LONG = "Lower [{0}.sampling] max_tokens, ask for less in one request, or choose a model with a larger context."
ROLES = {"system": "system", "user": "human", "assistant": "ai"}


class LiveAnswerer:
    """Answers requests with a backend's model.

    `on_retry` is called before each wait. `is_proven` says that the stage has had a reply before. `later` are stages
    that will ask the same model. After `stop` no call starts; calls in flight end and their replies are kept.
    """

    def __init__(
        self,
        backend: Backend,
        gate: Gate,
        on_retry: Callable[[Retry], None],
        *,
        policy: RetryPolicy,
        calls: CallJournal | None = None,
        is_proven: bool = False,
        later: Sequence[str] = (),
    ) -> None:
        self._backend = backend
        self._gate = gate
        self._on_retry = on_retry
        self._policy = policy
        self._calls = calls
        self._is_proven = is_proven
        self._later = later
        self._model: BaseChatModel | CompletionModel | None = None
        self._stopped = asyncio.Event()
        self._answers = 0
        self._breaker, self._rejections = Breaker(policy), Rejections()
        self._estimator = Estimator()
        self._mask = SecretMask(backend)
        self._name = f"the backend {type(backend).__name__}"
        self._broken: SelfInstructError | None = None
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def budget(self) -> Budget:
        """The budget of its calls."""
        return self._gate.budget

    async def open(self, sampling: Sampling) -> None:
        """Create the model. Raises `ModelError` if it cannot be used and `PluginError` if the backend is broken."""
        make = self._backend.chat_model
        try:
            model = await asyncio.to_thread(call_plugin, self._name, "the model", make, sampling, hint=FIX_AND_RERUN)
        except SelfInstructError as error:
            raise self._masked(error) from None
        await asyncio.to_thread(self._mask.learn, model)
        self._model = with_messages(model, sampling)
        self._learn()
        if (left := self._gate.budget.seconds_left()) is not None:
            self._alarm = asyncio.get_running_loop().call_later(left, self._time_is_up)

    async def accepts_schema(self) -> bool:
        """Whether the backend's model keeps its replies to a JSON schema; raises as `open` does."""
        try:
            ask = self._backend.accepts_schema
            return bool(await asyncio.to_thread(call_plugin, self._name, "schemas", ask, hint=FIX_AND_RERUN))
        except SelfInstructError as error:
            raise self._masked(error) from None

    async def close(self) -> None:
        """Close the backend's connections."""
        if self._alarm is not None:
            self._alarm.cancel()
        await self._backend.close()

    @property
    def is_repeatable(self) -> bool:
        """Whether an answer can be had again at no cost."""
        return self._backend.repeatable

    @property
    def _has_answered(self) -> bool:
        return self._is_proven or self._answers > 0

    def stop(self) -> None:
        """Start no further call."""
        self._stopped.set()
        self._gate.close()

    def _time_is_up(self) -> None:
        try:
            self._gate.budget.allows(0, 0, 0)
        except Stopped as error:
            self._gate.close(error)

    async def answer(self, request: Request) -> Answer:
        """Send a request until there is a reply or a final failure.

        Raises `ModelError` if no request can succeed, and `Stopped` if the provider stays too busy or `stop` was called
        before the request was answered.
        """
        answers_before, tries = self._answers, Attempts(self._policy)
        while True:
            began = time.monotonic()
            outcome = await self._attempt(request)
            if isinstance(outcome, Busy):
                tries.count(outcome, time.monotonic() - began)
                self._check_health(outcome)
                if tries.are_used_up:
                    return self._given_up(outcome, tries, self._answers > answers_before)
                await self._wait(request, tries, outcome)
                continue
            self._breaker.succeeded()
            if isinstance(outcome, Rejected):
                if outcome.is_too_long and not self._has_answered:
                    raise ModelError(self.mask(outcome.message), TOO_LONG.format(request.stage))
                return self._rejections.failure(outcome, self.mask(outcome.message))
            if isinstance(outcome, Unusable):
                hint = hint_for(outcome, [request.stage, *self._later])
                raise ModelError(self.mask(outcome.message), self.mask(hint))
            if isinstance(outcome, Reply):
                self._answers += 1
                self._rejections.answered()
            return outcome

    def mask(self, text: str) -> str:
        """The text without the backend's secrets."""
        return self._mask.message(text)

    def _masked(self, error: SelfInstructError) -> SelfInstructError:
        return type(error)(self.mask(error.message), self.mask(error.hint))

    async def _attempt(self, request: Request) -> Reply | Fault:
        if self._broken:
            raise self._broken
        guess = self._estimator
        ticket = await self._gate.enter(request.index, guess.prompt_tokens(request), guess.reply_tokens(request))
        number = 0
        if self._calls is not None:
            tokens = {"prompt_tokens": ticket.prompt_tokens, "completion_tokens": ticket.reply_tokens}
            number = self._calls.sent(request.stage, request.index, **tokens)
        outcome: Reply | Fault | None = None
        try:
            outcome = await self._outcome(request)
            return outcome
        finally:
            self._end(request, ticket, number, outcome=outcome)

    async def _outcome(self, request: Request) -> Reply | Fault:
        try:
            return self._mask.reply(await self._call(request))
        except SelfInstructError as error:
            raise self._masked(error) from None
        except TimeoutError:
            return Busy(f"no answer within {self._backend.timeout:g} s", hint=SLOW)
        except Exception as error:
            return self._fault(request, error)
        except BaseException as error:
            if is_cancelled():
                raise
            about = f"request {request.index} of {request.stage}"
            raise self._masked(plugin_failed(self._name, about, error, hint=FIX_AND_RERUN)) from None

    def _end(self, request: Request, ticket: Ticket, number: int, *, outcome: Reply | Fault | None) -> None:
        """Process the end of a call: update the limits, and replace the reservation by the actual cost."""
        self._learn()  # before the reservation is corrected, since the provider counted all of it too
        usage = Usage(0, 0) if isinstance(outcome, Rejected | Unusable) else None
        refused = isinstance(outcome, Exhausted)  # nothing was sent
        if isinstance(outcome, Reply):
            usage = outcome.usage
            self._estimator.learn(request, usage.prompt_tokens)
            self._gate.speed_up()
        elif isinstance(outcome, Busy):
            refused = outcome.too_many_requests
            if refused:
                self._gate.too_many_requests(ticket)
        spent = self._gate.leave(ticket, usage, refused)
        if self._calls is not None:
            self._calls.ended(
                number,
                prompt_tokens=spent.prompt_tokens or 0,
                completion_tokens=spent.completion_tokens or 0,
                refused=refused,
            )

    def _fault(self, request: Request, error: Exception) -> Fault:
        """The backend's reading of an exception. Raises `PluginError` if the backend fails."""
        about = f"request {request.index} of {request.stage}"
        try:
            fault = call_plugin(self._name, about, self._backend.read_error, error, hint=FIX_AND_RERUN)
            fault = check_fault(self._name, about, fault)
        except SelfInstructError as failed:
            raise self._masked(failed) from None
        if request.schema is not None and chat.refuses_schema(fault.message):
            words = f"the model refuses the JSON schema that {request.stage} asks with: {fault.message}"
            return Unusable(words, NO_SCHEMA)
        if isinstance(fault, Busy) and not (fault.hint or fault.too_many_requests):
            return replace(fault, hint=outage_hint(error))
        return fault

    def _learn(self) -> None:
        """Update the provider's limits. A backend that fails here ends the run, but no reply is lost."""
        try:
            limits = call_plugin(self._name, "limits", self._backend.limits, hint=FIX_AND_RERUN)
            terms = (limits.windows, limits.learning, limits.cached_count)
            call_plugin(self._name, "limits", self._gate.learn, *terms, hint=FIX_AND_RERUN)
        except SelfInstructError as error:
            self._broken = self._masked(error)

    async def _call(self, request: Request) -> Completion:
        assert self._model is not None, "open() comes first"
        messages: list[Any] = [(ROLES[message.role], message.text) for message in request.messages]
        about = {"selfinstruct_stage": request.stage, "selfinstruct_request": request.index}
        name = f"selfinstruct {request.stage} {request.index}"
        more = self._backend.schema_arguments(request.schema) if request.schema is not None else {}
        async with asyncio.timeout(self._backend.timeout):
            message = await self._model.ainvoke(messages, config={"metadata": about, "run_name": name}, **more)
        completion = self._backend.read_reply(message)
        check_completion(self._name, f"request {request.index} of {request.stage}", completion)
        return completion

    async def _wait(self, request: Request, tries: Attempts, busy: Busy) -> None:
        """Wait before the next attempt: all requests if the provider gives a time, otherwise only this one."""
        words = self.mask(busy.message)
        has_wait = busy.retry_after is not None
        wait = self._policy.wait(tries.failed) if busy.retry_after is None else tries.wait_at_least(busy.retry_after)
        if has_wait:
            self._gate.pause(wait, f"the provider asks to wait ({words})")
        else:
            tries.seconds += wait
        self._on_retry(Retry(request.stage, request.index, tries.calls, wait, words))
        if not has_wait and not self._stopped.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), wait)

    def _check_health(self, busy: Busy) -> None:
        """Stop the run if everything fails. Until that is certain, send one request at a time."""
        if is_refusal(busy):
            return
        self._breaker.failed()
        if self._breaker.is_down:
            words = f"all requests failed for {self._policy.down:g} s, most recently: {self.mask(busy.message)}"
            raise Stopped(words, down_hint(busy, self._has_answered))
        if self._breaker.is_open:
            self._gate.send_one_at_a_time()

    def _given_up(self, busy: Busy, tries: Attempts, others_succeed: bool) -> Failure:
        """A failure of this request if others succeed. Otherwise raises `Stopped`, since the provider is down."""
        words, hint = self.mask(busy.message), down_hint(busy, self._has_answered)
        if others_succeed and not is_refusal(busy):
            return Failure(f"no answer after {tries.calls} attempts: {words}", may_pass=True, hint=hint)
        raise Stopped(f"the provider did not answer in {tries.calls} attempts: {words}", hint)
