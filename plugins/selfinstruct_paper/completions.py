"""Reads the completion records that the reference stores (`choices[0]` with `text` and `finish_reason`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from selfinstruct.api import DataError


def read_text(response: object) -> str:
    """The text of the first choice. Raises `DataError` if there is none."""
    text = _first_choice(response).get("text")
    if not isinstance(text, str):
        raise DataError("A recorded response has no text in its first choice.")
    return text


def was_cut(response: object, *, reason_required: bool = True) -> bool:
    """Whether the reply was cut by length. A `finish_reason` of null means that it was not.

    Raises `DataError` if the record has no choice, or no `finish_reason` although `reason_required` is set.
    """
    choice = _first_choice(response)
    if reason_required and "finish_reason" not in choice:
        raise DataError("A recorded response has no 'finish_reason' in its first choice.")
    return choice.get("finish_reason") == "length"


def _first_choice(response: Any) -> Mapping[str, Any]:
    try:
        choice = response["choices"][0]
    except (KeyError, IndexError, TypeError) as error:
        raise DataError("A recorded response has no choices.") from error
    if not isinstance(choice, Mapping):
        raise DataError("The first choice of a recorded response is not an object.")
    return choice
