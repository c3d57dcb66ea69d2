"""What the gate says of its waits, and where the edges of its windows, bursts and pauses are."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta

import pytest

from selfinstruct.engine.gate import LONGEST_SLEEP, Gate
from selfinstruct.errors import Stopped
from selfinstruct.types import Usage, Window
from tests.engine.clock import Clock, stopped_clock
from tests.engine.test_gate import let_in
from tests.engine.test_limits import enter, gate_of, leave, send


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stopped_clock(monkeypatch)


@pytest.mark.parametrize(("later", "lines"), [(0.0, 1), (30.0, 1), (30.5, 2)])
async def test_a_wait_is_announced_again_only_if_it_ends_much_later(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, later: float, lines: int
) -> None:
    monkeypatch.setattr("selfinstruct.engine.gate.LONGEST_SLEEP", LONGEST_SLEEP)
    said: list[str] = []
    gate = Gate(1, clock, say=said.append)
    gate.pause(200, "busy")
    waiting = asyncio.ensure_future(enter(gate, 1))
    await asyncio.sleep(0)
    assert len(said) == 1
    gate.pause(200 + later, "busy")
    await waiting
    assert len(said) == lines
    assert all(re.fullmatch(r"busy: waiting until 20\d\d-\d\d-\d\d \d\d:\d\d .*", line) for line in said)
    assert max(clock.sleeps) == LONGEST_SLEEP, "it looks at the clock now and then"


async def test_a_long_wait_beside_a_request_under_way_is_not_announced_and_ends_nothing(clock: Clock) -> None:
    said: list[str] = []
    gate = Gate(2, clock, say=said.append)
    first = await enter(gate, 1)
    gate.pause(5000)
    waiting = asyncio.ensure_future(enter(gate, 1))
    await asyncio.sleep(0)
    assert not waiting.done()
    assert said == []
    gate.leave(first, Usage(1, 0))
    with pytest.raises(Stopped, match="the provider asks to wait, and the run can be resumed at"):
        await waiting


@pytest.mark.parametrize("seconds", [600, 600.5])
async def test_ten_minutes_are_waited_and_not_more(clock: Clock, seconds: float) -> None:
    gate = Gate(1, clock)
    gate.pause(seconds)
    if seconds == 600:
        assert await send(gate, clock, [1]) == [600]
    else:
        with pytest.raises(Stopped) as caught:
            await enter(gate, 1)
        assert "--wait" in caught.value.hint


async def test_a_pause_is_at_most_a_year(clock: Clock) -> None:
    gate = Gate(1, clock)
    gate.pause(1e12)
    with pytest.raises(Stopped) as caught:
        await enter(gate, 1)
    words = re.search(r"resumed at (\S+)", caught.value.message)
    assert words is not None
    assert words[1] == f"{datetime.now().astimezone() + timedelta(days=365):%Y-%m-%d}"


@pytest.mark.parametrize(("ago", "at"), [(59.9, 0.1), (60.0, 0.0), (60.1, 0.0)])
async def test_a_request_of_an_earlier_command_counts_for_a_window(clock: Clock, ago: float, at: float) -> None:
    gate = gate_of(clock, Window("requests", 60, 1))
    gate.load_history([(ago, 10)])
    assert await send(gate, clock, [1]) == pytest.approx([at])


async def test_a_request_sent_when_the_concurrency_was_halved_halves_it_again(clock: Clock) -> None:
    gate = Gate(8, clock)
    early = await enter(gate, 1)
    clock.now += 1
    gate.too_many_requests(early)
    at_once = await enter(gate, 1)
    gate.too_many_requests(early)
    assert gate._allowed == 4
    gate.too_many_requests(at_once)
    assert gate._allowed == 2


async def test_a_refusal_extends_every_known_window(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfinstruct.engine.rate_limit.SLACK", 20)
    gate = gate_of(clock, Window("requests", 60, 1), Window("tokens", 60, 10))
    first = await enter(gate, 10)
    gate.too_many_requests(first)
    leave(gate, first, 10)
    await enter(gate, 1)
    assert clock.now == 1061


async def test_one_that_is_next_while_the_provider_seems_down_goes_alone(clock: Clock) -> None:
    gate = Gate(8, clock)
    sent = await let_in(gate, 3)
    gate.send_one_at_a_time()
    for ticket in sent[:2]:
        leave(gate, ticket, 1)
    assert await let_in(gate, 3) == []
    gate.too_many_requests(sent[2])
    leave(gate, sent[2], 1)
    assert len(await let_in(gate, 3)) == 1


async def test_a_cancelled_waiter_is_passed_over(clock: Clock) -> None:
    gate = Gate(1, clock)
    first = await enter(gate, 1)
    waiting = [asyncio.ensure_future(enter(gate, 1, order)) for order in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[1].cancel()
    await asyncio.sleep(0)
    leave(gate, first, 1)
    leave(gate, await asyncio.wait_for(waiting[2], 10), 1)
    assert gate._out == 0
