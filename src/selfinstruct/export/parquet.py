"""Writes rows to a Parquet file, a row group at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from selfinstruct.errors import UsageError
from selfinstruct.files.atomic import atomic_write

GROUP = 5000
"""Rows that are held in memory, and written, at once."""


def write_parquet(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows over any older file; the first group decides the columns' types. Returns the number of rows.

    Raises `UsageError` if PyArrow is not installed or rows do not fit the columns, `RunError` if the disk refuses.
    """
    pa, pq = _pyarrow()
    count, schema, writer = 0, None, None
    with atomic_write(path) as file:
        try:
            for batch in _groups(rows):
                table = _table(pa, batch, schema, count)
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


def _table(pa: Any, batch: list[Mapping[str, Any]], schema: Any, before: int) -> Any:
    """A table that holds exactly these rows: PyArrow leaves out, in silence, keys that the schema does not have."""
    cause = "a value has a key or a type that others in its column have not"
    try:
        table = pa.Table.from_pylist(batch, schema=schema)
        fits = table.to_pylist() == batch
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        fits, cause = False, _words(error)
    if not fits:
        told = f"rows {before + 1} to {before + len(batch)} do not fit into columns: {cause}"
        raise UsageError(told, "Write JSON lines: --file jsonl")
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
