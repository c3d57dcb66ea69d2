"""Whole runs with real clients: the recipe `paper`, requests that failed, budgets, and Gemini's limit."""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.engine.gate import MINUTE
from selfinstruct.errors import Stopped
from selfinstruct.store import RunStore
from tests.clients.catalog import CLIENTS, CLIENTS_WARN, Client, every_client
from tests.faults.bench import QUICK
from tests.faults.clock import RunClock, run_clock
from tests.servers.client_server import Answer, ClientServer, Said, failure
from tests.servers.loopback import Received
from tests.servers.provider import Provider, Quota

pytestmark = CLIENTS_WARN

ROUNDING = 1e-6
"""Seconds: the wait is told in nanoseconds."""

OPENAI, GEMINI = (
    next(client for client in CLIENTS if client.name == name) for name in ("openai (own server)", "google-genai")
)
TASKS = Said(" Name three rivers of Asia.\n10. Suggest names for a new bakery.\n11. Explain why the sky is blue.")


def ours(client: Client, server: ClientServer, out: Path, **settings: Any) -> SelfInstruct:
    """A run that asks a client."""
    tree = {"backend": client.options(server.url), **settings}
    return SelfInstruct(backend="langchain", recipe="paper", out=out, settings=tree)


@every_client
async def test_the_recipe_paper_runs_and_tells_what_it_left_out(
    server: ClientServer, client: Client, tmp_path: Path
) -> None:
    server.says = TASKS
    result = await ours(client, server, tmp_path / "run", run={"lookahead": 1}).agenerate(1)
    assert result.instructions == ("Name three rivers of asia.",)
    assert len(server.chats) == 1
    with closing(RunStore.open_readonly(tmp_path / "run")) as store:
        facts = store.facts.run_backend
    note = str(facts.description.get("note", "")) if facts else ""
    assert [name for name in client.unsent if name not in note] == []
    assert bool(note) == bool(client.unsent)


# --- requests that failed ---------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfinstruct.run.run.RetryPolicy", QUICK)


async def generated(server: ClientServer, out: Path) -> SelfInstruct:
    """A run with three instructions, whose labels are asked for one by one."""
    server.says = TASKS
    run = ours(OPENAI, server, out, run={"lookahead": 3})
    await run.agenerate(3)
    server.requests.clear()
    return run


def about(words: str, says: Answer) -> Any:
    """Answer `Yes` to every request but those about an instruction with these words."""

    def answer(request: Received) -> Answer:
        last = str(request.json["messages"]).rpartition("Task:")[2]
        return says if words in last else Said("Yes")

    return answer


@pytest.mark.usefixtures("quick")
async def test_a_request_that_failed_by_what_passes_is_asked_again_by_the_same_command(
    server: ClientServer, tmp_path: Path
) -> None:
    run = await generated(server, tmp_path / "run")
    server.says = about("bakery", failure(500, "Oops"))
    with pytest.raises(Stopped, match="classify: complete, 1 request failed") as caught:
        await run.aclassify()
    assert caught.value.exit_code == 5
    assert "for good" not in caught.value.message
    assert (await run.astatus()).stages["classify"].failures == {"no answer after 6 attempts: HTTP 500: Oops": 1}
    server.requests.clear()
    server.says = Said("Yes")
    result = await run.aclassify()
    assert (result.summary.reason, result.summary.exit_code, len(server.chats)) == ("complete", 0, 1)


@pytest.mark.usefixtures("quick")
async def test_a_request_that_failed_for_good_ends_nothing_and_is_not_asked_again(
    server: ClientServer, tmp_path: Path
) -> None:
    run = await generated(server, tmp_path / "run")
    server.says = about("bakery", failure(400, "Rejected by our content policy"))
    for sent in (3, 0):
        server.requests.clear()
        summary = (await run.aclassify()).summary
        assert (summary.reason, summary.exit_code) == ("complete, 1 request failed for good", 0)
        assert len(server.chats) == sent


@pytest.mark.usefixtures("quick")
async def test_a_budget_counts_every_call_but_those_that_a_limit_turned_away(
    server: ClientServer, tmp_path: Path
) -> None:
    soon = {"retry-after-ms": "10"}
    says: list[Answer] = [
        failure(429, "Slow down", headers=soon),
        failure(500, "Oops"),
        Said("?"),
        failure(400, "Rejected by our content policy"),
        failure(503, "Full", headers=soon),
    ]
    sent: list[Answer] = []

    def answer(_: Received) -> Answer:
        sent.append(says[len(sent) % len(says)])
        return sent[-1]

    server.says = answer
    run = ours(OPENAI, server, tmp_path / "run", run={"lookahead": 1}, budget={"max_requests": 7})
    with pytest.raises(Stopped, match="the budget of 7 requests is used up"):
        await run.agenerate(100)
    turned_away = [one for one in sent if not isinstance(one, Said) and one.status in (429, 503)]
    assert len(sent) - len(turned_away) == 7
    assert len(turned_away) > 1


# --- a limit that only refusals tell ----------------------------------------------------------------------------------


def test_gemini_s_ten_requests_a_minute_lose_nothing_and_ask_nothing_too_early(
    server: ClientServer, tmp_path: Path
) -> None:
    with run_clock() as clock:
        limited = Limited(clock)
        server.says = limited.answer
        result = ours(GEMINI, server, tmp_path / "run").generate(60)
    assert result.summary.reason == "target of 60 reached"
    assert (result.summary.failures, result.summary.exit_code) == (0, 0)
    assert limited.answered >= 60
    assert 0 < limited.refused <= limited.answered
    assert limited.too_early == []
    with closing(RunStore.open_readonly(tmp_path / "run")) as store:
        assert store.totals("generate").replies == limited.answered


class Limited:
    """Ten requests a minute, told by the body of a refusal and by nothing else; every reply has one new task."""

    def __init__(self, clock: RunClock) -> None:
        self._clock = clock
        self._quota = Quota("requests", "minute", 10, MINUTE, clock.at_the_provider)
        self._provider = Provider(tasks=1)
        self._until = 0.0
        self._refused_at = 0.0
        self.answered = 0
        self.refused = 0
        self.too_early: list[float] = []

    def answer(self, request: Received) -> Answer:
        now = self._clock()
        if self._refused_at < now < self._until - ROUNDING:
            self.too_early.append(self._until - now)
        wait = self._quota.wait(1)
        if wait > 0:
            self.refused += 1
            self._refused_at, self._until = now, now + wait
            return failure(429, "Resource has been exhausted", wait=f"{wait:.9f}s")
        self._quota.take(1)
        self.answered += 1
        return Said(re.sub(r"^1\.", "", self._provider.text(str(request.json))))


def test_a_client_that_takes_threads_is_never_asked_for_more_at_once_than_it_has(
    server: ClientServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the wait for a thread would count as the time of the call."""
    two_threads = SimpleNamespace(cpu_count=lambda: -2, environ=os.environ)
    monkeypatch.setattr("selfinstruct_langchain.backend.os", two_threads)
    bedrock = next(client for client in CLIENTS if client.name == "bedrock")
    at_once, most, lock = 0, 0, threading.Lock()
    provider = Provider(tasks=1)

    def answer(request: Received) -> Answer:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.1)
        with lock:
            at_once -= 1
        return Said(re.sub(r"^1\.", "", provider.text(str(request.json))))

    server.says = answer
    run = {"lookahead": 24, "concurrency": 24}
    result = ours(bedrock, server, tmp_path / "run", run=run).generate(30)
    assert (result.summary.exit_code, most) == (0, 2)
