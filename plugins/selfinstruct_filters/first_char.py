"""The rule about what an instruction may start with."""

from __future__ import annotations

import unicodedata

from selfinstruct.api import Draft, Filter, Verdict, drop, keep

OPENERS = "\"'`¿¡"
"""Signs a sentence may start with, besides the typographic quotes of any language."""


class FirstCharFilter(Filter[Draft]):
    """Drop a draft that starts with neither a letter nor a digit nor a quote, of any script."""

    def evaluate(self, item: Draft) -> Verdict:
        """Look at the first character's Unicode category."""
        first = item.text[:1]
        kind = unicodedata.category(first) if first else ""
        if kind[:1] in ("L", "N") or kind in ("Pi", "Pf") or first in OPENERS or first in "「『„":
            return keep() if first else drop("empty")
        return drop("bad-start", first=first)


KEPT = Draft("¿Qué es una metáfora?")
DROPPED = Draft("- Explain what a metaphor is.")
