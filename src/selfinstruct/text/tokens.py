"""The tokenisers: the classical one of `rouge_score`, one for text in any script, and one in which signs count."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, wraps
from math import ceil

_SPACED = bytes(byte if chr(byte) in "abcdefghijklmnopqrstuvwxyz0123456789" else 32 for byte in range(256))
"""Translates each byte of UTF-8 to a space, unless it is one of `[a-z0-9]`."""

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
"""Code points of scripts without spaces between words. Each of their characters is a token of its own."""

LETTERS_PER_WORD = 1.6
"""Letters of a script without spaces that say as much as one word: what translations of one text show for Chinese."""

_SIGNS = re.compile(
    r"[=<>+/%&|^~@$\\°€£¥±×÷√∞≤≥≠≈∑∫→←]+|!=+|(?<=\w)#|#(?=\w)|(?<=\w)\*+(?=\w)|(?<=[^\W_] )\*+(?= \w)"
    r"|-+>|--+|(?<=\d)\s*[-−]\s*(?=\d)|(?<![\w-])[-−](?=\d)"
)
"""Signs that change what a text says: operators, currencies, the sign of `C#`; a run of them is one.

Sentence signs, quotes, hyphens, bullets and the stars of emphasis are none.
"""

_ASCII_SIGN = re.compile(r"[=<>+/%&|^~@$\\!#*-]")
"""Each match in an ASCII text holds one of these."""


Tokeniser = Callable[[str], list[str]]
REMEMBERED_TEXTS, REMEMBERED_LENGTH = 256, 4_000
"""How many of the latest texts are remembered with their tokens, and the characters that such a text has at most."""


def _remembering(tokenise: Tokeniser) -> Tokeniser:
    """The tokeniser, which splits each text once for all filters that ask for its tokens one after the other."""

    @lru_cache(maxsize=REMEMBERED_TEXTS)
    def remembered(text: str) -> tuple[str, ...]:
        return tuple(tokenise(text))

    @wraps(tokenise)
    def tokens(text: str) -> list[str]:
        return list(remembered(text)) if len(text) <= REMEMBERED_LENGTH else tokenise(text)

    return tokens


def classical_tokens(text: str) -> list[str]:
    """The tokens of `rouge_score` without a stemmer: runs of `[a-z0-9]` in the lower-cased text.

    A text in another script has no tokens, so its score with any text, itself included, is 0.
    """
    return text.lower().encode("utf-8", "surrogatepass").translate(_SPACED).decode("ascii").split()


@_remembering
def unicode_tokens(text: str) -> list[str]:
    """The tokens of a text in any script: runs of letters, marks and digits, after NFKC and lower-casing.

    For ASCII text with words, the tokens are those of `classical_tokens`. Scripts without spaces give one token per
    character. A text without letters and digits is one token, so that it is never novel beside its copy; a blank text
    has none.
    """
    if text.isascii():
        return classical_tokens(text) or _whole(text)
    return _words(unicodedata.normalize("NFKC", text).lower()) or _whole(text)


@_remembering
def sign_tokens(text: str) -> list[str]:
    """The tokens of `unicode_tokens`, and each run of signs that change the meaning: `==` is not `===`, nor C# C."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    elif not _ASCII_SIGN.search(text):
        return unicode_tokens(text)
    tokens: list[str] = []
    end = 0
    for sign in _SIGNS.finditer(text):
        tokens += _words_of(text[end : sign.start()])
        if (
            sign[0][0] in "#+"
            and text[max(end, sign.start() - 1) : sign.start()].isalpha()
            and not text[sign.end() : sign.end() + 1].isalnum()
        ):
            tokens[-1] += sign[0]  # C++ and C# are words
        else:
            tokens.append(sign[0].strip())
        end = sign.end()
    return [*tokens, *_words_of(text[end:])] if end else unicode_tokens(text)


def count_words(tokens: Sequence[str]) -> int:
    """How many words the tokens of a text are; those of scripts without spaces, one letter each, count as 1 / 1.6."""
    if all(map(str.isascii, tokens)):
        return len(tokens)
    letters = sum(not token.isascii() and _kind(token[0]) == "unspaced" for token in tokens)
    return len(tokens) - letters + ceil(letters / LETTERS_PER_WORD)


def _words_of(text: str) -> list[str]:
    return classical_tokens(text) if text.isascii() else _words(text.lower())


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


TOKENISERS: Mapping[str, Tokeniser] = {"classical": classical_tokens, "unicode": unicode_tokens}
"""The tokenisers by their names in the configuration."""
