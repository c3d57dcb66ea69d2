"""Batches that are no longer where they were sent, and files that cannot be read or written: the user has a way on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from selfinstruct import ModelError, SelfInstruct, Stopped, UsageError
from selfinstruct.api import OpenAIBatches
from tests.batches.test_batch_folder import BATCHES, requests, results, run, stop
from tests.batches.test_batches import STAGES, assert_same_as_live, finish, grown, project, run_stage, server
from tests.command_line import command
from tests.forking import Started, start
from tests.servers.batch_server import BatchServer
from tests.servers.groq_server import error

__all__ = ["grown", "project", "server"]

RESEND = {"run.resend_lost": True, "run.batch_size": 100}


@pytest.mark.parametrize("place", ["/batches/batch_0", "/files/file-batch_0-output/content"])
def test_a_batch_that_the_provider_does_not_have_is_sent_again_once_the_user_says_so(
    server: BatchServer, project: Path, place: str
) -> None:
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("classify", **{"run.batch_size": 100})
    server.faults = {place: [error(404, "No batch found with id 'batch_0'")] * 3}
    for _ in range(2):
        ended = command("classify", "--out", "run", "--batch")
        ended.failed(
            2, "2 requests of classify are in batch batch_0, which the provider does not have", "deleted, or it"
        )
        assert "--set run.resend_lost=true" in ended.err
    assert len(server.batches) == 1, "nothing is paid for twice unless the user says so"
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("classify", **RESEND)
    assert len(server.batches) == 2
    server.faults = {}
    for stage in STAGES:
        finish(stage)
    assert_same_as_live()


def test_leave_to_pay_twice_holds_for_one_command(server: BatchServer, project: Path) -> None:
    words = ("classify", "--out", "run", "--batch", "--set", "run.batch_size=100")
    command(*words, "--set", "run.resend_lost=true").failed(5, "with the provider")
    for _ in range(2):
        server.faults = {"/batches/batch_0": [error(404, "no such batch")]}
        command(*words).failed(2, "which the provider does not have", "--set run.resend_lost=true")
    assert len(server.batches) == 1


def test_the_results_of_other_batches_are_kept_although_one_is_lost(server: BatchServer, project: Path) -> None:
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("instances")
    server.faults = {"/batches/batch_0": [error(404, "no such batch")]}
    with pytest.raises(UsageError, match="5 requests of instances are in batch batch_0"):
        run_stage("instances")
    assert len(server.billed) == 19
    assert finish("instances").summary.reason == "complete", "it was there after all"
    assert max(Counter(server.billed).values()) == 1


def test_results_that_never_come_are_asked_for_again_once_the_user_says_so(server: BatchServer, project: Path) -> None:
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("classify", **{"run.batch_size": 100})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "_finish", lambda batch: setattr(batch, "state", "completed"))
        with pytest.raises(Stopped, match="its 2 results are not there"):
            run_stage("classify")
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("classify", **RESEND)
    assert finish("classify").summary.reason == "complete"


def test_a_file_that_the_provider_finds_too_large_ends_with_4_and_names_the_setting(
    server: BatchServer, project: Path
) -> None:
    server.faults = {"/files": [error(413, "Maximum content size limit exceeded")]}
    with pytest.raises(ModelError, match=r"refused the file of a batch: .*limit exceeded") as caught:
        run_stage("classify")
    assert "run.batch_size" in caught.value.hint
    assert finish("classify").summary.reason == "complete"


def test_a_file_holds_as_many_lines_and_bytes_as_the_provider_takes(
    server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenAIBatches, "max_requests", 7)
    monkeypatch.setattr(OpenAIBatches, "max_bytes", 20_000)
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("instances", **{"run.batch_size": 1000})
    sizes = [len(file) for file in server.files.values()]
    assert max(sizes) <= 20_000
    assert max(len(batch.lines) for batch in server.batches.values()) <= 7
    assert sum(len(batch.lines) for batch in server.batches.values()) == 24


def test_a_download_is_not_held_in_memory(server: BatchServer, tmp_path: Path) -> None:
    groq = pytest.importorskip("groq")
    row = json.dumps({"custom_id": "classify-0-0", "response": None, "error": {"message": "x" * 1000}}).encode() + b"\n"
    server.batches = {}
    batch = {"id": "b", "object": "batch", "endpoint": "/v1/chat/completions", "input_file_id": "f", "created_at": 1}
    facts = batch | {"completion_window": "24h", "status": "completed", "output_file_id": "big"}
    server.files["big"] = row * 60_000
    client = groq.Groq(api_key="gsk_key", base_url=server.url, max_retries=0)
    client.batches.retrieve = lambda _id: groq.types.BatchRetrieveResponse(**facts)
    lines = OpenAIBatches(client).fetch("b", tmp_path)
    tracemalloc.start()
    count = sum(line == row for line in lines)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 60_000
    assert peak < len(server.files["big"]) / 2
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("project")
def test_a_folder_that_was_moved_with_its_run_is_read_in_its_new_place() -> None:
    stop("instances")
    lines = [line for file in requests("instances") for line in results(file)]
    Path("elsewhere").mkdir()
    shutil.move("run", "elsewhere/run")
    shutil.move(BATCHES, "elsewhere/batches")
    Path("elsewhere/batches/output.jsonl").write_text("\n".join(lines), "utf-8")
    ended = SelfInstruct(out="elsewhere/run", batch_folder="elsewhere/batches").instances()
    assert ended.summary.reason == "complete"


@pytest.mark.usefixtures("project")
def test_a_folder_that_is_gone_is_written_again_once_the_user_says_so() -> None:
    stop("instances")
    shutil.rmtree(BATCHES)
    words = ("instances", "--out", "run", "--batch-file", "other")
    command(*words).failed(
        2, "24 requests of instances are in the folder", "batches, which is not there", "resend_lost"
    )
    command(*words, "--set", "run.resend_lost=true").failed(5, "24 requests are in", "other")
    assert sum(len(file.read_text("utf-8").splitlines()) for file in Path("other").iterdir()) == 24


@pytest.mark.usefixtures("project")
def test_the_command_that_reads_only_failures_writes_the_requests_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="selfinstruct")
    stop("instances")
    before = requests("instances")
    rows = [json.loads(line) for file in before for line in results(file)]
    fault = {"response": None, "error": {"message": "the engine ran out of memory"}}
    (BATCHES / "first.jsonl").write_text("\n".join(json.dumps(row | fault) for row in rows), "utf-8")
    stop("instances")
    assert "24 requests" in caplog.text
    again = set(requests("instances")) - set(before)
    assert sum(len(list(results(file))) for file in again) == 24
    stop("instances")
    assert set(requests("instances")) == {*before, *again}
    lines = [line for file in again for line in results(file)]
    (BATCHES / "second.jsonl").write_text("\n".join(lines), "utf-8")
    assert run("instances") == "complete"


@pytest.mark.usefixtures("project")
def test_a_copy_of_the_requests_is_not_taken_for_results_and_the_user_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="selfinstruct")
    stop("instances")
    before = requests("instances")
    for file in before:
        shutil.copy(file, BATCHES / f"input-{file.name.partition('.')[0]}.jsonl")
    stop("instances")
    assert requests("instances") == before
    assert "batches: 24 lines without a result" in caplog.text


@pytest.mark.usefixtures("project")
def test_a_result_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    stop("instances")
    output = BATCHES / "output.jsonl"
    output.write_text("{}", "utf-8")
    is_output, opened = output.absolute(), Path.open

    def refuse(path: Path, *args: Any, **more: Any) -> Any:
        if path == is_output:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **more)

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    ended = command("instances", "--out", "run", "--batch-file", BATCHES)
    ended.failed(2, "output.jsonl cannot be read or written: Permission denied", "run the same command again")


def test_a_disk_that_is_full_during_a_download_stops_the_stage_and_loses_nothing(
    server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("classify", **{"run.batch_size": 100})
    with monkeypatch.context() as patch:
        patch.setattr("selfinstruct.api.batches.TemporaryFile", lambda **_: open("/dev/full", "w+b", buffering=0))  # noqa: SIM115
        command("classify", "--out", "run", "--batch").failed(5, "the disk is full", "Make room")
    for stage in STAGES:
        finish(stage)
    assert_same_as_live()
    assert max(Counter(server.billed).values()) == 1


def test_a_command_that_is_killed_while_it_sends_leaves_no_file_for_long(server: BatchServer, project: Path) -> None:
    process: list[Started] = []

    def kill(_number: int, moment: str) -> None:
        if moment == "arrived" and server.requests[-1].path.endswith("/files"):
            os.kill(process[0].pid, signal.SIGKILL)

    server.on_call = kill
    words = ["instances", "--out", "run", "--batch", "--quiet"]
    process[:] = [start("-m", "selfinstruct", *words, cwd=project, env=os.environ)]
    assert process[0].wait() < 0
    assert list(Path("run").glob(".batch-*"))
    server.on_call = lambda _number, _moment: None
    finish("instances")
    assert not list(Path("run").glob(".batch-*"))
