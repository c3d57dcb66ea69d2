"""Files of results as engines, copies and interrupted programs leave them in a folder of batches."""

from __future__ import annotations

import gzip
import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from itertools import cycle
from pathlib import Path

import pytest

from selfinstruct.engine.batches.request_lines import place_of, read_result
from selfinstruct.store import RunStore
from tests.batches.test_batch_folder import BATCHES, requests, results, run, stop
from tests.batches.test_batches import grown, project, server
from tests.command_line import command
from tests.forking import start
from tests.servers.batch_server import BatchServer
from tests.sweeps import quick

__all__ = ["grown", "project", "server"]

STAGE = ("instances", "--out", "run", "--batch-file", BATCHES)


def all_results(stage: str = "instances") -> list[str]:
    """A result for each request that a stage has in files."""
    return [line for file in requests(stage) for line in results(file)]


def text_of(lines: list[str], end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode()


def in_a_linked_folder(lines: list[str]) -> None:
    Path("elsewhere").mkdir()
    Path("elsewhere/out.jsonl").write_bytes(text_of(lines))
    (BATCHES / "results").symlink_to(Path("elsewhere").absolute(), target_is_directory=True)
    Path("elsewhere/back").symlink_to(BATCHES.absolute(), target_is_directory=True)


def as_a_linked_file(lines: list[str]) -> None:
    Path("out").write_bytes(text_of(lines))
    (BATCHES / "out.jsonl").symlink_to(Path("out").absolute())
    (BATCHES / "gone.jsonl").symlink_to("nowhere.jsonl")


def compressed(lines: list[str]) -> None:
    (BATCHES / "out.jsonl.gz").write_bytes(gzip.compress(text_of(lines)))
    for file in requests("instances"):
        (BATCHES / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))


def from_windows(lines: list[str]) -> None:
    (BATCHES / "out.jsonl").write_bytes(b"\xef\xbb\xbf" + text_of(lines, "\r\n"))


def among_empty_files_and_folders(lines: list[str]) -> None:
    (BATCHES / "a.jsonl").touch()
    (BATCHES / "b.jsonl.gz").touch()
    (BATCHES / "c.jsonl").mkdir()
    (BATCHES / "c.jsonl" / "d.json").write_bytes(text_of(lines))


