"""Asking a live model: retries, waits, giving up, and keeping secrets; with a backend of a few lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest

from selfinstruct.api import Backend
from selfinstruct.engine.budget import Budget
from selfinstruct.engine.gate import Gate
from selfinstruct.engine.live_answerer import LiveAnswerer, RetryPolicy
from selfinstruct.errors import ModelError, PluginError, Stopped
from selfinstruct.types import (
    GENERATE,
    Busy,
    Completion,
    Exhausted,
    Failure,
    Fault,
    Limits,
    Message,
    Rejected,
    Reply,
    Request,
    Retry,
    Sampling,
    Unusable,
    Usage,
    Window,
)
from tests.engine.clock import Clock, stopped_clock

KEY = "sk-very-secret"


class Says(Exception):
    """An exception of the provider's client; the backend reads it as the fault it carries."""

    def __init__(self, fault: Any) -> None:
        super().__init__(f"HTTP 500 for key {KEY}")
        self.fault = fault


class Model:
    """Gives what a script says for each call: a completion, or an exception."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.calls: list[Any] = []
        self.entered = asyncio.Event()
        self.released = asyncio.Event()
        self.released.set()

    async def ainvoke(self, messages: Any, config: Any) -> Any:
        self.calls.append((messages, config))
        self.entered.set()
        await self.released.wait()
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(said, BaseException):
            raise said
        return said


class Provider(Backend):
    def __init__(self, model: Any) -> None:
        self.model = model
        self.reported = Limits()

    def chat_model(self, sampling: Sampling) -> Any:
        if isinstance(self.model, Exception):
            raise self.model
        return self.model

    def read_reply(self, message: Any) -> Completion:
        completion: Completion = message
        return completion

    def read_error(self, error: Exception) -> Fault:
        assert isinstance(error, Says), error
        fault: Fault = error.fault
        return fault

    def limits(self) -> Limits:
        return self.reported

    def secrets(self) -> Sequence[str]:
        return ("", KEY)


GOOD = Completion("1. A task.", "stop", Usage(20, 10), "m", {"id": "x"})
REQUEST = Request(GENERATE, 7, (Message("system", "s"), Message("user", "u"), Message("assistant", "a")))
BUSY = Says(Busy(f"overloaded; key {KEY}"))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stopped_clock(monkeypatch)


class BackendProbe:
    """A live answerer over a scripted model, and the retries that it announced."""

    def __init__(self, *script: Any, clock: Callable[[], float] | None = None, concurrency: int = 4) -> None:
        self.model = Model(*script)
        self.backend = Provider(self.model)
        self.gate = Gate(concurrency, clock) if clock else Gate(concurrency)
        self.retries: list[Retry] = []
        self.live = LiveAnswerer(self.backend, self.gate, self.retries.append, policy=RetryPolicy())

    async def answer(self, request: Request = REQUEST) -> Any:
        if not self.model.calls:
            await self.live.open(Sampling())
        return await self.live.answer(request)


# --- answers ----------------------------------------------------------------------------------------------------------


async def test_a_reply_is_what_the_backend_read() -> None:
    reply = await BackendProbe(GOOD).answer()
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish, reply.usage, reply.model, reply.details) == (
        "1. A task.",
        "stop",
        Usage(20, 10),
        "m",
        {"id": "x"},
    )
    assert datetime.fromisoformat(reply.created_at).tzinfo is not None


async def test_the_model_gets_the_messages_and_the_request_s_place() -> None:
    asked = BackendProbe(GOOD)
    await asked.answer()
    ((messages, config),) = asked.model.calls
    assert messages == [("system", "s"), ("human", "u"), ("ai", "a")]
    assert config["metadata"] == {"selfinstruct_stage": "generate", "selfinstruct_request": 7}


async def test_a_refused_request_is_a_failure() -> None:
    asked = BackendProbe(Says(Rejected("too long")))
    assert await asked.answer() == Failure("too long")
    assert len(asked.model.calls) == 1


async def test_the_end_of_a_recording_is_no_failure() -> None:
    assert await BackendProbe(Says(Exhausted("ended"))).answer() == Exhausted("ended")


async def test_an_unusable_model_ends_the_run_with_a_hint() -> None:
    asked = BackendProbe(Says(Unusable("wrong key", "Set the key.")))
    with pytest.raises(ModelError, match="wrong key") as caught:
        await asked.answer()
    assert caught.value.hint == "Set the key."
    assert len(asked.model.calls) == 1, "a bad key is not tried twice"


async def test_half_a_surrogate_pair_in_a_reply_is_replaced_before_it_is_judged() -> None:
    reply = await BackendProbe(Completion("half \ud83d")).answer()
    assert reply.text == "half \ufffd"


# --- retries ----------------------------------------------------------------------------------------------------------


async def test_a_busy_provider_is_asked_again_after_growing_waits(clock: Clock) -> None:
    asked = BackendProbe(BUSY, BUSY, BUSY, GOOD, clock=clock)
    assert isinstance(await asked.answer(), Reply)
    assert clock.sleeps == [retry.wait for retry in asked.retries]
    assert [(retry.stage, retry.index, retry.attempt) for retry in asked.retries] == [
        ("generate", 7, 1),
        ("generate", 7, 2),
        ("generate", 7, 3),
    ]
    assert all(0.5 * 2**n <= wait <= 2**n for n, wait in enumerate(clock.sleeps))


def test_waits_are_doubled_up_to_a_longest_and_never_alike() -> None:
    policy = RetryPolicy(first=1.0, longest=60.0)
    for attempt in range(1, 12):
        bound = min(60.0, 2.0 ** (attempt - 1))
        waits = {policy.wait(attempt) for _ in range(50)}
        assert all(bound / 2 <= wait <= bound for wait in waits)
        assert len(waits) > 1


async def test_the_time_that_a_provider_names_is_kept_to(clock: Clock) -> None:
    asked = BackendProbe(Says(Busy("rate limit", retry_after=17.0)), GOOD, clock=clock)
    assert isinstance(await asked.answer(), Reply)
    assert clock.now >= 1017
    assert asked.retries[0].wait == 17.0


async def test_a_time_that_a_provider_names_holds_for_every_request(clock: Clock) -> None:
    asked = BackendProbe(Says(Busy("rate limit", retry_after=17.0)), GOOD, clock=clock)
    others: list[asyncio.Future[float]] = []

    async def another() -> float:
        await asked.gate.enter(8, 1, 0)
        return clock.now

    asked.live = LiveAnswerer(
        asked.backend, asked.gate, lambda _: others.append(asyncio.ensure_future(another())), policy=RetryPolicy()
    )
    await asked.answer()
    assert await others[0] >= 1017


async def test_a_wait_that_is_too_long_ends_the_run_and_says_when_to_continue(clock: Clock) -> None:
    asked = BackendProbe(Says(Busy("tokens per day", retry_after=4000.0)), clock=clock)
    with pytest.raises(Stopped, match=r"tokens per day.*resumed at \d{4}-\d\d-\d\d \d\d:\d\d"):
        await asked.answer()
    assert clock.sleeps == []
    assert [retry.wait for retry in asked.retries] == [4000.0]


async def test_a_provider_that_answers_nobody_ends_the_run(clock: Clock) -> None:
    asked = BackendProbe(BUSY, clock=clock)
    with pytest.raises(Stopped, match="did not answer in 6 attempts"):
        await asked.answer()
    assert len(asked.model.calls) == 6
    assert len(clock.sleeps) == 5, "there is no wait after the last attempt"


async def test_one_request_that_is_never_answered_while_others_are_is_a_failure(clock: Clock) -> None:
    asked = BackendProbe(BUSY, clock=clock)
    live = asked.live
    await live.open(Sampling())

    class TwoSided(Model):
        async def ainvoke(self, messages: Any, config: Any) -> Any:
            if config["metadata"]["selfinstruct_request"] == 7:
                await live.answer(Request(GENERATE, 8, ()))
                raise BUSY
            return GOOD

    asked.backend.model = TwoSided()
    await live.open(Sampling())
    assert isinstance(await live.answer(REQUEST), Failure)


async def test_a_call_that_takes_too_long_is_tried_again() -> None:
    asked = BackendProbe(GOOD)
    asked.backend.timeout = 0.01
    asked.live = LiveAnswerer(
        asked.backend, asked.gate, asked.retries.append, policy=RetryPolicy(attempts=2, first=0.0)
    )
    asked.model.released.clear()
    with pytest.raises(Stopped, match=r"no answer within 0\.01 s"):
        await asked.answer()
    assert len(asked.model.calls) == 2


# --- stopping ---------------------------------------------------------------------------------------------------------


async def test_stopping_lets_a_call_that_is_under_way_end() -> None:
    asked = BackendProbe(GOOD)
    asked.model.released.clear()
    answer = asyncio.create_task(asked.answer())
    await asked.model.entered.wait()
    asked.live.stop()
    asked.model.released.set()
    assert isinstance(await answer, Reply)


async def test_stopping_sends_nothing_that_was_not_sent_yet() -> None:
    asked = BackendProbe(GOOD)
    await asked.live.open(Sampling())
    asked.live.stop()
    with pytest.raises(Stopped):
        await asked.live.answer(REQUEST)
    assert asked.model.calls == []


async def test_stopping_ends_the_wait_for_a_slot() -> None:
    asked = BackendProbe(GOOD, concurrency=1)
    asked.model.released.clear()
    first = asyncio.create_task(asked.answer())
    await asked.model.entered.wait()
    second = asyncio.create_task(asked.live.answer(REQUEST))
    await asyncio.sleep(0)
    asked.live.stop()
    with pytest.raises(Stopped):
        await second
    asked.model.released.set()
    await first


async def test_the_end_of_the_hours_ends_the_wait_for_a_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfinstruct.engine.gate.LONGEST_SLEEP", 500.0)  # the gate itself would not look before
    asked = BackendProbe(Says(Busy("busy", retry_after=500.0)))
    asked.gate.budget = Budget(max_hours=0.2 / 3600)
    with pytest.raises(Stopped, match="hours is used up"):
        await asyncio.wait_for(asked.answer(), 60)
    await asked.live.close()


async def test_stopping_ends_the_wait_before_a_retry() -> None:
    asked = BackendProbe(Says(Busy("busy", retry_after=500.0)))
    answer = asyncio.create_task(asked.answer())
    while not asked.retries:
        await asyncio.sleep(0.001)
    asked.live.stop()
    with pytest.raises(Stopped):
        await answer


# --- windows ----------------------------------------------------------------------------------------------------------


async def test_limits_are_learnt_from_the_backend_after_every_reply(clock: Clock) -> None:
    asked = BackendProbe(GOOD, clock=clock)
    await asked.answer()
    asked.backend.reported = Limits((Window("requests", 60, 1),))
    await asked.answer()
    await asked.answer()
    assert clock.now >= 1060


async def test_the_reservation_of_a_reply_is_corrected_by_its_usage(clock: Clock) -> None:
    asked = BackendProbe(GOOD, clock=clock)
    asked.backend.reported = Limits((Window("tokens", 60, 1100),))
    for _ in range(3):  # each reserves 1024 and costs 30
        await asked.answer()
    assert clock.now == 1000


class CallList:
    """Keeps what is journalled about calls."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []

    def sent(self, stage: str, index: int, *, prompt_tokens: int, completion_tokens: int) -> int:
        self.rows.append(("sent", stage, index, prompt_tokens, completion_tokens))
        return 40 + len(self.rows)

    def ended(self, number: int, *, prompt_tokens: int, completion_tokens: int, refused: bool) -> None:
        self.rows.append(("ended", number, prompt_tokens, completion_tokens, refused))


