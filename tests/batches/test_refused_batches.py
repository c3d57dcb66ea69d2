"""Batches that no provider accepted are not out, and what the user is told to do next works."""

from __future__ import annotations

import re
import shlex
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct import SelfInstruct, Stopped, UsageError
from selfinstruct.store import RunStore
from tests.batches.test_batches import grown, project, run_stage, server
from tests.command_line import command
from tests.servers.batch_server import BatchServer
from tests.servers.groq_server import error
from tests.servers.loopback import ServerFault, Wire
from tests.sweeps import quick

__all__ = ["grown", "project", "server"]

ANSWERS = (
    (404, '{"detail": "Not Found"}'),
    (404, '{"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}}'),
    (405, '{"detail": "Method Not Allowed"}'),
    (501, "not implemented"),
)
"""What servers answer to an address that they do not have."""

BATCH = ("classify", "--out", "run", "--batch")


def follow(words: str) -> None:
    """Run the stage with the option that a hint names for requests that go out one by one."""
    named = re.search(r"add (--set \S+) to send the requests one by one", words)
    assert named, words
    command("classify", "--out", "run", *shlex.split(named[1])).done()


@pytest.mark.parametrize("place", ["/files", "/batches"])
@pytest.mark.parametrize("answer", quick(ANSWERS, ANSWERS[::3]))
def test_a_server_without_a_batch_api_is_named_and_its_requests_can_be_asked_one_by_one(
    server: BatchServer, project: Path, answer: tuple[int, str], place: str
) -> None:
    server.faults = {place: [ServerFault(*answer)] * 2}
    for _ in range(2):
        ended = command(*BATCH)
        ended.failed(4, f"the server at {server.url}/openai/v1 has no batch API (HTTP {answer[0]})", "--batch-file")
        assert "with the provider" not in command("status", "--out", "run").done().out
    follow(ended.err)


def test_requests_for_a_server_without_a_batch_api_can_be_written_into_files(
    server: BatchServer, project: Path
) -> None:
    server.faults = {"/files": [error(404, "Not Found")]}
    command(*BATCH).failed(4, "no batch API")
    command("classify", "--out", "run", "--batch-file", "batches").failed(5, "2 requests are in")
    (file,) = Path("batches").iterdir()
    assert len(file.read_text("utf-8").splitlines()) == 2


def test_instances_are_not_asked_for_while_labels_are_in_a_batch(server: BatchServer, project: Path) -> None:
    command("classify", "--out", "run", "--batch-file", "batches").failed(5, "2 requests are in")
    refused = command("instances", "--out", "run")
    refused.failed(2, "labels that instances needs are still in a batch: run `selfinstruct classify")
    with pytest.raises(UsageError, match="still in a batch"):
        SelfInstruct(out="run").instances()


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("place", ["/files", "/batches"])
def test_a_batch_whose_upload_or_creation_is_refused_is_not_out(
    server: BatchServer, project: Path, place: str, status: int
) -> None:
    server.faults = {place: [error(status, "you may not make batches")]}
    command(*BATCH).failed(4, "you may not make batches")
    with closing(RunStore.open_readonly(Path("run"))) as store:
        assert not store.batches.open()
    command("classify", "--out", "run", "--set", "run.batch=false").done()


def test_a_batch_whose_creation_may_have_succeeded_is_out_until_the_user_says_otherwise(
    server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = server._create

    def make_and_fail(wire: Wire, asked: dict[str, Any]) -> None:
        monkeypatch.setattr(wire, "json", lambda _body: wire.fault(error(502, "bad gateway")))
        make(wire, asked)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "_create", make_and_fail)
        with pytest.raises(Stopped, match="cannot be reached"):
            run_stage("classify", **{"run.batch_size": 100})
    assert "perhaps with the provider since" in command("status", "--out", "run").done().out
    server.faults = {"/batches": [error(404, "Not Found")] * 2}
    command(*BATCH).failed(4, "has no batch API", "2 requests of classify may have gone to", "run.resend_lost=true")
    command("classify", "--out", "run", "--set", "run.batch=false").failed(2, "2 requests of classify are")
    ended = command(*BATCH, "--set", "run.resend_lost=true")
    ended.failed(5, "the provider lists no batch of them", "2 requests are with the provider")
    assert len(server.batches) == 2


def test_the_hint_for_a_batch_that_failed_names_an_option_that_works(server: BatchServer, project: Path) -> None:
    server.refuse = "Enqueued token limit reached for m"
    command(*BATCH).failed(5, "sent 2 requests of classify as batch batch_0")
    status = command("status", "--out", "run").done().out
    assert "with the provider as batch batch_0 since" in status
    ended = command(*BATCH)
    ended.failed(4, "refused batch batch_0 of classify: Enqueued token limit")
    follow(ended.err)


def test_the_hint_for_a_batch_that_expired_names_an_option_that_works(server: BatchServer, project: Path) -> None:
    reply, server.reply = server.reply, lambda _body: None
    command(*BATCH).failed(5, "stopped: 2 requests are with the provider, in 1 batch")
    ended = command(*BATCH)
    ended.failed(5, "brought no answer: expired")
    server.reply = reply
    follow(ended.err)
    assert len(server.batches) == 1


def test_one_request_is_called_one_request(server: BatchServer, project: Path) -> None:
    ended = command(*BATCH, "--set", "run.batch_size=1")
    ended.failed(5, "sent 1 request of classify as batch batch_1", "2 requests are with the provider, in 2 batches")


def test_a_backend_without_batches_names_an_option_that_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command("generate", "--backend", "demo", "--target", "2", "--out", "run").done()
    ended = command(*BATCH)
    ended.failed(2, "DemoBackend cannot put requests into batches", "add --set run.batch=false")
    command("classify", "--out", "run", "--set", "run.batch=false").done()
    command(*BATCH).failed(2, "DemoBackend cannot put requests into batches")
    command("classify", "--out", "run").done()


def test_a_budget_that_is_refused_does_not_stop_the_next_command(server: BatchServer, project: Path) -> None:
    command(*BATCH, "--max-usd", "1").failed(2, "--max-usd: the price of tokens is not known")
    command(*BATCH).failed(5, "sent 2 requests of classify as batch batch_0")
