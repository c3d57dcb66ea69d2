"""What a run writes never follows a link out of its folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.errors import RunError
from selfinstruct.export.contracts import FILES
from selfinstruct.files.names import INSTRUCTIONS, LOCK_FILE, PID_FILE, REJECTED, RUN_FILE
from selfinstruct.store.reviews import Reviews

UNTOUCHED = "not yours\n"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "outside"
    path.write_text(UNTOUCHED)
    return path


@pytest.mark.parametrize("name", FILES)
def test_a_contract_file_that_is_a_link_is_replaced_and_not_written_through(
    tmp_path: Path, outside: Path, name: str
) -> None:
    path = tmp_path / "run" / name
    SelfInstruct(backend="demo", out=tmp_path / "run").generate(3)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(outside)
    SelfInstruct(backend="demo", out=tmp_path / "run").generate(4)
    assert outside.read_text() == UNTOUCHED
    assert name not in (INSTRUCTIONS, REJECTED) or not path.is_symlink()


@pytest.mark.parametrize("name", [RUN_FILE, f"{RUN_FILE}-wal", LOCK_FILE])
def test_a_run_whose_database_or_lock_is_a_link_is_refused(tmp_path: Path, outside: Path, name: str) -> None:
    path = tmp_path / "run" / name
    path.parent.mkdir()
    path.symlink_to(outside)
    with pytest.raises(RunError):
        SelfInstruct(backend="demo", out=tmp_path / "run").generate(3)
    assert outside.read_text() == UNTOUCHED


@pytest.mark.parametrize("command", ["generate", "review"])
def test_a_run_that_shares_its_database_with_a_backup_is_refused_until_it_is_copied(
    tmp_path: Path, command: str
) -> None:
    """After `cp -l` two folders would write to one file, each with a lock and a log of its own."""
    run, backup, copy = tmp_path / "run", tmp_path / "backup", tmp_path / "copy"
    SelfInstruct(backend="demo", out=run).generate(3)
    Reviews.open(run).close()
    shutil.copytree(run, backup, copy_function=os.link)
    for folder in (run, backup):
        with pytest.raises(RunError, match="the same file as one in another folder") as refused:
            work(folder, command)
        assert "cp -r" in refused.value.hint
    shutil.copytree(backup, copy)
    work(copy, command)


def work(folder: Path, command: str) -> None:
    if command == "review":
        Reviews.open(folder).close()
    else:
        SelfInstruct(backend="demo", out=folder).generate(4)


def test_a_process_id_is_not_written_through_a_link(tmp_path: Path, outside: Path) -> None:
    path = tmp_path / "run" / PID_FILE
    path.parent.mkdir()
    path.symlink_to(outside)
    SelfInstruct(backend="demo", out=tmp_path / "run").generate(3)
    assert outside.read_text() == UNTOUCHED
