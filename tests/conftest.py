"""Fixtures that several folders of tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from selfinstruct.store import RunStore
from tests.project import Project
from tests.sweeps import FULL

QUICK = settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The profile of `make test`: few examples, the same each time, and no deadline, which a busy machine would miss."""

settings.register_profile("quick", QUICK)
settings.register_profile("sweep", QUICK, max_examples=FULL, derandomize=False)
settings.load_profile("quick")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A run folder to be, and the command line that works on it; every process it started is gone in the end."""
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path / "run")
    yield project
    project.kill_all()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    """An open, empty run."""
    store = RunStore.open(tmp_path / "run")
    yield store
    store.close()