@pytest.mark.parametrize(
    ("said", "ended"),
    [
        (GOOD, (41, 20, 10, False)),
        (Completion("x", "stop"), (41, 1, 1024, False)),
        (Says(Rejected("no")), (41, 0, 0, False)),
        (Says(Exhausted("the recording has ended")), (41, 0, 0, True)),
    ],
)
async def test_each_call_is_journalled_with_what_it_reserved_and_what_it_cost(
    said: Any, ended: tuple[Any, ...]
) -> None:
    asked, calls = BackendProbe(said), CallList()
    asked.live = LiveAnswerer(asked.backend, asked.gate, asked.retries.append, policy=RetryPolicy(), calls=calls)
    await asked.answer()
    assert calls.rows == [("sent", GENERATE, 7, 1, 1024), ("ended", *ended)]


async def test_a_call_that_a_limit_turned_away_is_journalled_at_no_cost_and_one_that_failed_at_full_cost(
    clock: Clock,
) -> None:
    asked, calls = BackendProbe(Says(Busy("429", too_many_requests=True)), Says(Busy("500")), GOOD), CallList()
    asked.live = LiveAnswerer(asked.backend, asked.gate, asked.retries.append, policy=RetryPolicy(), calls=calls)
    await asked.answer()
    assert [row for row in calls.rows if row[0] == "ended"] == [
        ("ended", 41, 0, 0, True), ("ended", 43, 1, 1024, False), ("ended", 45, 20, 10, False)
    ]  # fmt: skip


