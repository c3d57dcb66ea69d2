"""Stages in batches: a run whose requests go out in files ends like one whose requests go out one by one."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from selfinstruct import ModelError, Result, SelfInstruct, Stopped
from selfinstruct.errors import ConfigError
from selfinstruct.store import RunStore
from selfinstruct.types import Prices
from selfinstruct_demo.model import DemoChatModel
from tests.command_line import COMMAND, command, rows
from tests.forking import Started, start
from tests.project import wait_until
from tests.servers.batch_server import BatchServer
from tests.servers.groq_server import GroqAnswer, error
from tests.servers.loopback import ServerFault
from tests.sweeps import quick

FILES = ("is_clf_or_not.jsonl", "machine_generated_instances.jsonl", "finetuning/all_generated_instances.jsonl")
STAGES = ("classify", "instances")
TARGET = 24


def demo_reply(body: dict[str, Any]) -> str:
    """What the offline demo answers to the messages of a request."""
    kinds = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    return str(DemoChatModel().invoke([kinds[one["role"]](one["content"]) for one in body["messages"]]).content)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a whole run `live`, and a run `run` that has the same instructions."""
    folder = tmp_path_factory.mktemp("grown")
    with BatchServer(demo_reply) as server, pytest.MonkeyPatch.context() as patch:
        point_at(server, patch)
        grow = SelfInstruct(backend="groq", out=folder / "live")
        grow.generate(TARGET)
        shutil.copytree(folder / "live", folder / "run")
        grow.run(TARGET)
    return folder


