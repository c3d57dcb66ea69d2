"""Whole runs with real clients: the recipe `paper`, requests that failed, budgets, and Gemini's limit."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.engine.gate import MINUTE
from selfinstruct.errors import ModelError, Stopped
from selfinstruct.store import RunStore
from tests.clients.catalog import CLIENTS, CLIENTS_WARN, KEY, Client, every_client
from tests.clients.refusals import REFUSALS
from tests.faults.bench import QUICK
from tests.faults.clock import RunClock, run_clock
from tests.servers.client_server import Answer, ClientServer, Said, failure
from tests.servers.loopback import Received
from tests.servers.provider import Provider, Quota

pytestmark = CLIENTS_WARN

ROUNDING = 1e-6
"""Seconds: the wait is told in nanoseconds."""


def client_named(name: str) -> Client:
    return next(client for client in CLIENTS if client.name == name)


OPENAI, GEMINI = client_named("openai (own server)"), client_named("google-genai")
TASKS = Said(" Name three rivers of Asia.\n10. Suggest names for a new bakery.\n11. Explain why the sky is blue.")


def ours(client: Client, server: ClientServer, out: Path, *, recipe: str = "paper", **settings: Any) -> SelfInstruct:
    """A run that asks a client."""
    tree = {"backend": client.options(server.url), **settings}
    return SelfInstruct(backend="langchain", recipe=recipe, out=out, settings=tree)


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


@pytest.mark.parametrize("name", ["google-genai", "nvidia"])
async def test_an_instruction_whose_request_met_a_limit_gets_its_instances(
    server: ClientServer, tmp_path: Path, name: str
) -> None:
    run = ours(client_named(name), server, tmp_path / "run", run={"lookahead": 3})
    server.says = TASKS
    await run.agenerate(3)
    server.says = Said("No")
    await run.aclassify()
    limits: Iterator[Answer] = iter([failure(429, "Resource has been exhausted", wait="0.1s")] * 2)
    server.says = lambda _: next(limits, Said("Output: The Indus."))
    await run.ainstances()

    await run.aprepare()
    assert len({example.instruction for example in run.examples()}) == 3


@pytest.mark.parametrize("name", ["google-genai", "nvidia"])
async def test_a_bad_key_costs_a_few_requests_however_many_go_out_at_once(
    server: ClientServer, tmp_path: Path, name: str
) -> None:
    server.says = next(one.answer for one in REFUSALS if (one.client, one.about) == (name, "the key"))
    with pytest.raises(ModelError, match="the provider refused the key"):
        await ours(client_named(name), server, tmp_path / "run", run={"lookahead": 16}).agenerate(30)
    assert len(server.chats) <= 3


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("openai (Responses)", "length"),
        ("openai (Responses)", "content_filter"),
        ("openai", "content_filter"),
        ("openai (own server)", "any other word"),
        ("mistralai", "model_length"),
        ("deepseek", "insufficient_system_resource"),
        ("anthropic", "model_context_window_exceeded"),
        ("google-genai", "SPII"),
        ("cohere", "ERROR"),
        ("bedrock", "model_context_window_exceeded"),
    ],
)
async def test_the_last_task_of_a_reply_is_dropped_unless_the_reply_ended_by_itself(
    server: ClientServer, tmp_path: Path, name: str, end: str
) -> None:
    server.says = Said(
        "1. Name three rivers.\n2. Suggest names for a new bakery.\n3. Explain why the sky is blue.", end
    )
    settings = {"run": {"lookahead": 1, "structured": False}, "budget": {"max_requests": 2}}
    run = ours(client_named(name), server, tmp_path / "run", recipe="chat", **settings)
    with pytest.raises(Stopped, match="the budget of 2 requests is used up"):
        await run.agenerate(9)
    assert [one.text for one in run.instructions()] == ["Name three rivers.", "Suggest names for a new bakery."]


@pytest.mark.parametrize("name", ["nvidia", "huggingface", "cohere", "openrouter", "bedrock"])
async def test_a_key_that_a_server_repeats_is_stored_nowhere(server: ClientServer, tmp_path: Path, name: str) -> None:
    server.says = Said(f" Name three rivers of Asia.\n10. Explain the key {KEY} to a child.\n11. Explain the sky.")
    run = ours(client_named(name), server, tmp_path / "run", run={"lookahead": 1})
    await run.agenerate(2)
    server.says = failure(400, f"Odd key {KEY}")
    with pytest.raises(ModelError, match=r"Odd key \*\*\*"):
        await run.agenerate(9)
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    assert any(b"Explain the key ***" in path.read_bytes() for path in files)


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
    result = ours(client_named("bedrock"), server, tmp_path / "run", run=run).generate(30)
    assert (result.summary.exit_code, most) == (0, 2)
