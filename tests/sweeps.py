"""What `make test` runs of a long sweep, and what only `make test-all` does."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest
from hypothesis import settings

FULL = 100
"""Examples of a property in the profile `sweep`, which `make test-all` uses."""


def quick(values: Iterable[Any], chosen: Collection[Any]) -> list[Any]:
    """The parameters of a sweep: those that are not chosen to stand for the others are marked slow."""
    values = list(values)
    assert set(chosen) <= set(values), f"not in the sweep: {set(chosen) - set(values)}"
    return [value if value in chosen else pytest.param(value, marks=pytest.mark.slow) for value in values]


def examples(count: int, **others: Any) -> settings:
    """Settings of a property that needs another number of examples than the profile has, in the same proportion."""
    return settings(max_examples=max(10, count * settings().max_examples // FULL), **others)
