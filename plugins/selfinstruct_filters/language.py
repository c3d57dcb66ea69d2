"""The rule about which languages may be in a dataset."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field, field_validator

from selfinstruct.api import Draft, Example, Filter, Options, Verdict, drop, keep
from selfinstruct_filters.helpers.texts import texts

SCRIPTS: Mapping[str, tuple[str, ...]] = {
    name: tuple(codes.split())
    for name, codes in {
        "Latin": "af an az br bs ca cs cy da de en eo es et eu fi fo fr fy ga gd gl ha hr ht hu id ig is it jv ku la lb"
        " lg ln lt lv mg ms mt nl nn no oc om pl pt qu ro rw se sk sl sn so sq sr st sv sw tk tl tr uz vi vo wa xh yo"
        " zu",
        "Cyrillic": "ba be bg kk ky mk mn ru sr tg tt uk uz",
        "Arabic": "ar fa ku ps ug ur",
        "Devanagari": "hi mr ne sa",
        "Bengali": "as bn",
        "Cjk": "ja zh",
        "Kana": "ja",
        "Hangul": "ko",
        "Greek": "el",
        "Hebrew": "he",
        "Armenian": "hy",
        "Georgian": "ka",
        "Thai": "th",
        "Lao": "lo",
        "Khmer": "km",
        "Myanmar": "my",
        "Tibetan": "dz",
        "Ethiopic": "am",
        "Sinhala": "si",
        "Tamil": "ta",
        "Telugu": "te",
        "Kannada": "kn",
        "Malayalam": "ml",
        "Gujarati": "gu",
        "Gurmukhi": "pa",
        "Oriya": "or",
    }.items()
}
"""The languages of each script, by ISO 639-1, as far as the model knows them."""

LANGUAGES = frozenset(code for codes in SCRIPTS.values() for code in codes)
NO_LANGUAGE = "zxx"
"""What the model calls a text without words."""

IDEOGRAPHS, KANA_SHARE = "Cjk", 0.05
"""Japanese has Kana between its ideographs; a longer text with fewer is Chinese."""

MAJORITY = 0.5
"""Below this probability the model's best language is no more than a guess among many."""

MOST_ASKED = 2_000
"""Characters of a text that the model is shown."""

MAIN_SHARE = 0.7
"""A text with no script of this share of its letters is in no single language."""

LEAST_LETTERS = 4
"""Fewer letters of a script are symbols: `Let α + β = γ.`"""

HEAD_LETTERS = 10
"""Letters before the first colon, quote or line end that show the language of the task itself."""

_NO_PROSE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|<[^<>\n]*>|\bhttps?://\S+", re.DOTALL)
_SIGNS = re.compile(r"[{}()\[\]<>=;_\\|#*/+$%&^~]")
_MOST_SIGNS = 0.08
"""Prose has fewer of the signs that programs are full of; what has more is not asked about."""

_HEAD = re.compile(r"[:：\n\"“«「]")


