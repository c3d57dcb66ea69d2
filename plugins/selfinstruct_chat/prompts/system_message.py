"""System messages in the user's own words: read from a file, with placeholders that are checked first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from selfinstruct.api.text import read_input_text

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def read_words(given: Any, *placeholders: str) -> Any:
    """The words of an option: the text of the file that it names, or the text itself, which has several words.

    Braces around anything but a lower-case name, such as those of JSON, are left alone. Raises `ValueError`, which the
    config reports with the option's place, for a file that cannot be read, no words, or an unknown placeholder.
    """
    if not isinstance(given, str):
        return given
    words = given if len(given.split()) > 1 else _read(Path(given))
    if not words.strip():
        raise ValueError(f"{given or 'it'} has no words")
    for name in _PLACEHOLDER.findall(words):
        if name not in placeholders:
            known = ", ".join(f"{{{one}}}" for one in placeholders) or "none"
            raise ValueError(f"{{{name}}} is no placeholder here; known: {known}")
    return words.strip()


def fill_in(words: str, values: Mapping[str, str]) -> str:
    """The words with each placeholder replaced by its value, in one pass."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), words)


def _read(path: Path) -> str:
    try:
        return read_input_text(path)
    except OSError as error:
        raise ValueError(f"the file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"the file {path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
