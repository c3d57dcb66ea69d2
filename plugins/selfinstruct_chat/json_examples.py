"""Reads worked examples from JSON: objects with an input and an output, alone or in a list, also cut at the end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

INPUT_KEYS = ("input", "text", "context")
OUTPUT_KEYS = ("output", "answer", "label", "class_label", "response")

_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_INTRO = re.compile(r"[^\n\[{]{0,200}[:：.!]?\s*")
_BETWEEN = re.compile(r"[\s,\[\]}]*")
_OPENS = re.compile(r'\{\s*"\w+"\s*:\s*(?=\[)')
_STRING = re.compile(r'"(\w+)"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)


def read_json_examples(text: str) -> list[tuple[str, str]]:
    """Inputs and outputs; none where the text is no JSON of that kind."""
    text = _FENCE.sub("", text).strip()
    intro = _INTRO.match(text)
    at = intro.end() if intro else 0
    if text[at : at + 1] not in ("[", "{"):
        return []
    return list(_examples(text, at))


def _examples(text: str, at: int) -> Iterator[tuple[str, str]]:
    """One element after the other; of a broken one, the texts that can be read, and nothing behind it."""
    decoder = json.JSONDecoder(strict=False)
    first = True
    while True:
        between = _BETWEEN.match(text, at)
        at = between.end() if between else at
        if first and (opened := _OPENS.match(text, at)):  # {"examples": [...]}
            at, first = opened.end(), False
            continue
        if text[at : at + 1] != "{":
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            strings = {key: _unescaped(words) for key, words in _STRING.findall(text[at:])}
            pair = _pair({"output": "", **strings})
            if not first or (pair and any(pair)):
                yield pair or ("", "")
            return
        if (pair := _pair(value)) is not None:
            yield pair
        first = False


def _pair(value: Mapping[str, object]) -> tuple[str, str] | None:
    parts = {str(key).strip().lower().replace(" ", "_"): inner for key, inner in value.items()}
    outputs = [parts[key] for key in OUTPUT_KEYS if key in parts]
    inputs = [parts[key] for key in INPUT_KEYS if key in parts]
    if not outputs or len(parts) > len(outputs) + len(inputs) + 2:
        return None  # other data that happens to have such a key
    return _text(inputs[0]) if inputs else "", _text(outputs[0])


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.strip("\r\n") if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _unescaped(words: str) -> str:
    try:
        return str(json.loads(f'"{words}"', strict=False))
    except ValueError:
        return words
