"""JSON schemas of the replies: objects with numbered keys, in the few keywords that every provider takes."""

from __future__ import annotations

from collections.abc import Mapping

from selfinstruct.api import Json

Schema = Mapping[str, Json]

TEXT: Schema = {"type": "string"}
YES_OR_NO: Schema = {"type": "string", "enum": ["yes", "no"]}


def fields(**entries: Schema) -> Schema:
    """An object with these keys and no others, in this order."""
    return {
        "type": "object",
        "properties": dict(entries),
        "required": list(entries),
        "additionalProperties": False,
    }


def numbered(count: int, entry: Schema, first: Schema | None = None) -> Schema:
    """An object with the keys "1" to `count`; providers refused lists whose length is fixed. `first` is that of "1"."""
    return fields(**{str(number): first or entry if number == 1 else entry for number in range(1, count + 1)})


def or_null(entry: Schema) -> Schema:
    """An entry that may be left out: as null, since every key has to be there."""
    return {"anyOf": [entry, {"type": "null"}]}
