"""One event loop in a separate thread, so that synchronous calls work everywhere, even in notebooks."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_loop: asyncio.AbstractEventLoop | None = None
_lock = threading.Lock()


def background_loop() -> asyncio.AbstractEventLoop:
    """The event loop of all synchronous calls of this process. A chat model must stay with one loop."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="selfinstruct-loop", daemon=True).start()
    return _loop


def _forget_loop() -> None:
    """In a child process: the loop's thread stayed in the parent, so the child makes its own."""
    global _loop, _lock
    _loop, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_loop)


def run_sync(work: Coroutine[Any, Any, T], interrupt: Callable[[], None]) -> T:
    """Run a coroutine in the background loop and return its result; Ctrl-C calls `interrupt` and keeps waiting."""
    future = asyncio.run_coroutine_threadsafe(work, background_loop())
    while True:
        try:
            return future.result()
        except KeyboardInterrupt:
            print("stopping: waiting for replies under way", file=sys.stderr)
            interrupt()
