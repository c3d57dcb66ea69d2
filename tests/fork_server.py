"""Run as a program: imports what the command line needs, then forks a process for each request on a socket.

`python -m tests.fork_server LISTENER`, a descriptor. A request is three files and a line of JSON: `args` as Python
takes them, `cwd`, `env`. The answer is two lines: the process id at once, and the exit code at the end.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import time
import types
from collections.abc import Sequence
from typing import Any

PRELOADED = (
    "langchain_core.language_models.fake_chat_models",
    "langchain_groq",
    "rich.live",
    "rich.progress",
    "selfinstruct.cli.generate",
    "selfinstruct_demo.model",
    "selfinstruct_groq.backend",
)


def preload() -> None:
    """Import what most commands import; a module that is not installed is one that no test needs."""
    for module in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    gc.freeze()


def serve(listener: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Fork for each request until standard input ends; returns in the new processes only, with their request."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        watched: list[Any] = [listener, 0]
        ready, _, _ = select.select(watched, [], [])
        if listener not in ready:
            os._exit(0)
        line, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _, files, _, _ = socket.recv_fds(line, 1, 3)
            with line.makefile("rb") as lines:
                request = json.loads(lines.readline())
            if keep(line, files):
                return request, files
        line.close()
        while reaped():
            pass


def reaped() -> bool:
    """Whether a process that kept another has ended since."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def keep(line: socket.socket, files: Sequence[int]) -> bool:
    """Fork once more: true in the new process. The other one waits for its end, and reports it."""
    if (child := os.fork()) == 0:
        line.close()
        return True
    for file in files:
        os.close(file)
    with contextlib.suppress(OSError):  # the test has ended and does not listen
        line.sendall(b"%d\n" % child)
        _, status = os.waitpid(child, 0)
        line.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def become(request: dict[str, Any], files: Sequence[int]) -> None:
    """Make of this process what a new one would be: its files, folder and environment."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    added = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    sys.path[:1] = [request["cwd"], *(os.path.abspath(folder) for folder in added)]


def run(args: Sequence[str]) -> None:
    """Do what `python ARGS` does."""
    kind, what, *others = args
    sys.argv = [kind, *others]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(what, "<string>", "exec"), vars(main))


if __name__ == "__main__":
    preload()
    with socket.socket(fileno=int(sys.argv[1])) as waiting:
        asked = serve(waiting)
    become(*asked)
    run(asked[0]["args"])
