"""Batches as files: requests are answered by another program, and its results are read where they lie."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfinstruct import SelfInstruct, Stopped
from selfinstruct.engine.batches.batch_folder import FolderBatches
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
    with pytest.raises(Stopped, match="requests are with the provider"):
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
    capsys: pytest.CaptureFixture[str],
) -> None:
    stop("instances")
    whole = [line for file in requests("instances") for line in results(file)]
    stranger = json.dumps({**json.loads(whole[0]), "custom_id": "instances-0-000000000000"})
    (BATCHES / "output.jsonl").write_text("\n".join([stranger, *whole, "no JSON", "", *whole]), "utf-8")
    assert run("instances") == "complete"
    assert re.search("1 results in .*batches belong to other requests and are left out", capsys.readouterr().err)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("flags", [(), ("--batch",)])
def test_what_is_out_in_a_folder_is_asked_nowhere_else(flags: tuple[str, ...], server: BatchServer) -> None:
    stop("instances")
    calls = len(server.billed)
    command("instances", "--out", "run", *flags).failed(2, "requests of instances are", "Continue with --batch")
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
