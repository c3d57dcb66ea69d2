"""How a stage ends when its model, its budget or its time does, and which sentence says so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from selfinstruct.engine.budget import Budget
from selfinstruct.engine.live_answerer import LiveAnswerer, RetryPolicy
from selfinstruct.engine.outage import AGAIN, FAILING, IN_DOUBT
from selfinstruct.errors import ModelError, Stopped
from selfinstruct.types import (
    Busy,
    Failure,
    Limits,
    Rejected,
    Reply,
    Sampling,
    Unusable,
    Window,
)
from tests.engine.clock import Clock, stopped_clock
from tests.engine.test_live import GOOD, REQUEST, BackendProbe, Says

TOO_MANY = Says(Busy("429", too_many_requests=True))
LIMITED = Says(Busy("429", retry_after=2.0, too_many_requests=True))
DOWN_NOW = Says(Busy("503"))
UNCLEAR = Says(Busy("no JSON"))
UNCLEAR.args = ("no JSON",)
UNEXPLAINED = Says(Rejected("HTTP 400", is_unexplained=True))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stopped_clock(monkeypatch)


def answerer(asked: BackendProbe, **more: Any) -> BackendProbe:
    """The probe with an answerer of other settings."""
    given: dict[str, Any] = {"policy": RetryPolicy(), **more}
    asked.live = LiveAnswerer(asked.backend, asked.gate, asked.retries.append, **given)
    return asked


async def hint_of(asked: BackendProbe, error: type[ModelError | Stopped] = Stopped) -> str:
    with pytest.raises(error) as caught:
        await asked.answer()
    return caught.value.hint


async def test_the_end_of_the_hours_closes_the_gate_and_is_named_before_other_budgets(clock: Clock) -> None:
    asked = BackendProbe(GOOD)
    asked.gate.budget = Budget(max_hours=1, max_tokens=0, seconds=3600)
    await asked.live.open(Sampling())
    for _ in range(3):
        await asyncio.sleep(0)
    with pytest.raises(Stopped, match="the budget of 1 hours is used up"):
        await asked.live.answer(REQUEST)
    assert asked.model.calls == []


async def test_hours_that_are_left_end_nothing() -> None:
    asked = BackendProbe(GOOD)
    asked.gate.budget = Budget(max_hours=1, seconds=3590)
    assert isinstance(await asked.answer(), Reply)
    asked.live._time_is_up()
    assert isinstance(await asked.answer(), Reply)
    await asked.live.close()


async def test_closing_cancels_the_alarm_and_closes_the_backend() -> None:
    asked, closed = BackendProbe(GOOD), []

    async def close() -> None:
        closed.append(True)

    asked.backend.close = close  # type: ignore[method-assign]
    asked.gate.budget = Budget(max_hours=1)
    await asked.live.open(Sampling())
    await asked.live.close()
    assert closed == [True]
    assert asked.live._alarm is not None
    assert asked.live._alarm.cancelled()


@pytest.mark.parametrize(
    ("script", "is_proven", "hint"),
    [
        ([UNCLEAR], False, f"{IN_DOUBT} {AGAIN}"),
        ([UNCLEAR], True, AGAIN),
        ([DOWN_NOW], False, f"{FAILING} {AGAIN}"),
        ([TOO_MANY], False, AGAIN),
        ([GOOD, UNCLEAR], False, AGAIN),
    ],
)
async def test_an_address_is_in_doubt_only_if_nothing_ever_answered(
    clock: Clock, script: list[Any], is_proven: bool, hint: str
) -> None:
    asked = answerer(BackendProbe(*script, clock=clock), is_proven=is_proven)
    for _ in script[1:]:
        await asked.answer()
    assert await hint_of(asked) == hint


async def test_a_provider_that_is_down_ends_the_run_after_its_time(clock: Clock) -> None:
    policy = RetryPolicy(attempts=99, failures=3, down=5.0, first=2.0, longest=2.0)
    asked = answerer(BackendProbe(DOWN_NOW, clock=clock), policy=policy)
    asked.live._breaker.clock = clock
    with pytest.raises(Stopped) as caught:
        await asked.answer()
    assert caught.value.message == "all requests failed for 5 s, most recently: 503"
    assert asked.gate._allowed == 1.0, "one at a time, until it was certain"
    waited = [retry.wait for retry in asked.retries]
    assert sum(waited[:-1]) < 5.0 <= sum(waited)


async def test_refusals_by_a_limit_are_no_sign_of_an_outage(clock: Clock) -> None:
    policy = RetryPolicy(failures=2, down=0.0)
    asked = answerer(BackendProbe(LIMITED, LIMITED, LIMITED, GOOD, clock=clock), policy=policy)
    assert isinstance(await asked.answer(), Reply)
    assert [retry.attempt for retry in asked.retries] == [1, 2, 3]
    assert [retry.wait for retry in asked.retries] == [2.0, 2.0, 2.0]


async def test_an_answer_of_any_kind_ends_a_row_of_failures(clock: Clock) -> None:
    policy = RetryPolicy(failures=3, down=0.0, first=0.0)
    asked = answerer(BackendProbe(DOWN_NOW, DOWN_NOW, Says(Rejected("no")), DOWN_NOW, DOWN_NOW, GOOD), policy=policy)
    assert await asked.answer() == Failure("no")
    assert isinstance(await asked.answer(), Reply)


@pytest.mark.parametrize(("seconds", "calls"), [(4.0, 3), (4.1, 4)])
async def test_waits_count_towards_the_time_of_a_request(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, seconds: float, calls: int
) -> None:
    monkeypatch.setattr("selfinstruct.engine.live_answerer.time.monotonic", lambda: 0.0)
    monkeypatch.setattr(RetryPolicy, "wait", lambda self, attempt: 2.0)
    asked = answerer(BackendProbe(DOWN_NOW, clock=clock), policy=RetryPolicy(seconds=seconds))
    with pytest.raises(Stopped, match=f"did not answer in {calls} attempts: 503"):
        await asked.answer()
    assert len(asked.model.calls) == calls


async def test_a_limit_that_never_gives_way_ends_the_run_though_others_are_answered(clock: Clock) -> None:
    asked = answerer(BackendProbe(LIMITED, clock=clock), policy=RetryPolicy(refusals=2))
    await asked.live.open(Sampling())
    answer = asyncio.create_task(asked.live.answer(REQUEST))
    await asyncio.sleep(0)
    asked.live._answers += 1
    with pytest.raises(Stopped, match="did not answer in 2 attempts"):
        await answer


@pytest.mark.parametrize(("is_proven", "may_pass"), [(False, [False, True, False]), (True, [False, True, False])])
async def test_an_unexplained_refusal_may_pass_from_the_second_in_a_row(is_proven: bool, may_pass: list[bool]) -> None:
    asked = answerer(BackendProbe(UNEXPLAINED, UNEXPLAINED, GOOD, UNEXPLAINED), is_proven=is_proven)
    found = [await asked.answer() for _ in range(4)]
    assert [one.may_pass for one in found if isinstance(one, Failure)] == may_pass


@pytest.mark.parametrize("is_proven", [False, True])
async def test_a_request_that_is_too_long_fails_alone_where_others_were_answered_before(is_proven: bool) -> None:
    asked = answerer(BackendProbe(Says(Rejected("too long", is_too_long=True))), is_proven=is_proven)
    if is_proven:
        assert await asked.answer() == Failure("too long")
    else:
        assert "max_tokens" in await hint_of(asked, ModelError)


async def test_a_refused_setting_names_the_stages_that_ask_the_same_model() -> None:
    asked = answerer(BackendProbe(Says(Unusable("no top_k", setting="top_k"))), later=("instances",))
    assert await hint_of(asked, ModelError) == (
        "Leave it out: --set generate.sampling.top_k=unset --set instances.sampling.top_k=unset"
    )


async def test_limits_are_learnt_before_the_first_call_and_after_each(clock: Clock) -> None:
    asked = BackendProbe(GOOD, clock=clock)
    asked.backend.reported = Limits((Window("requests", 60, 2),))
    for _ in range(3):
        await asked.answer()
    assert clock.now == 1060


async def test_what_a_backend_says_about_the_wait_is_its_own_reason(clock: Clock) -> None:
    asked = BackendProbe(LIMITED, GOOD, clock=clock)
    said: list[str] = []
    answerer(asked)
    asked.live._on_retry = lambda retry: said.append(asked.gate._why_paused)
    await asked.answer()
    assert said == ["the provider asks to wait (429)"]


async def test_a_time_of_nothing_is_a_time(clock: Clock) -> None:
    asked = BackendProbe(Says(Busy("503", retry_after=0.0)), GOOD, clock=clock)
    assert isinstance(await asked.answer(), Reply)
    assert [retry.wait for retry in asked.retries] == [0.0]
