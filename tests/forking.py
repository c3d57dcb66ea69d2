"""Processes of Python that start at once: each is forked from one that has imported the command line and LangChain.

Such a process is a real one, with a process id, an environment, a folder, signals and a normal end of its own. What it
lacks is the start of Python, which takes seconds of CPU time. Tests of the start itself use `subprocess`.

    started = start("-m", "selfinstruct", "status", cwd=folder, env=environment())
    assert started.wait(60) == 0, started.err()

Where a system cannot fork, Python is started as usual.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CAN_FORK = hasattr(os, "fork")
PATIENCE = 240.0
"""Seconds after which a process that has not ended fails its test."""


class Started:
    """A process and the two files that it writes to."""

    def __init__(self, args: list[str], cwd: Path, env: Mapping[str, str]) -> None:
        self.code: int | None = None
        self._folder = Path(tempfile.mkdtemp(dir=session_folder()))
        with (
            open(os.devnull, "rb") as nothing,
            (self._folder / "out").open("wb") as out,
            (self._folder / "err").open("wb") as err,
        ):
            if CAN_FORK:
                self._line = socket.socket(socket.AF_UNIX)
                self._line.connect(str(server()))
                files = [nothing.fileno(), out.fileno(), err.fileno()]
                socket.send_fds(self._line, [b"."], files)
                self._line.sendall(json.dumps({"args": args, "cwd": str(cwd), "env": dict(env)}).encode() + b"\n")
                self._answers = self._line.makefile("rb")
                self.pid = int(self._answers.readline())
            else:
                self._process = subprocess.Popen(
                    [sys.executable, *args], cwd=cwd, env=env, stdin=nothing, stdout=out, stderr=err
                )
                self.pid = self._process.pid

    def wait(self, timeout: float = PATIENCE) -> int:
        """Wait for the end, and return the exit code; minus the number of the signal that killed the process."""
        if self.code is None and CAN_FORK:
            self._line.settimeout(timeout)
            self.code = int(self._answers.readline())
            self._answers.close()
            self._line.close()
        elif self.code is None:
            self.code = self._process.wait(timeout)
        return self.code

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        if self.code is not None:
            return False
        if not CAN_FORK:
            return self._process.poll() is None
        self._line.setblocking(False)
        try:
            return not self._line.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self._line.setblocking(True)

    def send_signal(self, number: int) -> None:
        """Send a signal to it, unless it has ended."""
        if self.is_running():
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a power cut does, and wait until it is gone."""
        self.send_signal(signal.SIGKILL if CAN_FORK else signal.SIGTERM)
        self.wait()

    def out(self) -> str:
        """Its standard output up to now."""
        return (self._folder / "out").read_text("utf-8", "replace")

    def err(self) -> str:
        """Its error output up to now."""
        return (self._folder / "err").read_text("utf-8", "replace")


def start(*args: str | Path, cwd: Path, env: Mapping[str, str]) -> Started:
    """Start `python ARGS`, of which the first is `-m` or `-c`; it reads nothing."""
    return Started([str(arg) for arg in args], cwd, env)


def write_command(folder: Path) -> None:
    """Write a file `selfinstruct` that shells run: the command line, at once."""
    path = folder / "selfinstruct"
    path.write_text(f"#!{sys.executable} -IS\n{COMMAND.format(socket=str(server()))}", "utf-8")
    path.chmod(0o755)


COMMAND = """\
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({socket!r})
    socket.send_fds(line, [b"."], [0, 1, 2])
    args = ["-c", "from selfinstruct.cli import main; main()", *sys.argv[1:]]
    request = dict(args=args, cwd=os.getcwd(), env=dict(os.environ))
    line.sendall(json.dumps(request).encode() + b"\\n")
    _, code = line.makefile()
sys.exit(int(code))
"""


@functools.cache
def session_folder() -> Path:
    """A folder that is removed when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="started-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def server() -> Path:
    """The socket of the process that forks; it is started when it is first needed, and ends with this one."""
    address = session_folder() / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen(64)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", str(listener.fileno())],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )

    def end() -> None:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()

    atexit.register(end)
    return address
