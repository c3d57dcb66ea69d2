"""Writes a config tree as TOML, for which the standard library has a reader only."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(tree: Mapping[str, Any]) -> str:
    """A config as TOML: plain settings, then a table each; what is `None` is left out, being not set."""
    plain = [_line(key, value) for key, value in tree.items() if value is not None and not isinstance(value, Mapping)]
    tables = [
        "\n".join([f"[{_key(key)}]", *(_line(name, entry) for name, entry in value.items() if entry is not None)])
        for key, value in tree.items()
        if isinstance(value, Mapping)
    ]
    return "\n\n".join(["\n".join(plain), *tables] if plain else tables) + "\n"


def _line(key: str, value: Any) -> str:
    if isinstance(value, list | tuple) and any(isinstance(entry, Mapping) for entry in value):
        return f"{_key(key)} = [\n" + "".join(f"    {_value(entry)},\n" for entry in value) + "]"
    return f"{_key(key)} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = [f"{_key(key)} = {_value(entry)}" for key, entry in value.items() if entry is not None]
        return f"{{ {', '.join(inner)} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(entry) for entry in value)}]"
    return _string(value) if isinstance(value, str) else json.dumps(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    """JSON's escapes are TOML's too, but for the one character that JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
