"""The rule about what an instruction may start with."""

from __future__ import annotations

import re
import unicodedata

from selfinstruct.api import Draft, Filter, Verdict, drop, keep

OPENERS = "\"'`¿¡「『„"
"""Signs a sentence may start with, besides the typographic quotes of any language and signs of currencies."""

_OPENS_WORD = re.compile(r"[#@./\\√∫∑][^\W_]|[-−]\d")
"""`#hashtags`, `.gitignore` and `-5`; a bullet has a space behind it."""

_CLOSING = dict(zip("([{<《〈【（［〔", ")]}>》〉】）］〕", strict=True))


class FirstCharFilter(Filter[Draft]):
    """Drop a draft that starts with neither a letter nor a digit nor a quote, of any script.

    A price, a hashtag, and a bracket that closes before the text goes on, as in `(a) ...`, are kept.
    """

    def evaluate(self, item: Draft) -> Verdict:
        """Look at the first character's Unicode category."""
        text = item.text
        first = text[:1]
        if not first:
            return drop("empty")
        kind = unicodedata.category(first)
        if kind[0] in "LN" or kind in ("Pi", "Pf", "Sc") or first in OPENERS or _OPENS_WORD.match(text):
            return keep()
        if closing := _CLOSING.get(first):
            _, _, rest = text.partition(closing)
            if any(char.isalnum() for char in rest):
                return keep()
        return drop("bad-start", first=first)


KEPT = Draft("¿Qué es una metáfora?")
DROPPED = Draft("- Explain what a metaphor is.")