async def test_a_first_request_that_is_too_long_ends_the_run_with_the_setting_to_lower() -> None:
    asked = BackendProbe(Says(Rejected("too long", is_too_long=True)))
    with pytest.raises(ModelError, match="too long") as caught:
        await asked.answer()
    assert f"[{REQUEST.stage}.sampling] max_tokens" in caught.value.hint
    assert len(asked.model.calls) == 1


async def test_a_later_request_that_is_too_long_fails_alone() -> None:
    asked = BackendProbe(GOOD, Says(Rejected("too long", is_too_long=True)))
    await asked.answer()
    assert await asked.answer() == Failure("too long")


# --- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [Rejected(f"no: {KEY}"), Unusable(f"no: {KEY}", f"fix {KEY}"), Busy(f"no: {KEY}"), Busy(f"no: {KEY}", 9999.0)],
)
async def test_no_secret_is_in_what_an_answer_says(clock: Clock, fault: Fault) -> None:
    asked = BackendProbe(Says(fault), clock=clock)
    try:
        text = str(await asked.answer())
    except (ModelError, Stopped) as error:
        text = str(error)
    assert "***" in text
    assert KEY not in text + str(asked.retries)


async def test_no_secret_is_in_an_error_that_the_backend_raises_itself() -> None:
    with pytest.raises(ModelError, match="refused") as caught:
        await BackendProbe(ModelError(f"refused {KEY}", f"Mend {KEY}.")).answer()
    assert KEY not in str(caught.value)


