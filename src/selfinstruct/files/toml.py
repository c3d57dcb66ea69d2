"""Writes a config tree as TOML, which the standard library can only read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def to_toml(tree: Mapping[str, Any]) -> str:
    """A config as TOML: plain settings first, then tables. Settings that are `None` are left out."""
    import tomli_w

    return tomli_w.dumps(_without_none(tree))


def _without_none(value: Any) -> Any:
    """The value without unset settings, which TOML cannot express."""
    if isinstance(value, Mapping):
        return {key: _without_none(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [_without_none(entry) for entry in value]
    return value
