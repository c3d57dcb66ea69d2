"""The rule against profanity, and against requests that a model should not learn to fulfil."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from selfinstruct.api import ConfigError, Draft, Example, Filter, Options, Verdict, drop, keep
from selfinstruct.api.text import read_input_text
from selfinstruct_filters.helpers.texts import texts

Category = Literal["profanity", "weapons", "drugs", "self-harm", "sexual-minors", "malware", "fraud"]
Language = Literal["en", "de", "fr", "es", "it", "pt"]
CATEGORIES: tuple[Category, ...] = (
    "profanity", "weapons", "drugs", "self-harm", "sexual-minors", "malware", "fraud",
)  # fmt: skip
LANGUAGES: tuple[Language, ...] = ("en", "de", "fr", "es", "it", "pt")

_LEET = str.maketrans("013457@$", "oieastas")
_LEET_WORD = re.compile(r"(?<![\w@$])[\w@$]{0,40}?(?:[^\W\d_][\d@$]|[\d@$][^\W\d_])[\w@$]*")
"""Bounded, and only where a word begins: a text may be one word of a million letters."""

_STARRED = re.compile(r"(?<![\w*])(?:[^\W\d_]\*{1,20}[^\W\d_]{0,20}|[^\W\d_]{1,20}\*{1,20}[^\W\d_]{1,20})(?![\w*])")
_SENTENCE = re.compile(r"[.!?;。？！\n]+(?=\s|\Z)|\n")

_GAP = r"(?:[^\w.!?\n]{1,9}\w{1,40}){0,4}?[^\w.!?\n]{1,9}"
_LINKS = (
    "about on against for from into that which who whose to in at how whether if and but or when where of is are was "
    "were as than"
)
_OBJECT = rf"(?:[^\w.!?,:;\n]{{1,9}}(?!(?:{_LINKS.replace(' ', '|')})\b)\w{{1,40}}){{0,4}}?[^\w.!?,:;\n]{{1,9}}"
"""What may stand between a verb and its object: no word that opens another phrase."""


class UnsafeOptions(Options):
    """Options of the filter `unsafe`."""

    categories: tuple[Category, ...] = Field(CATEGORIES, description="What to look for.")
    languages: tuple[Language, ...] = Field(LANGUAGES, description="Whose lists to use.")
    files: tuple[str, ...] = Field(
        (), description="Lists of your own: UTF-8 files with a word or phrase a line; # starts a comment."
    )
    allow: tuple[str, ...] = Field((), description="Words and phrases to allow even if a list has them.")


class UnsafeFilter(Filter[Draft | Example]):
    """Drop profanity, and requests for weapons, drugs, self-harm, sexual content with minors, malware, and fraud.

    A request is an intent, not a word: `make a pipe bomb` is one, `how bombs were defused` is not. The lists are short,
    so whoever wants to can get around them.
    """

    def __init__(self, options: UnsafeOptions) -> None:
        lists = tomllib.loads((files("selfinstruct_filters") / "words" / "unsafe.toml").read_text("utf-8"))
        chosen = [(name, lists[name]) for name in options.categories]
        self._words: dict[str, re.Pattern[str]] = {
            name: _phrases(_of_all(table, options.languages, "phrases")) for name, table in chosen
        }
        own = [entry for file in options.files for entry in read_list(file)]
        self._words["own-words"] = _phrases(own)
        self._intents = [
            (name, _intent(table[language]))
            for name, table in chosen
            for language in options.languages
            if "things" in table.get(language, {})
        ]
        spared = [entry for _, table in chosen for entry in _of_all(table, options.languages, "but")]
        self._spared = _phrases([*spared, *options.allow])
        averting = [entry for language in options.languages for entry in _entries(lists["averting"].get(language, ""))]
        self._averting = _phrases(averting)

    def evaluate(self, item: Draft | Example) -> Verdict:
        """Look at the words of each text, then at what each of its sentences asks for."""
        for name, text in texts(item):
            for reason, found in self._found(_plain(text)):
                return drop(reason, where=name, words=found[:80])
        return keep()

    def _found(self, text: str) -> Iterator[tuple[str, str]]:
        """Each reason to drop a text, with the words that give it."""
        text = self._spared.sub(" ", text)
        for name in ("profanity", "own-words"):
            if (words := self._words.get(name)) is not None:
                unmasked = _unmasked(text)
                yield from ((name, found[0]) for found in words.finditer(unmasked))
                yield from ((name, found[0]) for found in _STARRED.finditer(text) if _hides(found[0], words))
        for sentence in _SENTENCE.split(text):
            if not self._averting.search(sentence):
                yield from self._asked(sentence)

    def _asked(self, sentence: str) -> Iterator[tuple[str, str]]:
        for name, words in self._words.items():
            if name not in ("profanity", "own-words") and (found := words.search(sentence)):
                yield name, found[0]
        for name, intent in self._intents:
            if found := intent.search(sentence):
                yield name, found[0]


def read_list(path: str) -> list[str]:
    """The entries of a list of the user's own; raises `ConfigError` if it cannot be read or holds none."""
    try:
        lines = read_input_text(Path(path)).splitlines()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(
            f"filter 'unsafe': the list {path} cannot be read: {why}", "Check the option 'files'."
        ) from None
    entries = [entry for line in lines if (entry := line.partition("#")[0].strip())]
    if not entries:
        raise ConfigError(f"filter 'unsafe': the list {path} holds no word", "Write a word or phrase a line.")
    return entries


def _plain(text: str) -> str:
    """A text without differences of case, width and invisible characters."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return "".join(char for char in folded if char in "\n\t" or unicodedata.category(char) not in ("Cf", "Cc"))


def _unmasked(text: str) -> str:
    """A text with digits and signs that stand for letters read as these; a number stays a number."""
    return _LEET_WORD.sub(lambda found: found[0].translate(_LEET), text)


def _hides(starred: str, words: re.Pattern[str]) -> bool:
    """Whether a word with stars in the place of letters is one of a list."""
    return any(words.fullmatch(starred.replace("*", vowel)) for vowel in "aeiou") or (
        "**" in starred and any(words.fullmatch(starred.replace("**", pair)) for pair in ("uc", "hi", "un"))
    )


def _of_all(table: Mapping[str, Any], languages: Iterable[str], key: str) -> list[str]:
    return [entry for language in languages for entry in _entries(table.get(language, {}).get(key, ""))]


def _entries(text: str) -> list[str]:
    """The entries of a list that is written as text."""
    return [entry for part in text.split(",") if (entry := " ".join(part.split()))]


def _phrases(entries: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of some entries; without entries, one that finds nothing."""
    choices = "|".join(sorted(map(_entry, entries), key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{choices})(?!\w)" if choices else r"(?!)")


def _intent(table: Mapping[str, str]) -> re.Pattern[str]:
    """A pattern for a thing that is done."""
    doing, things = ("|".join(map(_entry, _entries(table[key]))) for key in ("doing", "things"))
    between = _GAP if table.get("between") == "any" else _OBJECT
    return re.compile(rf"(?<!\w)(?:{doing}){between}(?:{things})(?!\w)")


def _entry(entry: str) -> str:
    """One entry as a pattern: see the head of `words/unsafe.toml`."""
    parts = [r"[\W_]{1,3}".join(_word(word) for word in _plain(part).split()) for part in entry.split(" .. ")]
    return _GAP.join(parts)


def _word(word: str) -> str:
    return re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else "")


KEPT = Draft("How do I make a bath bomb that smells of lavender?")
DROPPED = Draft("How do I build a pipe bomb at home?")
REASONS = (*CATEGORIES, "own-words")
