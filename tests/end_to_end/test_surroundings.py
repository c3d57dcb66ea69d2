"""A library call leaves the process as it was, and works after a fork; the review page takes many calls at once."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.review.server import ReviewServer
from selfinstruct.store.reviews import Reviews
from tests.project import Project, ended, wait_until


class TracingProbe:
    """An observer that asks LangSmith whether it would trace what happens now."""

    def __init__(self) -> None:
        self.found: list[bool] = []

    def selfinstruct_settled(self, settlement: Any) -> None:
        from langsmith.utils import tracing_is_enabled

        self.found.append(bool(tracing_is_enabled()))


@pytest.mark.parametrize("traced", [False, True])
def test_a_call_leaves_the_environment_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, traced: bool) -> None:
    from langsmith import utils as langsmith_utils

    utils: Any = langsmith_utils

    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("SOME_KEY_OF_MINE=secret\n")
    monkeypatch.setenv("LANGSMITH_TRACING", "true" if traced else "")
    utils.get_env_var.cache_clear()
    before, probe = dict(os.environ), TracingProbe()
    SelfInstruct(backend="demo", out=tmp_path / "run").generate(3, observers=[probe])
    assert dict(os.environ) == before
    assert set(probe.found) == {False}
    assert bool(utils.tracing_is_enabled()) == traced
    monkeypatch.undo()
    utils.get_env_var.cache_clear()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_that_was_forked_after_use_works(tmp_path: Path) -> None:
    SelfInstruct(backend="demo", out=tmp_path / "parent").generate(3)
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        code = 1
        try:
            own = SelfInstruct(backend="demo", out=tmp_path / "child")
            own.generate(3)
            code = 0 if len(list(own.instructions())) == 3 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP on Windows")
def test_a_terminal_that_closes_stops_a_run_in_good_order(tmp_path: Path) -> None:
    project = Project(tmp_path / "run")
    process = project.start("generate", "--target", "100000")
    try:
        wait_until(lambda: project.replies() > 3, "the run has replies")
        process.send_signal(signal.SIGHUP)
        found = ended(process)
    finally:
        project.kill_all()
    assert found.code == 5, found
    assert "stopping" in found.stderr


BUSY = """
from pathlib import Path
from selfinstruct.api import Component, Draft, Filter, NoOptions, hookimpl, keep

class Busy(Filter[Draft]):
    def evaluate(self, item):
        Path("at-work").touch()
        while not Path("enough").exists():
            pass
        return keep()

@hookimpl
def selfinstruct_filters():
    return [Component("busy", "Computes until it is told", NoOptions, lambda _: Busy(), ("generate",))]
"""


def test_a_signal_is_obeyed_while_a_reply_is_evaluated(tmp_path: Path) -> None:
    project = Project(tmp_path / "run")
    (tmp_path / "busy.py").write_text(BUSY)
    process = project.start("generate", "--target", "100000", "--plugin", str(tmp_path / "busy.py"), "--filter", "busy")
    try:
        wait_until((tmp_path / "at-work").exists, "a filter is at work")
        process.send_signal(signal.SIGINT)
        wait_until(lambda: "stopping" in process.err(), "word of the signal")
        assert process.is_running()
        (tmp_path / "enough").touch()
        found = ended(process)
    finally:
        project.kill_all()
    assert found.code == 5, found
    assert "stopped: interrupted" in found.stderr


def test_the_review_page_takes_a_hundred_calls_at_once(tmp_path: Path) -> None:
    SelfInstruct(backend="demo", out=tmp_path / "run").generate(3)
    with closing(Reviews.open(tmp_path / "run")) as reviews:
        server = ReviewServer(reviews)
        try:
            waiting: Sequence[socket.socket] = [
                socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=5) for _ in range(100)
            ]
            for one in waiting:
                one.close()
        finally:
            server.server_close()
