"""Text that every file and database can hold: lone surrogate halves replaced, and compact JSON made of it."""

from __future__ import annotations

import json
import re
from typing import Any

_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Text that can be stored and exported: lone surrogate halves become U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)


def dumps(value: Any) -> str:
    """Compact JSON, clean."""
    return clean(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
