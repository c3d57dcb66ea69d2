"""Real processes and real signals: Ctrl-C, a second one, a second process."""

from __future__ import annotations

import signal

import pytest

from tests.forking import Started
from tests.project import Project, ended, wait_until

SLOWLY = ("--target", "100000", "--latency", "0.2", "--concurrency", "4")
STUCK = ("--target", "100", "--latency", "1000")
"""No reply comes before the test's deadline, so a process that waits for one is seen to hang."""


def under_way(project: Project, *args: str) -> Started:
    """Start to generate, and wait until some replies are there."""
    process = project.start("generate", *args)
    wait_until(lambda: project.replies() >= 3, "three replies")
    return process


def stuck(project: Project) -> Started:
    """Start to generate, and wait until the first request is sent."""
    process = project.start("generate", *STUCK)
    wait_until(lambda: requests(project), "a request")
    return process


def requests(project: Project) -> int:
    try:
        store = project.open_readonly()
    except Exception:
        return 0
    try:
        return store.totals("generate").requests
    finally:
        store.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_cleanly_with_files_written_and_the_run_continues(
    project: Project, number: signal.Signals
) -> None:
    process = under_way(project, *SLOWLY)
    process.send_signal(number)
    stopped = ended(process)
    assert stopped.code == 5, stopped.stderr
    assert "stopped: interrupted" in stopped.stderr
    with_files = project.rows()
    assert with_files
    more = len(with_files) + 50
    project.run("generate", "--target", str(more), "--latency", "0").succeeded()
    assert project.rows()[: len(with_files)] == with_files, "what was there is untouched, to the second"
    assert project.exported() == project.another("unbroken").grow(more).exported()


def test_the_replies_under_way_at_a_ctrl_c_are_kept(project: Project) -> None:
    process = under_way(project, *SLOWLY)
    process.send_signal(signal.SIGINT)
    ended(process)
    store = project.open_readonly()
    totals = store.totals("generate")
    store.close()
    assert totals.replies == totals.requests - unsent(project)


def unsent(project: Project) -> int:
    """Requests that were journalled but waited for a slot when the stop came: no more than the window holds."""
    store = project.open_readonly()
    held = [store.journal_entry("generate", index, None) for index in range(store.totals("generate").requests)]
    store.close()
    waiting = [index for index, request in enumerate(held) if request is not None and request.answer is None]
    assert waiting == list(range(len(held) - len(waiting), len(held))), "those were the last ones"
    assert len(waiting) <= 16 - 4
    return len(waiting)


def test_a_second_ctrl_c_leaves_at_once(project: Project) -> None:
    process = stuck(project)
    process.send_signal(signal.SIGINT)
    wait_until(lambda: "stopping" in process.err(), "word of the first one")
    process.send_signal(signal.SIGINT)
    assert ended(process).code == 5
    project.run("generate", "--target", "20", "--latency", "0").succeeded()
    assert len(project.rows()) == 20


def test_a_second_process_on_the_same_run_is_refused_with_the_first_one_s_pid(project: Project) -> None:
    first = stuck(project)
    second = project.run("generate", "--target", "5")
    assert second.code == 2
    assert f"pid {first.pid}" in second.stderr
    assert first.is_running(), "the first goes on"


def test_status_may_look_on(project: Project) -> None:
    stuck(project)
    project.run("status").succeeded()


def test_the_error_names_a_run_folder_that_cannot_be_made(project: Project) -> None:
    project.folder.write_text("a file in the way")
    refused = project.run("generate", "--target", "5")
    assert refused.code == 2
    assert str(project.folder) in refused.stderr
    assert "Traceback" not in refused.stderr
