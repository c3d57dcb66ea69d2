"""The old run that the tests of this folder import."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transfer.old import OldRun


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OldRun:
    """An old run without files but for its seeds, in a folder without a config."""
    monkeypatch.chdir(tmp_path)
    return OldRun.in_folder(tmp_path)
