"""The two tokenisers: the classical one of `rouge_score`, and one for text in any script."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache

_SPACED = bytes(byte if chr(byte) in "abcdefghijklmnopqrstuvwxyz0123456789" else 32 for byte in range(256))
"""What becomes of each byte of UTF-8: a space, unless it is one of `[a-z0-9]`."""

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # CJK radicals
    (0x3005, 0x3007),  # ideographic marks
    (0x3021, 0x30FF),  # Hangzhou numerals, Hiragana, Katakana
    (0x3100, 0x312F),  # Bopomofo
    (0x31A0, 0x31FF),  # Bopomofo and Katakana extensions
    (0x3400, 0x4DBF),  # CJK extension A
    (0x4E00, 0x9FFF),  # CJK unified ideographs
    (0xF900, 0xFAFF),  # CJK compatibility ideographs
    (0x1B000, 0x1B16F),  # Kana supplement and extensions
    (0x20000, 0x3FFFF),  # CJK extensions B and later
)
"""Code points of scripts that put no space between words: each character is a token of its own."""


def classical_tokens(text: str) -> list[str]:
    """Split as `rouge_score` does without a stemmer: runs of `[a-z0-9]` in the lower-cased text, all else dropped.

    A text in another script has no tokens at all, so its score against anything, itself included, is 0.
    """
    return text.lower().encode("utf-8", "surrogatepass").translate(_SPACED).decode("ascii").split()


def unicode_tokens(text: str) -> list[str]:
    """Split text of any script: NFKC, lower case, runs of letters, marks and digits; identical on ASCII text.

    Scripts without spaces give one token a character. A text that holds no letter and no digit is one token as a
    whole (nothing, if it is blank), so that it is never novel against itself.
    """
    if text.isascii():
        return classical_tokens(text) or _whole(text)
    return _words(unicodedata.normalize("NFKC", text).lower()) or _whole(text)


def _whole(text: str) -> list[str]:
    folded = " ".join(text.split())
    return [folded] if folded else []


def _words(text: str) -> list[str]:
    words: list[str] = []
    word = ""
    for character in text:
        kind = _kind(character)
        if kind == "letter":
            word += character
        elif kind == "mark" and (word or words):
            if word:
                word += character
            else:
                words[-1] += character
        else:
            if word:
                words.append(word)
                word = ""
            if kind == "unspaced":
                words.append(character)
    return [*words, word] if word else words


@lru_cache(maxsize=1 << 16)
def _kind(character: str) -> str:
    category = unicodedata.category(character)[0]
    if category not in "LNM":
        return "other"
    if category == "M":
        return "mark"
    code = ord(character)
    return "unspaced" if any(low <= code <= high for low, high in _UNSPACED) else "letter"


TOKENISERS: Mapping[str, Callable[[str], list[str]]] = {"classical": classical_tokens, "unicode": unicode_tokens}
"""The tokenisers by the names that a config uses."""
