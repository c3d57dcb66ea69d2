"""Run as a program: a `generate` that kills itself at a chosen step. `python -m tests.faults.dying STEP URL FOLDER`.

Steps are counted from 1 over everything that could be cut in two: journal writes and calls, before and after each.
STEP 0 kills nothing, and prints how many steps there were.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

from selfinstruct import SelfInstruct
from selfinstruct.engine.live_answerer import LiveAnswerer
from selfinstruct.store.writer import CommitFuture, Statement, Writer

TARGET = 12


class Steps:
    """Counts, and kills at its time."""

    def __init__(self, last: int) -> None:
        self.count, self.last = 0, last
        self.lock = threading.Lock()

    def __call__(self) -> None:
        with self.lock:
            self.count += 1
            if self.count == self.last:
                os.kill(os.getpid(), signal.SIGKILL)


def watch(step: Steps) -> None:
    """Put a step before and after each commit of the journal, and before and after each call."""
    commit, call = Writer._commit, LiveAnswerer._call

    def stepwise_commit(self: Writer, groups: list[tuple[Sequence[Statement], CommitFuture]]) -> None:
        step()
        commit(self, groups)
        step()

    async def stepwise_call(self: LiveAnswerer, request: Any) -> Any:
        step()
        said = await call(self, request)
        step()
        return said

    Writer._commit = stepwise_commit  # type: ignore[method-assign]
    LiveAnswerer._call = stepwise_call  # type: ignore[method-assign]


def generate(url: str, folder: str) -> None:
    """The run itself."""
    settings = {
        "backend": {"base_url": url, "api_key": "gsk_test_key"},
        "run": {"lookahead": 4},
        "generate": {"filters": [{"use": "exact"}], "sampling": {"max_tokens": 100}},
    }
    run = SelfInstruct(backend="groq", out=folder, settings=settings)
    asyncio.run(run.agenerate(TARGET))


def main() -> None:
    step = Steps(int(sys.argv[1]))
    watch(step)
    generate(sys.argv[2], sys.argv[3])
    print(step.count)


if __name__ == "__main__":
    main()
