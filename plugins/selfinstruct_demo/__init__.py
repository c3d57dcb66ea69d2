"""An offline model for demos and tests: it writes small tasks, and solves them rightly.

It is not a language model: it knows some seventy kinds of tasks: sorting, sums, dates, CSV and short programs. It
needs no network, no key and no weights, and always gives the same reply to the same prompt. Options set how often it
makes which mistake of a real model; without them, every answer is right by construction.
"""

from __future__ import annotations

from selfinstruct.api import Backend, Component, hookimpl
from selfinstruct_demo.options import DemoOptions

__all__ = ["DemoOptions", "build", "selfinstruct_backends"]

SELFINSTRUCT_API = 1


def build(options: DemoOptions) -> Backend:
    """Create the backend."""
    from selfinstruct_demo.backend import DemoBackend

    return DemoBackend(options)


@hookimpl
def selfinstruct_backends() -> list[Component[Backend]]:
    """Register the backend `demo`."""
    return [
        Component("demo", "Offline grammar that answers prompts; not a language model, no network", DemoOptions, build)
    ]
