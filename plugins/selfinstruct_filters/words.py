"""Words of a text in any script, as the filters here count and compare them."""

from __future__ import annotations

import re
import unicodedata

_PLAIN = re.compile(r"[a-z0-9]+")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Scripts written without spaces: Thai, Lao, Burmese, Khmer, Kana, Han. Each of their letters counts as a word."""


def words(text: str) -> list[str]:
    """Words in lower case without signs; in scripts written without spaces, letters.

    >>> words("What's new?"), words("写诗")
    (['what', 's', 'new'], ['写', '诗'])
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        return _PLAIN.findall(folded)
    found: list[str] = []
    in_word = in_letter = False
    for char in folded:
        is_mark = unicodedata.category(char).startswith("M")  # vowel signs and accents belong to the letter before
        if is_mark and (in_word or in_letter):
            found[-1] += char
        elif _UNSPACED.match(char):
            found.append(char)
            in_word, in_letter = False, True
        elif char.isalnum():
            if in_word:
                found[-1] += char
            else:
                found.append(char)
            in_word, in_letter = True, False
        else:
            in_word = in_letter = False
    return found
