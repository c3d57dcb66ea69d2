"""Handles Ctrl-C, SIGTERM and SIGHUP during a run: the first signal stops it cleanly, the second immediately."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Protocol

from selfinstruct.errors import Stopped


class Interruptible(Protocol):
    """Work that a signal can stop: a run or a reprocessing."""

    say: Callable[[str], None]

    def interrupt(self) -> None:
        """Stop planning, wait for replies under way, and end."""


def stop_signals() -> Iterator[int]:
    """The signals that end a command: a terminal that closes sends SIGHUP, which `nohup` ignores."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and (name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN):
            yield number


def run_with_signals(run: Interruptible, work: Callable[[], Any]) -> Any:
    """Run a coroutine function. The first signal stops it cleanly, a second one immediately."""

    async def main() -> Any:
        loop = asyncio.get_running_loop()
        hits = 0

        def on_signal() -> None:
            nonlocal hits
            hits += 1
            if hits > 1:
                if os.isatty(2):  # the live board hid the cursor; a replaced sys.stderr may buffer, the descriptor not
                    os.write(2, b"\r\n\x1b[?25h")
                os._exit(Stopped.exit_code)
            run.say("stopping: waiting for replies under way (press Ctrl-C again to stop immediately)")
            run.interrupt()

        for number in stop_signals():
            with suppress(NotImplementedError, ValueError, RuntimeError):
                loop.add_signal_handler(number, on_signal)
        return await work()

    return asyncio.run(main())
