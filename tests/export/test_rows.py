"""An encoder of a plugin can return anything: what cannot be written is refused with the example's id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from selfinstruct.api import Example, Json, TrainingEncoder, UsageError
from selfinstruct.errors import PluginError
from selfinstruct.export.training_rows import training_rows
from selfinstruct.store import RunStore
from tests.export.runs import add, make_examples


class By(TrainingEncoder):
    """Encodes with a function."""

    def __init__(self, function: Callable[[Example], Any]) -> None:
        self._function = function

    def encode(self, example: Example) -> Mapping[str, Json]:
        return self._function(example)  # type: ignore[no-any-return]


def test_rows_are_plain_and_in_order(store: RunStore) -> None:
    add(store, make_examples(4))
    rows = list(training_rows(store, By(lambda example: MappingProxyType({"a": (example.output, 1)}))))
    assert rows == [{"a": [f"Done {index}.", 1]} for index in range(4)]


def circle() -> dict[str, Any]:
    row: dict[str, Any] = {}
    row["row"] = row
    return row


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (None, "not a mapping"),
        ([], "not a mapping"),
        ({}, "not a mapping"),
        ({1: "a"}, "not a mapping"),
        ({"a": "\ud83d"}, "half of a surrogate pair (U+D83D)"),
        ({"\udc00": "a"}, "half of a surrogate pair (U+DC00)"),
        ({"a": float("nan")}, "cannot be written"),
        ({"a": b"bytes"}, "cannot be written"),
        ({"a": {1, 2}}, "cannot be written"),
        (circle(), "cannot be written"),
    ],
)
def test_a_row_that_cannot_be_written(store: RunStore, row: Any, words: str) -> None:
    add(store, make_examples(4))
    encoder = By(lambda example: row if example.output == "Done 2." else {"a": 1})
    with pytest.raises(PluginError, match=r"the encoder By.* example e2\.0 ") as caught:
        list(training_rows(store, encoder))
    assert words in caught.value.message
    assert caught.value.exit_code == 3


def test_other_keys_than_the_first_row(store: RunStore) -> None:
    add(store, make_examples(3))
    encoder = By(lambda example: {"a": 1, **({"b": 2} if example.output == "Done 1." else {})})
    with pytest.raises(PluginError, match=r"example e1\.0 has the keys a, b, and the first row has a"):
        list(training_rows(store, encoder))


def test_an_encoder_that_fails(store: RunStore) -> None:
    add(store, make_examples(1))
    with pytest.raises(PluginError, match=r"the encoder By failed on example e0\.0: ZeroDivisionError"):
        list(training_rows(store, By(lambda _: 1 / 0)))


def test_an_error_on_purpose_stays_what_it_is(store: RunStore, tmp_path: Path) -> None:
    def refuse(_: Example) -> Any:
        raise UsageError("not today")

    add(store, make_examples(1))
    with pytest.raises(UsageError, match="not today"):
        list(training_rows(store, By(refuse)))