def point_at(server: BatchServer, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("GROQ_API_KEY", "gsk_batch_key")
    patch.setenv("GROQ_API_BASE", server.url)


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer(demo_reply) as started:
        yield started


@pytest.fixture
def project(server: BatchServer, grown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder `grown`, to work in; Groq's address is the server's."""
    folder = tmp_path / "project"
    shutil.copytree(grown, folder)
    monkeypatch.chdir(folder)
    point_at(server, monkeypatch)
    return folder


def run_stage(stage: str, **settings: Any) -> Result:
    grow = SelfInstruct(out="run", settings={"run.batch": True, "run.batch_size": 5, **settings})
    return {"classify": grow.classify, "instances": grow.instances}[stage]()


def finish(stage: str, **settings: Any) -> Result:
    """Run a stage again and again until its batches are there."""
    for _ in range(20):
        try:
            return run_stage(stage, **settings)
        except Stopped:
            continue
    raise AssertionError(f"{stage} does not end")


def assert_same_as_live() -> None:
    SelfInstruct(out="run").prepare()
    for name in FILES:
        assert timeless(Path("run", name)) == timeless(Path("live", name)) != []


def timeless(path: Path) -> list[dict[str, Any]]:
    found = rows(path)
    for row in found:
        row.get("instance_metadata", {}).pop("created_at", None)
    return found


def test_a_stage_in_batches_ends_like_one_whose_requests_go_out_one_by_one(server: BatchServer, project: Path) -> None:
    for stage in STAGES:
        with pytest.raises(Stopped, match="requests are with the provider"):
            run_stage(stage)
        assert finish(stage).summary.reason == "complete"
    assert_same_as_live()
    assert max(Counter(server.billed).values()) == 1
    assert len(server.batches) > len(STAGES), "five requests fit into one batch"
    assert not list(Path("run").glob("*batch-*")), "the files that were sent are deleted"


def test_the_command_stops_with_5_while_batches_are_out_and_ends_with_0(server: BatchServer, project: Path) -> None:
    command("classify", "--out", "run", "--batch").failed(5, "requests are with the provider", "--wait")
    assert "2 requests of classify" in command("status", "--out", "run").done().out
    (out,) = json.loads(command("status", "--out", "run", "--json").done().out)["batches"]
    assert (out["stage"], out["requests"], out["id"]) == ("classify", 2, "batch_0")
    while (ended := command("classify", "--out", "run", "--batch")).code == 5:
        pass
    ended.done()
    assert "complete" in ended.out


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("moment", quick(["arrived", "answered"], ["answered"]))
def test_a_kill_at_any_call_bills_nothing_twice(server: BatchServer, project: Path, moment: str) -> None:
    """The first command is killed at its first call, the second at its second, and so on."""
    process: list[Started] = []
    doomed, kills = 0, 0

    def kill(call: int, at: str) -> None:
        nonlocal kills
        if (call, at) == (doomed, moment):
            os.kill(process[0].pid, signal.SIGKILL)  # the main thread waits for it meanwhile
            wait_until(partial(is_gone, process[0].pid), "its end")
            kills += 1

    server.on_call = kill
    for number in range(1, 9):
        doomed = server.calls + number
        words = ["instances", "--out", "run", "--batch", "--set", "run.batch_size=5", "--quiet"]
        process[:] = [start("-m", "selfinstruct", *words, cwd=project, env=os.environ)]
        process[0].wait()
    server.on_call = lambda _number, _moment: None
    assert kills >= 6
    finish("instances")
    assert max(Counter(server.billed).values()) == 1
    finish("classify")
    with closing(RunStore.open_readonly(Path("run"))) as store, closing(RunStore.open_readonly(Path("live"))) as live:
        totals, expected = store.totals("instances"), live.totals("instances")
    assert (totals.replies, totals.accepted) == (expected.replies, expected.accepted)


@pytest.mark.parametrize("fault", [None, error(500, "internal error"), error(429, "slow down")])
def test_requests_that_expired_or_failed_for_a_while_are_sent_again(
    server: BatchServer, project: Path, fault: ServerFault | None
) -> None:
    expired: set[str] = set()

    def reply(body: dict[str, Any]) -> str | ServerFault | None:
        words = json.dumps(body["messages"])
        if len(expired) < 1 and words not in expired:
            expired.add(words)
            return fault
        return demo_reply(body)

    server.reply = reply
    for stage in STAGES:
        finish(stage, **{"run.batch_size": 100})
    assert_same_as_live()
    assert max(Counter(server.billed).values()) == 1


def test_a_request_that_is_refused_is_a_failure_and_the_others_are_kept(server: BatchServer, project: Path) -> None:
    server.reply = lambda body: (
        error(400, "this prompt is too long") if "1." not in demo_reply(body) else demo_reply(body)
    )
    finish("classify")
    with closing(RunStore.open_readonly(Path("run"))) as store:
        totals = store.totals("classify")
    assert totals.failures + totals.replies == totals.requests


def test_a_batch_whose_every_line_is_refused_alike_ends_the_stage_and_loses_nothing(
    server: BatchServer, project: Path
) -> None:
    finish("classify")
    sent = len(server.batches)
    server.reply = lambda _: error(400, "Your plan was changed by your administrator")
    for _ in range(2):
        with pytest.raises(ModelError, match="requests all failed: HTTP 400: Your plan was changed"):
            finish("instances")
    assert len(server.batches) == sent + 2 * 5
    server.reply = demo_reply
    assert finish("instances").summary.reason == "complete"
    assert_same_as_live()


def test_batches_that_were_refused_for_a_setting_are_over_once_it_is_left_out(
    server: BatchServer, project: Path
) -> None:
    words = "Unsupported parameter: 'top_p' is not supported with this model."
    server.reply = lambda body: error(400, words) if "top_p" in body else demo_reply(body)
    with pytest.raises(ModelError, match="does not take top_p"):
        finish("classify", **{"run.batch_size": 1, "classify.sampling.top_p": 0.5})
    assert finish("classify", **{"classify.sampling.top_p": "unset"}).summary.reason == "complete"


def test_a_batch_without_a_single_answer_stops_the_stage(server: BatchServer, project: Path) -> None:
    server.reply = lambda _body: None
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("classify")
    with pytest.raises(Stopped, match="brought no answer: expired"):
        run_stage("classify")


def test_a_batch_of_replies_that_bring_nothing_ends_the_stage_before_the_next_one_is_sent(
    server: BatchServer, project: Path
) -> None:
    server.reply = lambda body: GroqAnswer(None, "length") if body["max_tokens"] < 4000 else demo_reply(body)
    with pytest.raises(ModelError, match=r"brought nothing: the model spent its .* tokens on thinking") as caught:
        finish("instances")
    assert "Raise instances.sampling.max_tokens" in caught.value.hint
    assert len(server.billed) == TARGET, "no request was sent a second time"
    assert finish("instances", **{"instances.sampling.max_tokens": 4000}).summary.reason == "complete"


def test_a_batch_of_which_half_the_replies_are_empty_is_settled_whole_and_what_is_missing_sent_again(
    server: BatchServer, project: Path
) -> None:
    seen: set[str] = set()

    def at_first_empty(body: dict[str, Any]) -> str | GroqAnswer:
        asked = json.dumps(body["messages"])
        is_first = asked not in seen
        seen.add(asked)
        return GroqAnswer(None, "length") if is_first and len(seen) % 2 else demo_reply(body)

    server.reply = at_first_empty
    assert finish("instances").summary.reason == "complete"
    assert TARGET < len(server.billed) < 2 * TARGET


def test_the_error_for_a_file_that_the_provider_refuses_gives_its_reason(server: BatchServer, project: Path) -> None:
    server.refuse = "Enqueued token limit reached for m"
    with pytest.raises(Stopped):
        run_stage("classify")
    with pytest.raises(ModelError, match="refused batch batch_0 of classify: Enqueued token limit reached"):
        run_stage("classify")
    server.refuse = ""
    assert finish("classify").summary.reason == "complete"


@pytest.mark.parametrize("where", [("--batch",), ("--batch-file", "batches")])
def test_requests_that_do_not_fit_the_context_are_refused_before_a_batch_is_written(
    server: BatchServer, project: Path, where: tuple[str, ...]
) -> None:
    server.context = 300
    asked = len(server.billed)
    ended = command("classify", "--out", "run", *where)
    ended.failed(4, "the requests do not fit", "classify", "the model's context is 300 tokens", "larger context")
    assert not server.files
    assert not list(Path().rglob("*.requests.jsonl"))
    assert len(server.billed) == asked


def test_a_batch_that_is_out_is_collected_even_if_the_context_has_become_smaller(
    server: BatchServer, project: Path
) -> None:
    with pytest.raises(Stopped, match="requests are with the provider"):
        run_stage("classify")
    server.context = 300
    assert finish("classify").summary.reason == "complete"


def test_a_server_that_is_down_for_a_while_costs_nothing(server: BatchServer, project: Path) -> None:
    server.faults = {"/files": [error(503, "overloaded")]}
    with pytest.raises(Stopped, match="cannot be reached"):
        run_stage("classify")
    for stage in STAGES:
        finish(stage)
    assert_same_as_live()
    assert max(Counter(server.billed).values()) == 1


def test_a_budget_bounds_what_is_sent(server: BatchServer, project: Path) -> None:
    with closing(RunStore.open_readonly(Path("run"))) as store:
        spent = store.calls().spent().requests
    settings = {"budget.max_requests": spent + 2}
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("instances", **settings)
    assert sum(len(batch.lines) for batch in server.batches.values()) == 2
    with pytest.raises(Stopped, match="requests is used up"):
        run_stage("instances", **settings)
    assert len(server.billed) == 2
    with closing(RunStore.open_readonly(Path("run"))) as store:
        assert len(store.accepted_totals("instances")) == 2, "what is answered is settled"


def test_dollars_count_at_half_the_price(server: BatchServer, project: Path) -> None:
    prices = {"budget.usd_per_million_prompt_tokens": 1_000_000, "budget.usd_per_million_completion_tokens": 0}
    finish("classify")
    with closing(RunStore.open_readonly(Path("run"))) as store:
        live, (batched,) = store.calls().spent(), store.batches.spent(["classify"])
        totals = store.totals("classify")
    assert (batched.price_share, batched.requests) == (0.5, totals.requests)
    assert batched.prompt_tokens == totals.prompt_tokens > 0
    spent = live.prompt_tokens + totals.prompt_tokens / 2
    enough = {**prices, "budget.max_usd": spent + 20}
    short = {**prices, "budget.max_usd": spent - 1}
    with pytest.raises(Stopped, match="US dollars is used up"):
        SelfInstruct(out="run", settings=short).instances()
    with pytest.raises(Stopped, match="US dollars is used up"):
        SelfInstruct(out="run", settings=enough).instances()
    with closing(RunStore.open_readonly(Path("run"))) as store:
        assert store.totals("instances").replies <= 1


def test_a_reply_that_came_live_after_a_batch_expired_is_counted_once(server: BatchServer, project: Path) -> None:
    kept: list[str] = []

    def reply(body: dict[str, Any]) -> str | None:
        kept.append(json.dumps(body["messages"]))
        return demo_reply(body) if len(set(kept)) <= 5 else None

    server.reply = reply
    with pytest.raises(Stopped):
        run_stage("instances", **{"run.batch_size": 100})
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("instances", **{"run.batch_size": 100})  # the rest is sent again, and all of that expires
    with pytest.raises(Stopped, match="brought no answer: expired"):
        run_stage("instances")
    server.reply = demo_reply
    SelfInstruct(out="run", settings={"run.batch": False}).instances()
    with closing(RunStore.open_readonly(Path("run"))) as store:
        (batched,), live = store.batches.spent(["instances"]), store.calls().spent(["instances"])
        assert batched.requests == 5
        assert batched.requests + live.requests == store.totals("instances").replies


def test_openai_takes_batches_too(server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-batch-key")
    settings = {"backend.model": "openai:llama-3.1-8b-instant", "backend.base_url": f"{server.url}/v1"}
    grow = SelfInstruct(backend="langchain", out="openai", settings=settings)
    grow.generate(4)
    batched = SelfInstruct(out="openai", settings={"run.batch": True})
    with pytest.raises(Stopped, match="with the provider"):
        batched.classify()
    assert batched.classify().summary.accepted == 4
    assert [request.headers["authorization"] for request in server.sent_to("/v1/batches")] == ["Bearer sk-batch-key"]


def test_requests_that_are_out_in_a_batch_keep_their_form(
    server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-batch-key")
    settings = {"backend.model": "openai:llama-3.1-8b-instant", "backend.base_url": f"{server.url}/v1"}
    SelfInstruct(backend="langchain", out="openai", settings=settings).generate(4)
    batched = SelfInstruct(out="openai", settings={"run.batch": True})
    with pytest.raises(Stopped, match="with the provider"):
        batched.classify()
    with pytest.raises(ConfigError, match="true in the run, now false"):
        SelfInstruct(out="openai", settings={"run.batch": True, "run.structured": False}).classify()
    assert batched.classify().summary.accepted == 4
    assert len(server.batches) == 1


def test_a_backend_without_batches_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command("generate", "--backend", "demo", "--target", "2", "--out", "run").done()
    command("classify", "--batch", "--out", "run").failed(2, "DemoBackend cannot put requests into batches", "--batch")


def test_a_new_run_whose_later_stages_cannot_use_batches_is_refused_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = command("run", "--batch", "--backend", "demo", "--target", "2", "--out", "run")
    ended.failed(2, "DemoBackend cannot put requests into batches", "--batch")
    assert not Path("run").exists()


@pytest.mark.parametrize("stage", ["classify", "instances"])
def test_an_estimate_shows_the_price_with_and_without_batches(server: BatchServer, project: Path, stage: str) -> None:
    calls = server.calls
    unknown = command(stage, "--estimate", "--out", "run").done().out
    assert "24 instructions, 0 of them" in unknown
    assert "with --batch: 50% of the price, within 24 hours" in unknown
    prices = [f"--set=budget.usd_per_million_{kind}_tokens=1000" for kind in ("prompt", "completion")]
    known = command(stage, "--estimate", "--out", "run", *prices).done().out
    live, batched = (float(found) for found in re.findall(r"about ([\d.]+) US dollars", known))
    assert batched == pytest.approx(live / 2, abs=1e-4)
    assert server.calls == calls, "nothing is sent"


@pytest.mark.slow
def test_a_demo_of_500_instructions_killed_at_ten_random_steps_bills_every_request_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files equal those of a run without batches, and its tokens cost half as much."""
    rng, process, doom = Random(19), list[subprocess.Popen[bytes]](), (-1, "")
    monkeypatch.chdir(tmp_path)

    def kill(call: int, moment: str) -> None:
        if (call, moment) == doom:
            process[0].kill()
            process[0].wait()

    def counted_reply(body: dict[str, Any]) -> GroqAnswer:
        """The demo's answer, billed at four characters a token; the first message is cached, and some is reasoning."""
        said = demo_reply(body)
        asked = [len(message["content"]) // 4 for message in body["messages"]]
        return GroqAnswer(said, usage=(sum(asked), len(said) // 4 + 5), reasoning_tokens=5, cached_tokens=asked[0])

    with BatchServer(counted_reply) as server:
        point_at(server, monkeypatch)
        live = SelfInstruct(backend="groq", out="live")
        live.generate(500)
        shutil.copytree("live", "run")
        live.run(500)
        server.billed.clear()
        server.on_call = kill
        kills, ended = 0, 1
        for _ in range(100):
            doom = (server.calls + rng.randint(1, 6) if kills < 10 else -1, rng.choice(("arrived", "answered")))
            words = [*COMMAND, "run", "--out", "run", "--batch", "--set", "run.batch_size=20", "--quiet"]
            process[:] = [subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)]
            ended = process[0].wait()
            kills += ended < 0
            if not ended:
                break
        assert (kills, ended) == (10, 0)
        assert len(server.billed) == len(set(server.billed)) > 500
    for name in FILES:
        assert timeless(Path("run", name)) == timeless(Path("live", name)) != []
    prices = Prices(0.05, 0.08, cached=0.025)
    with closing(RunStore.open_readonly(Path("run"))) as store:
        for stage in STAGES:
            (spent,), totals = store.batches.spent([stage]), store.totals(stage)
            assert (spent.requests, spent.price_share) == (totals.requests, 0.5)
            tokens = (spent.prompt_tokens, spent.completion_tokens)
            assert tokens == (totals.prompt_tokens, totals.completion_tokens) > (0, 0)
            assert totals.prompt_tokens > totals.cached_tokens > 0
            assert totals.reasoning_tokens == 5 * totals.replies
            half = prices.at_share(spent.price_share).cost(*tokens)
            assert half == pytest.approx(prices.cost(*tokens) / 2)
            assert half < prices.cost(*tokens, totals.cached_tokens)
