"""Batches with a provider that breaks its own rules: every request is billed once, or the user is told of the doubt."""

from __future__ import annotations

import json
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct import ModelError, Stopped
from selfinstruct.store import RunStore
from tests.batches.test_batches import (
    STAGES,
    assert_same_as_live,
    demo_reply,
    finish,
    grown,
    project,
    run_stage,
    server,
)
from tests.command_line import command
from tests.forking import start
from tests.project import wait_until
from tests.servers.batch_server import BatchServer, StoredBatch
from tests.servers.groq_server import error
from tests.servers.loopback import ServerFault, Wire
from tests.sweeps import quick

__all__ = ["grown", "project", "server"]

Rows = list[str]


def doubled(rows: Rows) -> Rows:
    return [*rows, *rows]


def among_strangers(rows: Rows) -> Rows:
    strange = json.loads(rows[0])
    strangers = [json.dumps(strange | {"custom_id": name}) for name in ("", "classify-0-000000000000", "request-7")]
    return [*strangers, *rows, "null", "[]", '{"custom_id": 7}', '{"custom_id": "classify-0-000000000000"']


def shuffled(rows: Rows) -> Rows:
    return random.Random(7).sample(rows, len(rows))


@pytest.mark.parametrize("change", [doubled, among_strangers, shuffled])
def test_results_in_any_form_are_each_settled_once(
    server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Rows], Rows]
) -> None:
    change_outputs(server, monkeypatch, change)
    for stage in STAGES:
        finish(stage)
    assert_same_as_live()
    assert max(Counter(server.billed).values()) == 1


def change_outputs(server: BatchServer, patch: pytest.MonkeyPatch, change: Callable[[Rows], Rows]) -> None:
    """Let the server's output files hold other lines than it wrote."""
    end = server._finish

    def finish_and_change(batch: StoredBatch) -> None:
        end(batch)
        if batch.output:
            rows = change(server.files[batch.output].decode().splitlines())
            server.files[batch.output] = "".join(row + "\n" for row in rows).encode()

    patch.setattr(server, "_finish", finish_and_change)


def test_lines_that_are_missing_are_sent_again_and_the_user_is_told(
    server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="selfinstruct")
    taken: Rows = []

    def without_one(rows: Rows) -> Rows:
        taken.extend([rows[0]] if not taken and len(rows) > 1 else [])
        return [row for row in rows if row not in taken]

    change_outputs(server, monkeypatch, without_one)
    finish("classify", **{"run.batch_size": 100})
    assert "1 request of batch batch_0 was not answered and will be sent again" in caplog.text
    finish("instances")
    assert_same_as_live()


@pytest.mark.parametrize("status", quick([500, 429], [500]))
@pytest.mark.parametrize("place", ["/files", "/batches", "/batches/batch_0", "/files/file-batch_0-output/content"])
def test_an_error_at_any_step_stops_the_stage_and_bills_nothing_twice(
    server: BatchServer, project: Path, place: str, status: int
) -> None:
    server.faults = {place: [error(status, "overloaded"), error(status, "overloaded")]}
    seen: list[str] = []
    for _ in range(8):
        try:
            run_stage("classify", **{"run.batch_size": 100})
            break
        except Stopped as stopped:
            seen.append(str(stopped))
    assert sum("cannot be reached" in words for words in seen) == 2
    assert not server.faults[place]
    finish("instances")
    assert_same_as_live()
    assert max(Counter(server.billed).values()) == 1


