"""The messages on the page of troubleshooting are messages of the program."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "troubleshooting.md"


def test_every_message_on_the_page_is_one_of_the_program() -> None:
    quoted = re.findall(r"^\| `([^`]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    source = "\n".join(path.read_text("utf-8") for room in ("src", "plugins") for path in (ROOT / room).rglob("*.py"))
    assert quoted
    assert [words for words in quoted if words not in source] == []
