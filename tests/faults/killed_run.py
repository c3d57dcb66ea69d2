"""Run as a program: the command line, which kills itself. `python -m tests.faults.killed_run WHEN NUMBER ARGS...`.

With `moment` it dies NUMBER seconds of CPU time after it opened the run, by a signal that no handler sees, as with
SIGKILL. With `checkpoint` it dies while the write-ahead log is moved into `run.sqlite` for the NUMBER-th time: nothing
else ever writes into that file. NUMBER 0 kills nothing, and prints how many seconds the command took, or how often
that happened.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from selfinstruct.cli import main as command_line
from selfinstruct.files.names import RUN_FILE
from selfinstruct.store.writer import Writer


class Watch:
    """Looks at the file all the time, and counts how often it changed."""

    def __init__(self, file: Path, last: int) -> None:
        self.file, self.last, self.count = file, last, 0
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        seen = self._changed_at()
        while True:
            if (now := self._changed_at()) != seen:
                seen, self.count = now, self.count + 1
                if self.count == self.last:
                    os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.0001)  # a checkpoint takes longer

    def _changed_at(self) -> int:
        try:
            return self.file.stat().st_mtime_ns
        except FileNotFoundError:
            return 0


class Alarm:
    """Kills after so many seconds, counted from the first writer, and measures them."""

    def __init__(self, seconds: float) -> None:
        self.began: float | None = None
        init = Writer.__init__

        def first(writer: Writer, *args: Any) -> None:
            if self.began is None:
                self.began = time.process_time()
                signal.setitimer(signal.ITIMER_PROF, seconds)
            init(writer, *args)

        Writer.__init__ = first  # type: ignore[method-assign, assignment]

    @property
    def count(self) -> float:
        return time.process_time() - (self.began or 0.0)


def main() -> None:
    when, number, args = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    file = Path(args[args.index("--out") + 1]) / RUN_FILE
    counter = Watch(file, int(number)) if when == "checkpoint" else Alarm(number)
    sys.argv[1:] = args
    try:
        command_line()
    finally:
        print(counter.count)


if __name__ == "__main__":
    main()
