"""What a run writes never follows a link out of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.errors import RunError
from selfinstruct.export.contracts import FILES
from selfinstruct.files.names import INSTRUCTIONS, LOCK_FILE, PID_FILE, REJECTED, RUN_FILE

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


def test_a_process_id_is_not_written_through_a_link(tmp_path: Path, outside: Path) -> None:
    path = tmp_path / "run" / PID_FILE
    path.parent.mkdir()
    path.symlink_to(outside)
    SelfInstruct(backend="demo", out=tmp_path / "run").generate(3)
    assert outside.read_text() == UNTOUCHED