FORMS = [in_a_linked_folder, as_a_linked_file, compressed, from_windows, among_empty_files_and_folders]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("write", FORMS)
def test_results_are_read_in_every_form_in_which_they_lie_in_the_folder(
    write: Callable[[list[str]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    stop("instances")
    write(all_results())
    assert run("instances") == "complete"
    assert "left out" not in capsys.readouterr().err


@pytest.mark.usefixtures("project")
def test_a_compressed_file_that_is_still_being_written_is_read_as_far_as_it_goes() -> None:
    stop("instances")
    lines = all_results()
    whole = gzip.compress(text_of(lines[:20])) + gzip.compress(text_of(lines[20:]))
    (BATCHES / "out.jsonl.gz").write_bytes(whole[:-30])
    (BATCHES / "broken.jsonl.gz").write_bytes(b"no gzip")
    ended = command(*STAGE)
    ended.failed(5, "batches: 2 lines without a result, or with half of one")
    with closing(RunStore.open_readonly(Path("run"))) as store:
        assert store.totals("instances").replies >= 20
    (BATCHES / "out.jsonl.gz").write_bytes(whole)
    assert run("instances") == "complete"


@pytest.mark.usefixtures("project")
def test_a_file_that_is_renamed_while_the_folder_is_read_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stop("instances")
    (BATCHES / "a.jsonl").write_bytes(text_of(all_results()))
    (BATCHES / "b.jsonl").write_bytes(b"")
    opened = Path.open

    def rename(path: Path, *args: object, **more: object) -> object:
        if path.name == "b.jsonl":
            path.rename(path.with_name("c.jsonl"))
        return opened(path, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", rename)
    assert run("instances") == "complete"


@pytest.mark.parametrize(
    "line",
    [
        *(b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe{\x00}\x00", b"\x00" * 1000, b"null", b'"x"', b"7"),
        b'{"custom_id": "instances-0-000000000000", "response": {"status_code": 1e999, "body": {}}}',
        b'{"custom_id": "instances-0-000000000000", "response": {"status_code": ' + b"9" * 5000 + b"}}",
        b'{"custom_id": "instances-0-000000000000", "response": [], "error": []}',
        b'{"custom_id": "instances-0-000000000000", "response": {"status_code": 200, "body": []}, "error": "x"}',
    ],
)
def test_a_line_that_holds_no_result_is_none(line: bytes) -> None:
    found = read_result(line)
    assert found is None or found.status == 0 or found.body == {}
    assert found is None or b"x" in line


def test_an_id_with_a_number_that_no_request_can_have_is_not_ours() -> None:
    assert place_of(f"instances-{'9' * 5000}-000000000000") is None
    assert place_of("instances-٧-000000000000") is None


@pytest.mark.usefixtures("project")
def test_results_of_another_stage_answer_nothing_and_are_there_when_their_stage_comes() -> None:
    stop("instances")
    (BATCHES / "early.jsonl").write_bytes(text_of(all_results("instances")))
    stop("classify")
    stop("classify")
    with closing(RunStore.open_readonly(Path("run"))) as store:
        assert store.totals("classify").replies == store.totals("instances").replies == 0
    (BATCHES / "out.jsonl").write_bytes(text_of(all_results("classify")))
    stop("classify")  # a label that its reply lacks is asked for again
    (BATCHES / "again.jsonl").write_bytes(text_of(all_results("classify")))
    assert run("classify") == "complete"
    assert run("instances") == "complete"


@pytest.mark.usefixtures("project")
def test_a_setting_that_changes_while_requests_are_out_loses_no_result() -> None:
    stop("instances")
    before = requests("instances")
    ended = command(*STAGE, "--set", "instances.sampling.temperature=1.5", "--set", "run.batch_size=3")
    ended.failed(5, "24 requests are in")
    assert requests("instances") == before
    (BATCHES / "out.jsonl").write_bytes(text_of(all_results()))
    assert run("instances") == "complete"


@pytest.mark.usefixtures("project")
def test_a_second_command_beside_one_that_waits_is_refused_and_changes_nothing(project: Path) -> None:
    first = start("-m", "selfinstruct", *STAGE, "--wait", cwd=project, env=os.environ)
    while "looking again" not in first.err():
        assert first.is_running(), first.err()
    before = requests("instances")
    ended = command(*STAGE)
    ended.failed(2, "in use by another process")
    assert requests("instances") == before
    os.kill(first.pid, signal.SIGINT)
    assert first.wait() == 5
    (BATCHES / "out.jsonl").write_bytes(text_of(all_results()))
    assert run("instances") == "complete"


KILLED = """
import os, signal, sys
from selfinstruct.store.writer import Writer
commit, left = Writer._commit, [int(sys.argv.pop(1))]
def doomed(self, groups):
    for moment in ("before", "after"):
        left[0] -= bool(groups)
        if groups and left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if moment == "before":
            commit(self, groups)
Writer._commit = doomed
from selfinstruct.cli import main
main()
"""


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("answered", quick([False, True], [True]))
def test_a_kill_before_and_after_each_commit_writes_no_request_twice_and_loses_no_result(
    project: Path, answered: bool
) -> None:
    """The first command is killed at its first commit, the second at its second, and so on, until one is not."""
    words = ["instances", "--out", "run", "--batch-file", "batches", "--set", "run.batch_size=10", "--quiet"]
    if answered:
        stop("instances")
        (BATCHES / "out.jsonl").write_bytes(text_of(all_results()))
    moments = 0
    while True:
        moments += 1
        process = start("-c", KILLED, str(moments), *words, cwd=project, env=os.environ)
        if process.wait() != -signal.SIGKILL:
            break
    assert process.code == (0 if answered else 5), process.err()
    assert moments > 6
    asked = [json.loads(line)["custom_id"] for file in requests("instances") for line in file.read_bytes().splitlines()]
    assert len(asked) == 24
    assert max(Counter(asked).values()) == 1
    if not answered:
        (BATCHES / "out.jsonl").write_bytes(text_of(all_results()))
        assert run("instances") == "complete"
    with closing(RunStore.open_readonly(Path("run"))) as store:
        assert store.totals("instances").replies == 24
        assert not store.batches.open()


@pytest.mark.slow
def test_a_kill_before_and_after_each_commit_bills_no_request_twice(server: BatchServer, project: Path) -> None:
    words = ["instances", "--out", "run", "--batch", "--set", "run.batch_size=12", "--quiet"]
    kills, code = 0, 5
    for moment in cycle(range(1, 14)):
        code = start("-c", KILLED, str(moment), *words, cwd=project, env=os.environ).wait()
        kills += code == -signal.SIGKILL
        if code == 0:
            break
        assert code in (5, -signal.SIGKILL)
    assert kills > 6
    assert Counter(server.billed).most_common(1)[0][1] == 1
    assert len(server.billed) == 24
    with closing(RunStore.open_readonly(Path("run"))) as store:
        assert store.totals("instances").replies == 24
        assert not store.batches.open()
