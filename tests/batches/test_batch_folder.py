"""Batches as files: requests are answered by another program, and its results are read where they lie."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest

from selfinstruct import SelfInstruct, Stopped
from selfinstruct.engine.batches.batch_folder import FolderBatches
from selfinstruct.insight.cost import read_cost
from selfinstruct.store import RunStore
from tests.batches.test_batches import (
    STAGES,
    assert_same_as_live,
    demo_reply,
    grown,
    project,
    server,
)
from tests.command_line import command
from tests.servers.batch_server import BatchServer
from tests.servers.groq_server import GroqAnswer, completion

__all__ = ["grown", "project", "server"]

BATCHES = Path("batches")


def requests(stage: str) -> list[Path]:
    """The files of requests that wait for answers."""
    return sorted(BATCHES.glob(f"{stage}-*{FolderBatches.SUFFIX}"))


def results(file: Path) -> Iterator[str]:
    """What `vllm run-batch` and its like write for a file of requests."""
    for line in file.read_text("utf-8").splitlines():
        asked = json.loads(line)
        body = completion(GroqAnswer(demo_reply(asked["body"])), asked["body"]["model"])
        answer = {"status_code": 200, "request_id": "r", "body": body}
        yield json.dumps({"id": "r", "custom_id": asked["custom_id"], "response": answer, "error": None})


def stop(stage: str) -> None:
    """Run a stage that has to wait for results."""
    with pytest.raises(Stopped, match=r"requests? (is|are) in .*batches, in \d+ batch"):
        run(stage)


def run(stage: str) -> str:
    grow = SelfInstruct(out="run", settings={"run.batch_size": 4}, batch_folder=BATCHES)
    return {"classify": grow.classify, "instances": grow.instances}[stage]().summary.reason


@pytest.mark.usefixtures("project")
def test_results_in_any_order_and_in_several_files_give_the_run_that_live_calls_give() -> None:
    for stage in STAGES:
        answered: set[Path] = set()
        while True:  # what has no label is asked again, in other files
            try:
                assert run(stage) == "complete"
                break
            except Stopped:
                new = [file for file in requests(stage) if file not in answered]
                assert new, "the stage waits, but not for results"
            for file in new:
                write_results(file)
            answered.update(new)
        assert answered
    assert_same_as_live()


def write_results(file: Path) -> None:
    """Write the results of a file of requests in another order, into two files in a folder of their own."""
    lines = list(results(file))
    random.Random(file.name).shuffle(lines)
    folder = BATCHES / "results" / file.name.partition(".")[0]
    folder.mkdir(parents=True)
    half = len(lines) // 2
    (folder / "a.jsonl").write_text("".join(line + "\n" for line in lines[:half]), "utf-8")
    (folder / "b.json").write_text("".join(line + "\n" for line in lines[half:]), "utf-8")


@pytest.mark.usefixtures("project")
def test_a_result_that_is_still_being_written_is_read_the_next_time() -> None:
    stop("instances")
    whole = [line for file in requests("instances") for line in results(file)]
    output = BATCHES / "output.jsonl"
    output.write_text("\n".join(whole)[:-40], "utf-8")
    before = requests("instances")
    stop("instances")
    assert requests("instances") == before, "what is out already is not written again"
    output.write_text("\n".join(whole), "utf-8")
    assert run("instances") == "complete"


@pytest.mark.usefixtures("project")
def test_results_that_stand_there_twice_and_results_of_others_change_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="selfinstruct")
    stop("instances")
    whole = [line for file in requests("instances") for line in results(file)]
    stranger = json.dumps({**json.loads(whole[0]), "custom_id": "instances-0-000000000000"})
    (BATCHES / "output.jsonl").write_text("\n".join([stranger, *whole, "no JSON", "", *whole]), "utf-8")
    assert run("instances") == "complete"
    assert re.search("left out of .*batches: 1 result of other requests", caplog.text)


@pytest.mark.usefixtures("project")
def test_a_failed_request_is_written_again_and_its_old_failure_does_not_count_twice() -> None:
    stop("instances")
    whole = [json.loads(line) for file in requests("instances") for line in results(file)]
    fault = {"message": "the engine ran out of memory"}
    (BATCHES / "first.jsonl").write_text("".join(
        json.dumps(row | ({"response": None, "error": fault} if number % 5 == 0 else {})) + "\n"
        for number, row in enumerate(whole)
    ), "utf-8")  # fmt: skip
    before = requests("instances")
    stop("instances")
    again = set(requests("instances")) - set(before)
    stop("instances")
    assert set(requests("instances")) == {*before, *again}, "the old failures say nothing about the new files"
    second = [line for file in again for line in results(file)]
    assert len(second) == len(whole[::5])
    (BATCHES / "second.jsonl").write_text("\n".join(second), "utf-8")
    assert run("instances") == "complete"


@pytest.mark.usefixtures("project")
def test_an_answer_counts_whether_it_stands_before_or_after_a_failure_of_the_same_request() -> None:
    stop("instances")
    whole = [line for file in requests("instances") for line in results(file)]
    failed = [json.dumps({**json.loads(line), "response": None, "error": {"message": "busy"}}) for line in whole]
    (BATCHES / "output.jsonl").write_text("\n".join([*failed, *whole, *failed]), "utf-8")
    before = requests("instances")
    assert run("instances") == "complete"
    assert requests("instances") == before


@pytest.mark.usefixtures("project")
def test_results_of_other_stages_and_of_earlier_files_are_not_called_foreign(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="selfinstruct")
    for stage in STAGES:
        done: set[Path] = set()
        while True:
            try:
                run(stage)
                break
            except Stopped:
                new = set(requests(stage)) - done
            for file in new:
                write_results(file)
            done |= new
    assert "of other requests" not in caplog.text


@pytest.mark.usefixtures("project")
def test_an_engine_of_ones_own_costs_no_dollars_unless_the_user_sets_its_price() -> None:
    prices = {"budget.usd_per_million_prompt_tokens": 1_000_000, "budget.usd_per_million_completion_tokens": 0}
    free = SelfInstruct(out="run", settings={"budget.max_usd": 1e-6}, batch_folder=BATCHES)
    with pytest.raises(Stopped, match="requests are in"):
        free.classify()
    for _ in range(2):  # a label that its reply lacks is asked for again
        for file in requests("classify"):
            write_results(file)
        with suppress(Stopped):
            free.classify()
    with closing(RunStore.open_readonly(Path("run"))) as store:
        assert store.totals("classify").prompt_tokens > 0
        assert {spent.price_share for spent in store.batches.spent(["classify"])} == {0.0}
        assert read_cost(store, "classify").usd is None, "unknown, not 0"
    priced = SelfInstruct(out="run", settings={**prices, "budget.max_usd": 1}, batch_folder=BATCHES)
    with pytest.raises(Stopped, match="1 US dollars is used up"):
        priced.instances()


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("flags", [(), ("--batch",)])
def test_what_is_out_in_a_folder_is_asked_nowhere_else(flags: tuple[str, ...], server: BatchServer) -> None:
    stop("instances")
    calls = len(server.billed)
    command("instances", "--out", "run", *flags).failed(
        2, f"are in {BATCHES.absolute()}", f"--batch-file {BATCHES.absolute()}"
    )
    assert len(server.billed) == calls
    assert not server.batches


@pytest.mark.usefixtures("project")
def test_the_error_names_a_folder_that_is_gone() -> None:
    stop("instances")
    for file in [*BATCHES.iterdir()]:
        file.unlink()
    BATCHES.rmdir()
    ended = command("instances", "--out", "run", "--batch-file", BATCHES)
    ended.failed(2, "batches", "Put it back")


@pytest.mark.usefixtures("project")
def test_each_file_of_requests_is_named_when_it_is_written() -> None:
    ended = command("instances", "--out", "run", "--set", "run.batch_size=20", "--batch-file", BATCHES)
    ended.failed(5, *(f"of instances into {file.absolute()}" for file in requests("instances")))
    assert len(requests("instances")) == 2


def test_the_loop_of_the_guide_asks_the_engine_once_for_each_file(project: Path) -> None:
    page = Path(__file__).parents[2].joinpath("docs/how-to/batches.md").read_text("utf-8")
    (loop,) = re.findall(r"^for file in .*?^done$", page, re.DOTALL | re.MULTILINE)
    engine = project / "vllm"
    engine.write_text('#!/bin/sh\necho "$3" >> asked\necho "{}" > "$5"\n', "utf-8")
    engine.chmod(0o755)
    shell = partial(subprocess.run, ["sh", "-c", loop], env={"PATH": f"{project}:{os.defpath}"}, check=True)
    stop("instances")
    first = requests("instances")
    shell()
    (BATCHES / "classify-more.requests.jsonl").write_text("{}\n", "utf-8")
    shell()
    asked = Path("asked").read_text("utf-8").splitlines()
    assert sorted(asked) == sorted(map(str, [*first, BATCHES / "classify-more.requests.jsonl"]))


@pytest.mark.usefixtures("project")
def test_requests_whose_results_were_read_are_not_said_to_be_out() -> None:
    line = ("classify", "--out", "run", "--batch-file", BATCHES)
    command(*line).failed(5, "2 requests are in", "write its results into that folder, as .jsonl")
    (file,) = requests("classify")
    (BATCHES / "half.jsonl").write_text(next(results(file)) + "\n", "utf-8")
    command(*line).failed(5, f"1 request is in {BATCHES.absolute()}, in 1 batch")
    assert ": 1 request of classify" in command("status", "--out", "run").done().out
    command("classify", "--out", "run", "--set", "run.batch=false").failed(2, "1 request of classify is in")
    BATCHES.rename("moved")
    command(*line).failed(2, "1 request of classify is in the folder", "which is not there")


@pytest.mark.usefixtures("project")
def test_a_request_that_failed_is_shown_without_an_empty_filter() -> None:
    line = ("instances", "--out", "run", "--batch-file", BATCHES)
    command(*line).failed(5)
    (file,) = requests("instances")
    first, *rest = results(file)
    broken = {"status_code": 400, "request_id": "r", "body": {"error": {"message": "bad"}}}
    failed = json.dumps(json.loads(first) | {"response": broken})
    (BATCHES / "results.jsonl").write_text("\n".join([failed, *rest]), "utf-8")
    assert "  1 request-failed\n" in command(*line).out
