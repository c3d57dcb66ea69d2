"""Reads worked examples from the JSON in a reply: objects with an input and an output, alone or in any list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from selfinstruct.api.text import CutText, read_json
from selfinstruct_chat.readers.fields import kind_of_field, text_of
from selfinstruct_chat.readers.rows import read_rows

_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_TUPLE = re.compile(r"""\(("(?:[^"\\]|\\.)*+",\s*"(?:[^"\\]|\\.)*+")\)""")
_INTRO = re.compile(r"[^\n\[{]{0,200}\n?\s*")

MOST_OTHERS = 2
"""Keys of an example besides its input and its output; what has more of them is data of its own."""


def read_json_examples(text: str, ends_open: bool, accept_any_keys: bool = False) -> tuple[list[tuple[str, str]], bool]:
    """Inputs and outputs, and whether the reply ended inside the last one.

    None where the text is no JSON of that kind, or where more than a line stands before the JSON.
    """
    if text.lstrip("` \npython")[:2] == "[(":
        text = _TUPLE.sub(r"[\1]", text)
    reading = read_json(text)
    if reading is None or _INTRO.fullmatch(_FENCE.sub("", text[: reading.start]).strip()) is None:
        return [], False
    found = [pair for value in reading.values for pair in _examples(value)]
    if not found and accept_any_keys and len(reading.values) == 1:
        found = _alike(reading.values[0])
    if not found or not reading.is_cut:
        return found, False
    if not _ends_in_example(reading.values[-1]):
        return found, False  # it is cut inside a later one, of which there is not enough
    given, output = found[-1]
    is_whole = output and not isinstance(given, CutText) and not isinstance(output, CutText)
    has_quote = text.rstrip(" \t\n,]}`").endswith(('"', "'"))  # a text without one may be cut anywhere
    return found, not is_whole or (ends_open and not has_quote)


def read_row_examples(text: str) -> list[tuple[str, str]]:
    """Inputs and outputs from rows that have a field for each, below no more than a line."""
    rows = read_rows(text)
    if rows is None or not _INTRO.fullmatch("\n".join(rows.intro).strip()):
        return []
    kinds = ("input", "output")
    return [
        pair
        for row in rows.objects
        if sorted(filter(None, map(kind_of_field, row))) == [*kinds]
        for pair in _examples(row)
    ]


def _examples(value: object) -> Iterator[tuple[str, str]]:
    """The examples in a value, wherever they stand in it."""
    if isinstance(value, list) and value and all(map(_is_pair, value)):
        yield from ((text_of(given), text_of(output)) for given, output in value)
    elif isinstance(value, list):
        yield from _turns(value)
        for inner in value:
            yield from _examples(inner)
    elif isinstance(value, Mapping):
        if (pair := _pair(value) if value else ("", "")) is not None:
            yield pair
            return
        if value and all(_is_sentence(str(key)) and isinstance(inner, str) for key, inner in value.items()):
            yield from ((str(key), text_of(inner)) for key, inner in value.items())
        for inner in value.values():  # {"task": ..., "examples": [...]}, {"1": {...}, "2": {...}}
            if isinstance(inner, list | Mapping):
                yield from _examples(inner)


def _alike(value: object) -> list[tuple[str, str]]:
    """Several objects with the same two texts each, whatever their keys."""
    rows = [tuple(one.items()) for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
    names = {tuple(name for name, _ in row) for row in rows}
    if len(names) != 1 or len(rows[0]) != 2:
        return []
    return [(text_of(given), text_of(output)) for (_, given), (_, output) in rows]


def _turns(value: list[object]) -> Iterator[tuple[str, str]]:
    """What a user said and an assistant answered, in a list of messages."""
    said = [(one.get("role"), one.get("content")) for one in value if isinstance(one, Mapping)]
    for (role, given), (answerer, output) in pairwise(said):
        if (role, answerer) == ("user", "assistant"):
            yield text_of(given), text_of(output)


def _is_sentence(key: str) -> bool:
    return key.rstrip('"”’) ').endswith((".", "?", "!", "。", "？", "！"))


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(inner, str) for inner in value)


def _ends_in_example(value: object) -> bool:
    """Whether the last object or list in a value, however deep, is an example rather than the start of one."""
    while isinstance(value, list | Mapping) and not _is_pair(value):
        if isinstance(value, Mapping) and _pair(value) is not None:
            return True
        value = next(reversed(list(value.values()) if isinstance(value, Mapping) else value), None)
    return _is_pair(value)


def _holds_objects(value: object) -> bool:
    inner = list(value.values()) if isinstance(value, Mapping) else value
    return isinstance(inner, list) and any(isinstance(one, Mapping | list) for one in inner)


def _pair(value: Mapping[str, object]) -> tuple[str, str] | None:
    parts = [(kind_of_field(str(key).strip()), inner) for key, inner in value.items()]
    outputs = [inner for kind, inner in parts if kind == "output"]
    inputs = [inner for kind, inner in parts if kind == "input"]
    if not inputs and any(_holds_objects(inner) for inner in outputs):
        return None  # {"result": [...]}
    if len(parts) == 2 and len(outputs) == 1 and not inputs:
        inputs = [inner for kind, inner in parts if kind != "output"]  # whatever its name
    if not outputs or len(parts) > len(outputs) + len(inputs) + MOST_OTHERS:
        return None  # other data that happens to have such a key
    return text_of(inputs[0]) if inputs else "", text_of(outputs[0])
