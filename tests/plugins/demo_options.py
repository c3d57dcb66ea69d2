"""Options of the demo backend without any fault, for tests that look at one fault at a time."""

from __future__ import annotations

from selfinstruct_demo.options import DemoOptions

FAULTS = tuple(name for name in DemoOptions.model_fields if name not in ("seed", "latency"))
"""The names of all options that are rates."""


def faultless(**changes: float) -> DemoOptions:
    """Options with every rate at 0, apart from those in `changes`."""
    return DemoOptions.model_validate(dict.fromkeys(FAULTS, 0.0) | changes)
