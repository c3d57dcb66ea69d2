"""One event loop in a separate thread, so that plain calls work everywhere, even in notebooks."""

from __future__ import annotations

import asyncio
import functools
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from selfinstruct.client.arguments import check_arguments
from selfinstruct.errors import UsageError


class Stoppable(Protocol):
    """An object whose calls can be stopped."""

    def _interrupt(self) -> None: ...


P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")
I = TypeVar("I", bound=Stoppable)  # noqa: E741

_loop: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None
_lock = threading.Lock()


def plain(call: Callable[Concatenate[I, P], Coroutine[Any, Any, T]]) -> Callable[Concatenate[I, P], T]:
    """The async method as a plain one, which runs it in the background loop; Ctrl-C interrupts its object."""
    call = check_arguments(call)

    @functools.wraps(call)
    def wrapper(self: I, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return keep_waiting(start(call(self, *args, **kwargs)).result, self._interrupt)

    wrapper.__dict__["coroutine_function"] = call
    return wrapper


def async_twin(call: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """The method to be awaited: the async one that `plain` wraps, or else the method in a thread."""
    work: Any = getattr(call, "coroutine_function", None)

    @functools.wraps(call)
    async def twin(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        done: T = await (work(self, *args, **kwargs) if work else asyncio.to_thread(call, self, *args, **kwargs))
        return done

    twin.__name__, twin.__doc__ = f"a{call.__name__}", f"The async twin of `{call.__name__}`."
    twin.__qualname__ = call.__qualname__.removesuffix(call.__name__) + twin.__name__
    return twin


def background_loop() -> asyncio.AbstractEventLoop:
    """The event loop of all plain calls of this process. A chat model must stay with one loop."""
    global _loop, _thread
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            _thread = threading.Thread(target=_serve, args=(_loop,), name="selfinstruct-loop", daemon=True)
            _thread.start()
    return _loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        try:
            return loop.run_forever()
        except (SystemExit, KeyboardInterrupt):  # of a model's task; whoever awaits the task has it too
            continue


def _forget_loop() -> None:
    """In a child process: the loop's thread stayed in the parent, so the child makes its own."""
    global _loop, _lock
    _loop, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_loop)


def start(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Start a coroutine in the background loop; raises `UsageError` in that loop, which cannot wait for itself."""
    loop = background_loop()
    if threading.current_thread() is _thread:
        work.close()
        raise UsageError(
            "an observer or a model of a plain call made another plain call, and each would wait for the other",
            "Make the call after the first has returned, or in a thread.",
        )
    return asyncio.run_coroutine_threadsafe(work, loop)


def keep_waiting(get: Callable[[], T], interrupt: Callable[[], None]) -> T:
    """What `get` returns; Ctrl-C calls `interrupt` and keeps waiting."""
    while True:
        try:
            return get()
        except KeyboardInterrupt:
            print("stopping: waiting for replies under way", file=sys.stderr)
            interrupt()
