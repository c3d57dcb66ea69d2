"""Training examples as a pandas data frame or a Hugging Face dataset; both packages are optional."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from selfinstruct.errors import UsageError

if TYPE_CHECKING:
    import datasets
    import pandas

Rows = Sequence[dict[str, Any]]


def data_frame(rows: Rows) -> pandas.DataFrame:
    """Rows as a data frame, one column for each key; raises `UsageError` if pandas is not installed."""
    frame: pandas.DataFrame = _imported("pandas", "to_pandas()").DataFrame(list(rows))
    return frame


def hub_dataset(rows: Rows) -> datasets.Dataset:
    """Rows as a dataset in memory, one column for each key.

    Raises `UsageError` if the package `datasets` is not installed, or the rows do not fit into typed columns.
    """
    package = _imported("datasets", "to_dataset()")
    try:
        dataset: datasets.Dataset = package.Dataset.from_list(list(rows))
    except (TypeError, ValueError) as error:  # as Arrow's own errors are
        cause = " ".join(str(error).split())
        raise UsageError(f"a dataset cannot hold these rows: {cause}", "Call to_pandas() or export(to=...).") from error
    return dataset


def _imported(package: str, call: str) -> Any:
    try:
        return import_module(package)
    except ModuleNotFoundError:
        raise UsageError(f"{call} needs the package {package}", f"Run: pip install 'selfinstruct[{package}]'") from None
