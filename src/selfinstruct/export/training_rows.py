"""Encodes training examples as rows of a training file, and checks the rows, since an encoder may be a plugin's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from selfinstruct.api import TrainingEncoder
from selfinstruct.errors import PluginError, SelfInstructError, plugin_cause
from selfinstruct.store import RunStore
from selfinstruct.store.curated import CuratedRun
from selfinstruct.types import Example

TrainingRow = dict[str, Any]
"""A row of JSON values."""


def training_rows(store: RunStore, encoder: TrainingEncoder) -> Iterator[TrainingRow]:
    """The rows of a run's training examples after reviews, in order.

    Raises `PluginError` naming the example if the encoder fails, or returns a row that is not JSON or has keys other
    than those of the first row.
    """
    for _, row in encoded(((one.id, one.example) for one in CuratedRun(store).examples()), encoder):
        yield row


def encoded(examples: Iterable[tuple[str, Example]], encoder: TrainingEncoder) -> Iterator[tuple[Example, TrainingRow]]:
    """Every example, given with its id, and its row; raises as `training_rows` does."""
    first: TrainingRow | None = None
    for identity, example in examples:
        row = _encode(encoder, identity, example)
        if first is None:
            first = row
        if row.keys() != first.keys():
            problem = f"has the keys {', '.join(row)}, and the first row has {', '.join(first)}"
            raise PluginError(f"{_who(encoder)}: the row of example {identity} {problem}")
        yield example, row


def _encode(encoder: TrainingEncoder, identity: str, example: Example) -> TrainingRow:
    try:
        given: object = encoder.encode(example)
    except SelfInstructError:
        raise
    except BaseException as error:
        raise PluginError(f"{_who(encoder)} failed on example {identity}: {plugin_cause(error)}") from error
    if not isinstance(given, Mapping) or not given or not all(isinstance(key, str) for key in given):
        raise PluginError(f"{_who(encoder)}: the row of example {identity} is not a mapping of names to values")
    try:
        text = json.dumps(dict(given), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        problem = f"{_who(encoder)}: the row of example {identity} cannot be written: {_cause(error)}"
        raise PluginError(problem, "A row is made of texts, numbers, lists and tables.") from error
    row: TrainingRow = json.loads(text)
    return row


def _who(encoder: TrainingEncoder) -> str:
    return f"the encoder {type(encoder).__name__}"


def _cause(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return f"a text holds half of a surrogate pair (U+{ord(error.object[error.start]):04X})"
    return plugin_cause(error)