class LanguageOptions(Options):
    """Options of the filter `language`."""

    keep: tuple[str, ...] = Field((), description="Kept languages by ISO 639-1, such as en or de; none: keep all.")
    fewest: int = Field(20, ge=1, description="Letters below which only the script decides.")
    certainty: float = Field(
        0.9, gt=0, le=1, description="Drop only if the model gives all languages not kept at least this probability."
    )
    texts: tuple[Literal["instruction", "input", "output"], ...] = Field(
        ("instruction", "input", "output"),
        description="Texts of an example to look at; without output, translations pass.",
    )

    @field_validator("keep")
    @classmethod
    def _known(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [code for code in codes if code not in LANGUAGES]:
            raise ValueError(f"unknown language {unknown[0]!r}; known by ISO 639-1: {' '.join(sorted(LANGUAGES))}")
        return codes


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """A text's main script, its language where that is known, and the probability that it is none of those kept."""

    script: str
    language: str = ""
    other: float | None = None


class LanguageFilter(Filter[Draft | Example]):
    """Drop a text in a language that is not in `keep`. By default all languages are kept.

    The script decides where it can. Where kept and other languages share one, py3langid decides, on texts long enough
    and when it is sure. A task in a kept language may hold text in another behind a colon, quote or line end.
    """

    def __init__(self, options: LanguageOptions) -> None:
        self._options = options
        self._keep = frozenset(options.keep)
        asked = [set(codes) for script, codes in SCRIPTS.items() if script != IDEOGRAPHS]
        shared = [codes for codes in asked if self._keep & codes and codes - self._keep]
        self._model = _load() if shared else None

    def evaluate(self, item: Draft | Example) -> Verdict:
        """Guess the language of each text, and drop at the first that is surely another one."""
        for name, text in texts(item) if self._keep else ():
            if isinstance(item, Example) and name not in self._options.texts:
                continue
            guess = self._guess(text, self._options.fewest)
            if self._is_other(guess) and not self._is_saved(text):
                return _dropped(name, guess)
        return keep()

    def _guess(self, text: str, fewest: int, majority: float = MAJORITY) -> LanguageGuess:
        """A text's script, and the language if the script has one alone, or the model can be asked."""
        prose = _NO_PROSE.sub(" ", unicodedata.normalize("NFKC", text))
        counts = Counter(script for char in prose if (script := script_of(char)))
        script = _main(counts)
        codes = SCRIPTS.get(script, ())
        if len(codes) == 1:
            return LanguageGuess(script, codes[0])
        if script == IDEOGRAPHS:
            is_long = counts.total() >= fewest
            return LanguageGuess(script, "zh", float("zh" not in self._keep)) if is_long else LanguageGuess(script)
        is_code = len(_SIGNS.findall(prose)) > _MOST_SIGNS * len(prose)
        if self._model is None or not self._keep & set(codes) or counts.total() < fewest or is_code:
            return LanguageGuess(script)
        ranked = self._model.rank(prose[:MOST_ASKED])
        language, most = ranked[0]
        if language == NO_LANGUAGE or most < majority:
            return LanguageGuess(script)
        return LanguageGuess(script, language, 1 - sum(share for code, share in ranked if code in self._keep))

    def _is_other(self, guess: LanguageGuess) -> bool:
        """Whether a guess is surely none of the kept languages."""
        if not guess.script:
            return False
        if not self._keep & set(SCRIPTS.get(guess.script, ())):
            return True
        is_sure = guess.other is not None and guess.other >= self._options.certainty
        return is_sure and guess.language not in self._keep

    def _is_saved(self, text: str) -> bool:
        """Whether a text opens in a kept language before what it quotes or works on."""
        head = _HEAD.split(text, maxsplit=1)[0]
        if len(head) == len(text) or sum(map(str.isalpha, head)) < HEAD_LETTERS:
            return False
        guess = self._guess(head, HEAD_LETTERS, majority=0)
        codes = set(SCRIPTS.get(guess.script, ()))
        return guess.language in self._keep if guess.language else bool(codes) and codes <= self._keep


def _dropped(name: str, guess: LanguageGuess) -> Verdict:
    if guess.other is None:
        return drop("another-script", where=name, script=guess.script)
    return drop("another-language", where=name, language=guess.language, probability=round(guess.other, 3))


def _load() -> Any:
    """The model that comes with py3langid; it takes half a second and 60 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _main(counts: Counter[str]) -> str:
    """The script that a text is written in; empty if there is none that outweighs the others."""
    total = counts.total()
    if counts["Kana"] >= KANA_SHARE * (counts["Kana"] + counts["Cjk"]):
        counts = Counter({**counts, "Kana": counts["Kana"] + counts["Cjk"], "Cjk": 0})
    script, most = max(counts.items(), key=lambda one: one[1], default=("", 0))
    return script if most >= LEAST_LETTERS and most >= MAIN_SHARE * total else ""


@lru_cache(maxsize=1 << 14)
def script_of(char: str) -> str:
    """A letter's script, from the first word of its Unicode name; empty for what is no letter."""
    if not char.isalpha():
        return ""
    first = unicodedata.name(char, "Other").partition(" ")[0].capitalize()
    return "Kana" if first in ("Hiragana", "Katakana", "Katakana-hiragana") else first


OPTIONS = {"keep": ["en"]}
KEPT = Draft("Translate into English: Je n'ai pas le temps de faire mes devoirs aujourd'hui.")
DROPPED = Draft("Écris une courte histoire à propos d'un gardien de phare qui trouve une lettre.")
REASONS = ("another-script", "another-language")
