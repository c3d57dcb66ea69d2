"""Training examples as rows of a training file, checked: an encoder of a plugin can return anything."""

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
"""A row as JSON has it: tables, lists, texts, numbers, truth values."""


def training_rows(store: RunStore, encoder: TrainingEncoder) -> Iterator[TrainingRow]:
    """The row of every training example of a run as its reviewers left it, in order.

    Raises `PluginError` naming the example if the encoder fails, or returns what cannot be written or has other keys
    than the first row.
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
            told = f"has the keys {', '.join(row)}, and the first row has {', '.join(first)}"
            raise PluginError(f"{_who(encoder)}: the row of example {identity} {told}")
        yield example, row


def _encode(encoder: TrainingEncoder, identity: str, example: Example) -> TrainingRow:
    try:
        given: object = encoder.encode(example)
    except SelfInstructError:
        raise
    except BaseException as error:
        raise PluginError(f"{_who(encoder)} failed on example {identity}: {plugin_cause(error)}") from error
    if not isinstance(given, Mapping) or not given or not all(isinstance(key, str) for key in given):
        raise PluginError(f"{_who(encoder)}: the row of example {identity} is no table of named values")
    try:
        text = json.dumps(dict(given), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        told = f"{_who(encoder)}: the row of example {identity} cannot be written: {_cause(error)}"
        raise PluginError(told, "A row is made of texts, numbers, lists and tables.") from error
    row: TrainingRow = json.loads(text)
    return row


def _who(encoder: TrainingEncoder) -> str:
    return f"the encoder {type(encoder).__name__}"


def _cause(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return f"a text holds half of a surrogate pair (U+{ord(error.object[error.start]):04X})"
    return plugin_cause(error)
