"""Parquet files, read back by PyArrow."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.errors import RunError, UsageError
from selfinstruct.export import parquet
from selfinstruct.export.parquet import write_parquet
from tests.export.runs import STRANGE


def pq() -> Any:
    return pytest.importorskip("pyarrow.parquet", reason="PyArrow is not installed")


def test_without_pyarrow_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match="PyArrow") as caught:
        write_parquet(tmp_path / "a.parquet", [{"a": 1}])
    assert "pip install 'selfinstruct[parquet]'" in caught.value.hint
    assert not list(tmp_path.iterdir())


class TestWithPyArrow:
    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        pytest.importorskip("pyarrow", reason="PyArrow is not installed")

    def test_every_text_comes_back(self, tmp_path: Path) -> None:
        rows = [{"text": text, "turns": [{"from": "human", "value": text}]} for text in STRANGE]
        assert write_parquet(tmp_path / "a.parquet", rows) == len(rows)
        assert pq().read_table(tmp_path / "a.parquet").to_pylist() == rows

    def test_rows_are_written_by_groups_and_never_held_whole(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(parquet, "GROUP", 10)
        taken = []

        def rows() -> Iterator[dict[str, Any]]:
            for number in range(25):
                taken.append(number)
                yield {"a": number}

        assert write_parquet(tmp_path / "a.parquet", rows()) == 25
        metadata = pq().read_metadata(tmp_path / "a.parquet")
        assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [10, 10, 5]

    @pytest.mark.parametrize("last", [{"a": "text"}, {"a": 2**70}, {"a": [1]}, {"b": 1}, {"a": 1, "b": 1}, {}])
    @pytest.mark.parametrize("group", [1, 5])
    def test_rows_that_do_not_fit(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: dict[str, Any], group: int
    ) -> None:
        monkeypatch.setattr(parquet, "GROUP", group)
        path = tmp_path / "a.parquet"
        path.write_text("older")
        with pytest.raises(UsageError, match=r"rows \d to 3 do not fit") as caught:
            write_parquet(path, [{"a": 1}, {"a": 2}, last])
        assert "--file jsonl" in caught.value.hint
        assert [entry.name for entry in tmp_path.iterdir()] == ["a.parquet"]
        assert path.read_text() == "older"

    def test_a_later_group_does_not_change_the_type(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert write_parquet(tmp_path / "a.parquet", [{"a": 1}, {"a": 1.5}]) == 2
        monkeypatch.setattr(parquet, "GROUP", 1)
        with pytest.raises(UsageError, match="rows 2 to 2 do not fit"):
            write_parquet(tmp_path / "a.parquet", [{"a": 1}, {"a": 1.5}])

    def test_keys_inside_a_value_are_not_lost_in_silence(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="do not fit"):
            write_parquet(tmp_path / "a.parquet", [{"a": {"x": 1}}, {"a": {"y": 1}}])

    def test_what_parquet_has_no_type_for(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="Parquet cannot hold"):
            write_parquet(tmp_path / "a.parquet", [{"a": {}}])

    def test_no_rows(self, tmp_path: Path) -> None:
        assert write_parquet(tmp_path / "a.parquet", []) == 0
        assert pq().read_table(tmp_path / "a.parquet").num_rows == 0

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(RunError, match="cannot be written"):
            write_parquet(tmp_path / "file" / "a.parquet", [{"a": 1}])