async def test_a_backend_that_fails_to_name_its_secrets_hides_what_looks_like_one_and_keeps_the_sentence(
    clock: Clock,
) -> None:
    asked = BackendProbe(Says(Rejected(f"no: {KEY}")), clock=clock)
    asked.backend.secrets = broken  # type: ignore[method-assign]
    assert await asked.answer() == Failure("no: ***")


# --- backends that break ----------------------------------------------------------------------------------------------


def broken(*_: Any) -> Any:
    raise ZeroDivisionError(f"with {KEY}")


async def test_a_backend_that_cannot_make_its_model_is_named() -> None:
    asked = BackendProbe(GOOD)
    asked.backend.model = TypeError(f"unknown option; key {KEY}")
    with pytest.raises(PluginError, match=r"Provider failed.*unknown option") as caught:
        await asked.answer()
    assert KEY not in str(caught.value)


class Odd(BaseException):
    """An exception that is no `Exception`."""


@pytest.mark.parametrize("error", [SystemExit(0), asyncio.CancelledError(KEY), GeneratorExit(), Odd(KEY)])
async def test_a_model_that_raises_what_is_no_exception_is_named_with_the_request(error: BaseException) -> None:
    with pytest.raises(PluginError, match=r"Provider failed.*request 7 of generate") as caught:
        await BackendProbe(error).answer()
    assert KEY not in str(caught.value)


async def test_a_request_that_is_cancelled_is_no_fault_of_the_model() -> None:
    asked = BackendProbe(GOOD)
    asked.model.released.clear()
    answer = asyncio.create_task(asked.answer())
    await asked.model.entered.wait()
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer


async def test_a_backend_that_cannot_read_an_error_is_named_with_the_request() -> None:
    asked = BackendProbe(BUSY)
    asked.backend.read_error = broken  # type: ignore[assignment,method-assign]
    with pytest.raises(PluginError, match=r"Provider failed.*request 7 of generate.*ZeroDivisionError") as caught:
        await asked.answer()
    assert KEY not in str(caught.value)


async def test_a_backend_that_reads_an_error_as_nothing_is_named_with_the_request() -> None:
    with pytest.raises(PluginError, match=r"Provider read an error as NoneType.*request 7"):
        await BackendProbe(Says(None)).answer()


@pytest.mark.parametrize(
    "read",
    [
        None,
        "text",
        Completion(None),  # type: ignore[arg-type]
        Completion("x", "eos"),  # type: ignore[arg-type]
        Completion("x", usage=Usage("7", 3)),  # type: ignore[arg-type]
        Completion("x", details={"what": object()}),  # type: ignore[dict-item]
    ],
)
async def test_a_backend_that_reads_a_reply_as_something_else_is_named_and_pays_once(read: Any) -> None:
    asked = BackendProbe(read)
    with pytest.raises(PluginError, match=r"Provider read a reply.*request 7"):
        await asked.answer()
    assert len(asked.model.calls) == 1


async def test_a_backend_that_cannot_tell_its_limits_ends_the_run_but_costs_no_reply() -> None:
    asked = BackendProbe(GOOD)
    asked.model.released.clear()
    answer = asyncio.create_task(asked.answer())
    await asked.model.entered.wait()
    asked.backend.limits = broken  # type: ignore[method-assign]
    asked.model.released.set()
    assert isinstance(await answer, Reply)
    with pytest.raises(PluginError, match="Provider failed"):
        await asked.answer()
    assert len(asked.model.calls) == 1
