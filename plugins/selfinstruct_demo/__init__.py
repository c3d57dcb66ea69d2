"""An offline model for demos and tests: a grammar that reads the prompt and answers in the form asked.

It is not a language model. It needs no network, no key and no weights, and gives the same reply to the same prompt for
ever, so it shows and tests the whole pipeline; the data it makes teaches a model nothing.
"""

from __future__ import annotations

from selfinstruct.api import Backend, Component, hookimpl
from selfinstruct_demo.options import DemoOptions

__all__ = ["DemoOptions", "build", "selfinstruct_backends"]

SELFINSTRUCT_API = 1


def build(options: DemoOptions) -> Backend:
    """Make the backend."""
    from selfinstruct_demo.backend import DemoBackend

    return DemoBackend(options)


@hookimpl
def selfinstruct_backends() -> list[Component[Backend]]:
    """Offer `demo`."""
    return [
        Component("demo", "Offline grammar that answers prompts; not a language model, no network", DemoOptions, build)
    ]
