"""Reads worked examples from the JSON in a reply: objects with an input and an output, alone or in any list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from selfinstruct.api.text import CutText, read_json
from selfinstruct_chat.layout import read_table
from selfinstruct_chat.words import ANSWERS, CLASS_LABELS, INPUTS, OUTPUTS

_NUMBERED = r"[ _-]?\d{0,2}"
_INPUT_KEY = re.compile(rf"(?:(?:sample|example|test)[ _])?(?:{INPUTS}|text|context){_NUMBERED}", re.IGNORECASE)
_OUTPUT_KEY = re.compile(
    rf"(?:(?:expected|correct|sample|example|model)[ _])?"
    rf"(?:{OUTPUTS}|{ANSWERS}|{CLASS_LABELS}|label|class_label){_NUMBERED}",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_INTRO = re.compile(r"[^\n\[{]{0,200}\n?\s*")

MOST_OTHERS = 2
"""Keys of an example besides its input and its output; what has more of them is data of its own."""


def read_json_examples(text: str, ends_open: bool) -> tuple[list[tuple[str, str]], bool]:
    """Inputs and outputs, and whether the reply ended inside the last one.

    None where the text is no JSON of that kind, or where more than a line stands before the JSON.
    """
    reading = read_json(text)
    if reading is None or _INTRO.fullmatch(_FENCE.sub("", text[: reading.start]).strip()) is None:
        return [], False
    found = [pair for value in reading.values for pair in _examples(value)]
    if found == [("", "")]:
        return [], False
    if not found or not reading.is_cut:
        return found, False
    given, output = found[-1]
    is_whole = output and not isinstance(given, CutText) and not isinstance(output, CutText)
    has_quote = text.rstrip(" \t\n,]}`").endswith(('"', "'"))  # a text without one may be cut anywhere
    return found, not is_whole or (ends_open and not has_quote)


def read_table_examples(text: str) -> list[tuple[str, str]]:
    """Inputs and outputs from a table that has a column for each, below no more than a line."""
    intro, (names, *rows), _ = read_table(text.split("\n")) or ([], [[]], [])
    keys = [name.strip("*_ ").replace(" ", "_") for name in names]
    given = [at for at, key in enumerate(keys) if _INPUT_KEY.fullmatch(key)]
    output = [at for at, key in enumerate(keys) if _OUTPUT_KEY.fullmatch(key)]
    if len(given) != 1 or len(output) != 1 or _INTRO.fullmatch("\n".join(intro).strip()) is None:
        return []
    return [(row[given[0]], row[output[0]]) for row in rows if len(row) == len(names)]


def _examples(value: object) -> Iterator[tuple[str, str]]:
    """The examples in a value, wherever they stand in it."""
    if isinstance(value, list):
        for inner in value:
            yield from _examples(inner)
    elif isinstance(value, Mapping):
        if (pair := _pair(value) if value else ("", "")) is not None:
            yield pair
            return
        for inner in value.values():  # {"task": ..., "examples": [...]}, {"1": {...}, "2": {...}}
            if isinstance(inner, list | Mapping):
                yield from _examples(inner)


def _pair(value: Mapping[str, object]) -> tuple[str, str] | None:
    parts = {str(key).strip().replace(" ", "_"): inner for key, inner in value.items()}
    outputs = [inner for key, inner in parts.items() if _OUTPUT_KEY.fullmatch(key)]
    inputs = [inner for key, inner in parts.items() if _INPUT_KEY.fullmatch(key)]
    if not outputs and len(parts) == len(inputs) and isinstance(next(iter(inputs), None), CutText):
        return _text(inputs[0]), ""
    if not outputs or len(parts) > len(outputs) + len(inputs) + MOST_OTHERS:
        return None  # other data that happens to have such a key
    return _text(inputs[0]) if inputs else "", _text(outputs[0])


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, CutText):
        return CutText(value.strip("\r\n"))
    return value.strip("\r\n") if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
