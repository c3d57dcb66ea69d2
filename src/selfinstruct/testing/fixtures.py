"""The pytest fixtures that `pytest_plugins = ["selfinstruct.testing"]` brings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.testing.run import FinishedRun, grow_in
from selfinstruct.testing.script import Script

__all__ = ["grow", "script"]


@pytest.fixture
def grow(tmp_path: Path) -> Callable[..., FinishedRun]:
    """`grow(target, ...)`: a small offline run in a folder of its own; its arguments are those of `grow_in`."""
    runs = count()
    return lambda target=5, **given: grow_in(tmp_path / f"run{next(runs)}", target, **given)


@pytest.fixture
def script() -> Callable[..., Script]:
    """`script(answers)`: what a scripted model says, and what it was asked."""

    def make(answers: Any, finish: str = "stop") -> Script:
        return Script(answers, finish)

    return make
