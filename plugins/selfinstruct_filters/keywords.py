"""The rule against tasks that a model which only reads and writes text cannot do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field

from selfinstruct.api import Draft, Filter, Options, Verdict, drop, keep
from selfinstruct.api.similarity import unicode_tokens
from selfinstruct_filters.helpers.wording import distinct_words, has_english_words, word_set

COMPOUNDS = word_set(
    "game games book books album script title caption description editor call calls essay prompt agreement contract"
    " studio session company industry label artist device app software library processing recognition player file files"
    " format"
)
"""`A video game` is no video."""

ABSTRACT = word_set(
    "comparison comparisons conclusion conclusions parallel parallels analogy distinction inference inferences lesson"
    " line lots table tables timeline outline plan plans"
)
"""`Draw a comparison` and `Sketch a plan` ask for words."""

IN_WORDS = r"[^.!?]{0,80}\b(?:words|worten|mots|palabras|palavras|parole|словами)\b"
"""`Paint a picture in words`."""

HOW = re.compile(
    r"\W*how\b|\b(?:how (?:to|do|does|can|should|i|we|you)|tips|advice|guidance|ways? to|steps|should (?:i|we)"
    r"|prompts? for)\b",
    re.IGNORECASE,
)
"""`How do I record audio in Python?` and `Give me tips to take better photos` ask for words about the thing."""

HEAD = re.compile(r"[^:：\"“”«»「『]*")
"""What is asked; behind a colon and in quotes stands what to work on, such as a sentence about the weather today."""

Language = Literal["en", "de", "fr", "es", "pt", "it", "ru", "zh", "ja", "ko"]


@dataclass(frozen=True, slots=True)
class KeywordLists:
    """The lists of one language, as words/keywords.toml explains them."""

    words: Sequence[str] = ()
    opening: Sequence[str] = ()
    media: Sequence[str] = ()
    pointing: Sequence[str] = ()
    making: Sequence[str] = ()
    acts: Sequence[str] = ()
    triggers: Sequence[str] = ()
    is_spaced: bool = True


@cache
def read_lists() -> Mapping[str, KeywordLists]:
    """The lists of each language. Those for other languages than English are shorter."""
    text = (files("selfinstruct_filters") / "words" / "keywords.toml").read_text("utf-8")
    return {language: KeywordLists(**lists) for language, lists in tomllib.loads(text).items()}


class KeywordsOptions(Options):
    """Options of the filter `keywords`."""

    languages: tuple[Language, ...] = Field(
        ("en",), description="Languages whose lists are used, unless you give lists."
    )
    words: tuple[str, ...] | None = Field(
        None,
        description="Words and phrases that no task may contain, in place of the languages' own.",
    )
    opening: tuple[str, ...] | None = Field(
        None, description="Words that no task may start with, in place of the languages' own."
    )
    media: tuple[str, ...] | None = Field(
        None,
        description="Things that no task may refer to or ask to make, in place of the languages' own.",
    )


@dataclass(frozen=True, slots=True)
class _Rules:
    """Patterns of one kind, and the words of which a text that they match has one; `None`: other letters than ASCII.

    `heads` are searched in what is asked alone; `making` asks for a thing to be made, which `HOW` turns into advice.
    """

    triggers: frozenset[str] | None
    patterns: tuple[re.Pattern[str], ...]
    heads: bool = False
    making: bool = False

    def can_match(self, text: str, words: frozenset[str]) -> bool:
        """Whether a text can match, at a glance."""
        return not text.isascii() if self.triggers is None else not self.triggers.isdisjoint(words)


class KeywordsFilter(Filter[Draft]):
    """Drop tasks that need more than text: pictures, sounds, links to follow, actions, live data.

    A text that is clearly English is compared only with the English lists.
    """

    def __init__(self, options: KeywordsOptions) -> None:
        rules = {language: _rules(read_lists()[language], options) for language in options.languages}
        self._all = [rule for some in rules.values() for rule in some]
        self._english = rules.get("en", [])
        self._triggers = frozenset(word for rule in self._all for word in rule.triggers or ())

    def evaluate(self, item: Draft) -> Verdict:
        """Search for whole words; spaces and line ends count alike."""
        words = distinct_words(item.text)
        if item.text.isascii() and self._triggers.isdisjoint(words):
            return keep()
        rules = self._english if has_english_words(item.text) else self._all
        if not (near := [rule for rule in rules if rule.can_match(item.text, words)]):
            return keep()
        text = " ".join(item.text.replace("’", "'").split())
        head = HEAD.match(text)
        for rule in near:
            where = (head[0] if head else "") if rule.heads else text
            for pattern in rule.patterns:
                found = pattern.search(where)
                if found and not (rule.making and HOW.search(text)):
                    return drop("needs-more-than-text", words=found[0].lower())
        return keep()


def _rules(own: KeywordLists, options: KeywordsOptions) -> list[_Rules]:
    """The patterns of one language, with the user's own lists in place of the language's."""
    acts = tuple(map(_compiled, own.acts if options.words is None else ()))
    if not own.is_spaced:
        return [_Rules(None, acts, heads=True)]
    words = own.words if options.words is None else options.words
    opening = own.opening if options.opening is None else options.opening
    media = own.media if options.media is None else options.media
    things = rf"{_either(media)}s?\b(?! (?:{_either(sorted(COMPOUNDS))}|in words|in (?:\w+ )?words)\b)"
    otherwise = rf"(?:up|out|on|(?:\w+ )?{_either(sorted(ABSTRACT))})"
    pointing = (rf"\b{_either(own.pointing)} (?:\w+ )?{things}", rf"\bthat {_either(media)}\b")
    making = rf"\b{_either(own.making)} (?:\w+ ){{,2}}{things}(?!{IN_WORDS})"
    rules = [
        _Rules(frozenset(own.triggers), acts, heads=True),
        _Rules(_first_words(words), (_compiled(rf"\b{_either(words)}\b"),)),
        _Rules(_first_words(opening), (_compiled(rf"\A\W*{_either(opening)}\b(?! {otherwise}\b|{IN_WORDS})"),)),
        _Rules(_first_words(media), tuple(map(_compiled, pointing))),
        _Rules(_first_words(media), (_compiled(making),), making=True),
    ]
    return [rule for rule in rules if rule.triggers]


def _first_words(phrases: Iterable[str]) -> frozenset[str]:
    """The first word of each phrase, in the singular and the plural."""
    first = [tokens[0] for phrase in phrases if (tokens := unicode_tokens(phrase))]
    return frozenset([*first, *(f"{word}s" for word in first)])


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _either(choices: Iterable[str]) -> str:
    """A group that matches any of the choices as written."""
    return f"(?:{'|'.join(re.escape(choice) for choice in choices)})"


KEPT = Draft("Write a caption for a photo of a cat.")
DROPPED = Draft("Describe what you see in this photo.")