def test_a_batch_whose_creation_was_answered_with_an_error_is_found(
    server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = server._create

    def make_and_fail(wire: Wire, asked: dict[str, Any]) -> None:
        if not server.batches:  # the batch is made, and the answer lost
            monkeypatch.setattr(wire, "json", lambda _body: wire.fault(error(500, "internal error")))
        make(wire, asked)

    monkeypatch.setattr(server, "_create", make_and_fail)
    with pytest.raises(Stopped, match="cannot be reached"):
        run_stage("classify", **{"run.batch_size": 100})
    for stage in STAGES:
        finish(stage)
    assert_same_as_live()
    assert max(Counter(server.billed).values()) == 1


def test_the_user_is_told_when_a_batch_that_was_being_sent_is_not_there(
    server: BatchServer, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="selfinstruct")
    server.faults = {"/batches": [error(500, "internal error")]}
    with pytest.raises(Stopped, match="cannot be reached"):
        run_stage("classify")
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("classify")
    words = "2 requests of classify were being sent when the command ended, and the provider lists no batch of them"
    assert words in caplog.text
    assert len(server.batches) == 1


def test_a_batch_whose_requests_are_refused_for_the_key_is_sent_again_with_a_better_one(
    server: BatchServer, project: Path
) -> None:
    server.reply = lambda _body: error(401, "Invalid API Key", "invalid_api_key")
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("classify", **{"run.batch_size": 100})
    with pytest.raises(ModelError, match="refused the key"):
        run_stage("classify", **{"run.batch_size": 100})
    server.reply = demo_reply
    for stage in STAGES:
        finish(stage)
    assert_same_as_live()


def test_a_batch_that_has_ended_waits_for_its_files(
    server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts, late = server._json, [True, True]

    def without_files(batch: StoredBatch) -> dict[str, Any]:
        found = facts(batch)
        if found["status"] == "completed" and late:
            late.pop()
            found |= {"output_file_id": None, "error_file_id": None}
        return found

    monkeypatch.setattr(server, "_json", without_files)
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("classify", **{"run.batch_size": 100})
    with pytest.raises(Stopped, match="batch_0 has ended, but its 2 results are not there"):
        run_stage("classify")
    for stage in STAGES:
        finish(stage)
    assert_same_as_live()
    assert max(Counter(server.billed).values()) == 1


def test_results_that_break_off_are_fetched_again(
    server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[str] = []
    answer = server._answer

    def break_off(wire: Wire, request: Any) -> None:
        if request.path.endswith("/content") and not broken:
            broken.append(request.path)
            return wire.fault(ServerFault(200, '{"custom_id": ', hang_up="half"))
        return answer(wire, request)

    monkeypatch.setattr(server, "_answer", break_off)
    for stage in STAGES:
        finish(stage)
    assert broken
    assert_same_as_live()
    assert max(Counter(server.billed).values()) == 1


def test_a_wrong_key_ends_with_4_and_loses_no_batch(server: BatchServer, project: Path) -> None:
    with pytest.raises(Stopped, match="with the provider"):
        run_stage("classify", **{"run.batch_size": 100})
    server.faults = {"/batches/batch_0": [error(401, "Invalid API Key", "invalid_api_key")]}
    command("classify", "--out", "run", "--batch").failed(4, "refused the key")
    for stage in STAGES:
        finish(stage)
    assert_same_as_live()
    assert max(Counter(server.billed).values()) == 1


def test_an_interrupt_while_the_command_waits_ends_with_5_and_loses_nothing(server: BatchServer, project: Path) -> None:
    server.polls_needed = 1000
    process = start("-m", "selfinstruct", "classify", "--out", "run", "--batch", "--wait", cwd=project, env=os.environ)
    wait_until(lambda: "looking again" in process.err(), "the wait")
    os.kill(process.pid, signal.SIGINT)
    assert process.wait() == 5
    server.polls_needed = 1
    for stage in STAGES:
        finish(stage)
    assert_same_as_live()
    assert max(Counter(server.billed).values()) == 1
    with closing(RunStore.open_readonly(Path("run"))) as store:
        assert not store.batches.open()


@pytest.mark.parametrize("place", ["/files", "/batches", "/batches/batch_0", "/files/file-batch_0-output/content"])
def test_a_command_that_waits_goes_on_waiting_while_the_provider_cannot_be_reached(
    server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr("selfinstruct.engine.batches.rounds.POLL_SECONDS", 0.01)
    server.faults = {place: [error(500, "overloaded"), error(429, "slow down")]}
    ended = command("instances", "--out", "run", "--batch", "--wait").done()
    assert ended.err.count("cannot be reached") == 2, ended.err
    finish("classify")
    assert max(Counter(server.billed).values()) == 1


def test_states_in_capitals_are_known(server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = server._json
    monkeypatch.setattr(server, "_json", lambda batch: facts(batch) | {"status": batch.state.upper()})
    finish("instances")
    assert len(server.billed) == 24


def test_batches_that_get_the_same_id_are_each_answered(
    server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_to_the_first(wire: Wire, asked: dict[str, Any]) -> None:
        batch = server.batches.setdefault("batch_0", StoredBatch("batch_0", asked["metadata"], []))
        batch.lines += [json.loads(line) for line in server.files[asked["input_file_id"]].splitlines()]
        wire.json(server._json(batch))

    monkeypatch.setattr(server, "_create", add_to_the_first)
    finish("instances", **{"run.batch_size": 10})
    assert len(server.billed) == 24
    assert max(Counter(server.billed).values()) == 1


def test_a_batch_that_is_cancelled_half_way_keeps_its_answers_and_the_rest_is_sent_again(
    server: BatchServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = server._finish

    def cancel(batch: StoredBatch) -> None:
        later = batch.lines[3:] if batch.id == "batch_0" else []
        batch.lines = batch.lines[: len(batch.lines) - len(later)]
        end(batch)
        batch.state = "cancelled" if later else batch.state

    monkeypatch.setattr(server, "_finish", cancel)
    for stage in STAGES:
        finish(stage, **{"run.batch_size": 10})
    assert_same_as_live()
    assert max(Counter(server.billed).values()) == 1
