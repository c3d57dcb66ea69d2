"""Starts the model's server, waits until it answers, and stops it however the work ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SERVE = Path(__file__).with_name("serve.py")
PATIENCE = 300.0
"""Seconds to load a model of 100 MB: five on an idle computer, a minute on a busy one."""


class ServerError(Exception):
    """The server did not start; the message says why and where its log is."""


def command(threads: int, slots: int, gguf: Path | None = None) -> list[str]:
    """How the server is started: `slots` requests are answered at once, by so many threads; `gguf` is another model."""
    return [sys.executable, str(SERVE), str(threads), str(slots), *([str(gguf.resolve())] if gguf else [])]


@contextmanager
def serving(start: Sequence[str], log: Path, patience: float = PATIENCE) -> Iterator[str]:
    """The address of a server that runs as long as the block does.

    `start` is a command that prints its address on one line when it is ready, and ends when its standard input is
    closed. It gets a session of its own, so that Ctrl-C does not reach it while a reply is under way. Raises
    `ServerError` if no address comes within `patience` seconds.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, start_new_session=True
        )
    try:
        address = _first_line(process, patience)
        if not address:
            raise ServerError(f"the model's server did not start: see {log}")
        yield address
    finally:
        _stop(process)


def _first_line(process: subprocess.Popen[bytes], patience: float) -> str:
    """What the server says first; empty if it ended, or said nothing in time."""
    assert process.stdout is not None
    timer = threading.Timer(patience, process.kill)
    timer.start()
    try:
        return process.stdout.readline().decode().strip()
    finally:
        timer.cancel()


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
