"""`selfinstruct review` as a process: its link, its end, and what it refuses."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfinstruct.store import RunStore
from tests.command_line import COMMAND, command, environment


class Served:
    """A page served by a process of its own."""

    def __init__(self, run: Path, *args: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "review", "--out", str(run), "--no-open", *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        assert self.process.stdout
        found = re.search(r"http://127\.0\.0\.1:(\d+)/([\w-]{43})/", self.process.stdout.readline())
        assert found
        self.port, self.token = int(found[1]), found[2]

    def post(self, what: str, **action: object) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"X-Review-Token": self.token, "Content-Type": "application/json"}
        connection.request("POST", f"/{self.token}/api/{what}", json.dumps(action), headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def end(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=120)
        return self.process.returncode, out, err


@pytest.fixture
def served(run: Path) -> Iterator[Served]:
    served = Served(run)
    yield served
    served.process.kill()
    served.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_cleanly_and_says_what_was_done(served: Served, run: Path, number: int) -> None:
    assert served.post("reject", id="g0.0", version=0, reason="unclear") == 200
    idle = socket.create_connection(("127.0.0.1", served.port))  # a browser keeps its connections open
    code, out, err = served.end(number)
    idle.close()
    assert (code, err) == (0, "")
    assert "reviewed by hand: instructions\n  0 accepted, 1 rejected, 0 edited" in out
    assert f"selfinstruct export --out {run}" in out
    assert sorted(path.name for path in run.glob("reviews*")) == ["reviews.sqlite"]


def test_two_servers_of_a_run_and_a_writer_at_work_do_no_harm(served: Served, run: Path) -> None:
    writer = RunStore.open(run)
    other = Served(run)
    assert other.token != served.token
    assert served.post("accept", id="g0.0", version=0) == 200
    assert other.post("reject", id="g0.0", version=0, reason="late") == 409
    assert other.post("reject", id="g0.0", version=1, reason="in time") == 200
    assert other.end()[0] == 0
    assert served.end()[0] == 0
    writer.close()


def test_a_kill_loses_nothing_that_was_answered(served: Served, run: Path) -> None:
    assert served.post("reject", id="g0.0", version=0, reason="unclear") == 200
    served.process.kill()
    served.process.communicate()
    assert "0 accepted, 1 rejected" in command("status", "--out", run).done().out


def test_the_error_says_why_a_run_cannot_be_served(run: Path, tmp_path: Path) -> None:
    command("review", "--out", tmp_path / "nothing", "--no-open").failed(2, "there is no run in")
    assert not (tmp_path / "nothing").exists()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command("review", "--out", run, "--no-open", "--port", port).failed(2, f"port {port} cannot be used")
    command("review", "--out", run, "--port", "99999").failed(2, "99999")
    (run / "reviews.sqlite").unlink()
    (run / "reviews.sqlite").mkdir()
    command("review", "--out", run, "--no-open").failed(2, "reviews.sqlite cannot be used")
