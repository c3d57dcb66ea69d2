"""Fixtures that several folders of tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from selfinstruct.store import RunStore
from tests.project import Project

settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")
"""How long an example takes is no matter of a test: a busy machine would fail it."""


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
