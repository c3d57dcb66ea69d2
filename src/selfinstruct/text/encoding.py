"""Makes text that every file and database can store: lone surrogates replaced, and compact JSON."""

from __future__ import annotations

import json
import re
from typing import Any

_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text with every lone surrogate replaced by U+FFFD, so that it can be encoded as UTF-8."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def dumps(value: Any) -> str:
    """Compact JSON without lone surrogates; letters outside ASCII stay as they are."""
    return clean(_COMPACT.encode(value))
