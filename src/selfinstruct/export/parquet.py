"""Writes rows to a Parquet file, a row group at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from selfinstruct.errors import UsageError
from selfinstruct.files.atomic import atomic_write

GROUP = 5000
"""Number of rows in a row group, which is held in memory."""


def write_parquet(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows, replacing an older file.

    The first group decides the types of the columns. Returns the number of rows.

    Raises `UsageError` if PyArrow is not installed or rows do not fit the columns, `RunError` if the file cannot be
    written.
    """
    pa, pq = _pyarrow()
    count, schema, writer = 0, None, None
    with atomic_write(path) as file:
        try:
            for batch in _groups(rows):
                table = _table(pa, batch, schema, before=count)
                if writer is None:
                    schema = table.schema
                    writer = pq.ParquetWriter(file, schema)
                writer.write_table(table)
                count += len(batch)
            if writer is None:
                writer = pq.ParquetWriter(file, pa.schema([]))
        except pa.ArrowNotImplementedError as error:
            raise UsageError(
                f"Parquet cannot hold such rows: {_words(error)}", "Write JSON lines: --file jsonl"
            ) from None
        finally:
            if writer is not None:
                writer.close()
    return count


def _groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    left = iter(rows)
    while batch := list(islice(left, GROUP)):
        yield batch


def _table(pa: Any, batch: list[Mapping[str, Any]], schema: Any, *, before: int) -> Any:
    """A table with exactly these rows. It is checked, because PyArrow silently drops keys that the schema lacks."""
    cause = "a value has a key or type that differs from others in its column"
    try:
        table = pa.Table.from_pylist(batch, schema=schema)
        fits = table.to_pylist() == batch
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        fits, cause = False, _words(error)
    if not fits:
        problem = f"rows {before + 1} to {before + len(batch)} do not fit into columns: {cause}"
        raise UsageError(problem, "Write JSON lines: --file jsonl")
    return table


def _words(error: Exception) -> str:
    return " ".join(str(error).split())


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise UsageError("Parquet needs PyArrow", "Run: pip install 'selfinstruct[parquet]'") from None
    return pa, pq
