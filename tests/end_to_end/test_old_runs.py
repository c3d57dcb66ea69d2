"""Runs that an older version stored: they continue, are read again and keep the bytes of their files.

The archive beside this file holds three folders that commit c349ea7 of 23 November 2026 wrote, before a request could
carry a JSON schema and before batches: `run --backend demo --target 16 --judge --seed 3` to its end (`whole`), and the
same with `--max-requests` 1 and 9 (`stopped-in-generate`, `stopped-in-instances`). Only the locks were removed.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.errors import ConfigError
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE
from tests.end_to_end.test_reprocess import contracts, timeless
from tests.end_to_end.test_structured import schemas
from tests.project import Project

ARCHIVE = Path(__file__).parent / "runs_of_23_november_2026.tar.xz"
COMMAND = ("--backend", "demo", "--target", "16", "--judge", "--seed", "3", "--quiet", "--max-requests")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder with the three runs."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def test_a_whole_run_of_an_older_version_asks_nothing_and_keeps_its_bytes(old: Path) -> None:
    before = contracts(old / "whole")
    assert len(before) == 6
    for path in (old / "whole").rglob("*.jsonl"):
        path.unlink()
    Project(old / "whole").run("run", *COMMAND, "1").succeeded()  # a request would exceed the budget
    assert contracts(old / "whole") == before


@pytest.mark.parametrize("name", ["stopped-in-generate", "stopped-in-instances"])
def test_a_stopped_run_of_an_older_version_ends_as_that_version_would_have_ended_it(name: str, old: Path) -> None:
    assert timeless(old / name) != timeless(old / "whole")
    Project(old / name).run("run", *COMMAND, "1000").succeeded()
    assert timeless(old / name) == timeless(old / "whole")
    for stage in (GENERATE, CLASSIFY, INSTANCES, JUDGE):
        asked = schemas(old / name, stage)
        assert asked == [None] * len(asked), f"{stage} continues in free text"


def test_a_run_of_an_older_version_reprocesses_to_the_same_bytes(old: Path) -> None:
    new = Project(old / "reprocessed")
    new.run("reprocess", str(old / "whole"), "--target", "16").succeeded()
    assert timeless(new.folder) == timeless(old / "whole")


def test_a_run_of_an_older_version_cannot_be_made_to_ask_with_a_schema(old: Path) -> None:
    run = SelfInstruct(backend="demo", out=old / "stopped-in-generate", settings={"run.structured": True})
    with pytest.raises(ConfigError, match=r"run\.structured: false in the run, now true"):
        run.generate(16)
