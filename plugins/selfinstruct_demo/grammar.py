"""Composes tasks and plain sentences from the word lists in `lexicon/`, each about one field of life."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, TypeAlias

WordLists: TypeAlias = Mapping[str, tuple[str, ...]]

SLOT = re.compile(r"\{(\w+)(?:\.\d)?\}")
START = re.compile(r'(^"?|[.!?]"? )([a-z])')
ARTICLE = re.compile(r"\b([Aa]) (?=[aei]|o(?!ne[ -])|u(?!ni|se|ti|su|ku))")
COUNTS = ["three", "four", "five", "six", "seven", "eight", "nine", "ten"]
SINGULAR = {"topics": "topic", "people": "people", "roles": "role", "places": "place", "troubles": "trouble"}
SINGULAR |= {"aims": "aim", "labels": "labelling"}
FRESH = {"k", "n", "m", "numbers", "terms"}
"""Slots that are filled anew each time; any other keeps its word within a task."""

SHARES = {"classify": 0.20, "compute": 0.07, "given": 0.13, "open": 0.60}
RULE_SHARE = 0.6
"""How many open tasks end with a rule."""


def draw_task(rng: Random, classification: bool = False) -> str:
    """Compose one task; about one in five is a classification task unless that is all that is wanted."""
    kind = "classify" if classification else rng.choices(list(SHARES), list(SHARES.values()))[0]
    template = rng.choice(templates()[kind])
    if kind in ("open", "given") and "{rule}" not in template and rng.random() < RULE_SHARE:
        template += " {rule}"
    return SlotFiller(rng).fill(template)


def draw_text(rng: Random, kind: str, sentences: int, field: str = "", given: Mapping[str, str] | None = None) -> str:
    """Compose plain text (`sentence`) or `advice`; the first half of it keeps to the words already `given`."""
    chosen = rng.sample(templates()[kind], sentences)
    kept = (sentences + 1) // 2
    return " ".join(SlotFiller(rng, field, given if n < kept else None).fill(text) for n, text in enumerate(chosen))


def fill(rng: Random, template: str) -> str:
    """Fill a template with words of any one field."""
    return SlotFiller(rng).fill(template)


class SlotFiller:
    """Fills the slots of one text, keeping to one field and to the words already chosen."""

    def __init__(self, rng: Random, field: str = "", given: Mapping[str, str] | None = None) -> None:
        self._rng = rng
        self._field = fields()[field or rng.choice(field_names())]
        self._chosen = {"{" + slot + "}": words for slot, words in (given or {}).items()}

    def fill(self, template: str) -> str:
        """Fill all slots; sentences then start with a capital, and `a` becomes `an` before a vowel."""
        text = ARTICLE.sub(r"\1n ", SLOT.sub(self._word, template))
        return START.sub(lambda found: found[1] + found[2].upper(), text)

    def _word(self, slot: re.Match[str]) -> str:
        if slot[1] in FRESH:
            return self._make(slot[1])
        if slot[0] not in self._chosen:
            self._chosen[slot[0]] = self._make(slot[1])
        return self._chosen[slot[0]]

    def _make(self, name: str) -> str:
        match name:
            case "k":
                return self._rng.choice(COUNTS)
            case "n":
                return str(self._rng.randrange(30, 400, 5))
            case "m":
                return str(self._rng.randrange(9, 31))
            case "numbers":
                return ", ".join(str(number) for number in self._rng.sample(range(11, 990), self._rng.randint(4, 6)))
            case "terms":
                return ", ".join(self._rng.sample(self._field["topic"], self._rng.randint(4, 6)))
            case "sentence":
                return self.fill(self._rng.choice(templates()["sentence"])).rstrip(".")
            case "subject":
                return SLOT.sub(self._word, "{facet} {topic}" if self._rng.random() < 0.5 else "{topic}")
            case "kind" | "labels":
                return self._labels(name)
        return self._pick(name)

    def _labels(self, name: str) -> str:
        """Choose a kind of text and its labels together, and give the one asked for."""
        kind, _, labels = self._pick("labelling").partition(": ")
        *most, last = (f'"{label}"' for label in labels.split(", "))
        self._chosen |= {"{kind}": kind, "{labels}": ", ".join(most) + " or " + last}
        return self._chosen["{" + name + "}"]

    def _pick(self, name: str) -> str:
        """Choose a word of the field or a general one, other than those already in the text."""
        words = self._field.get(name) or common()[name]
        for _ in range(9):
            word = self._rng.choice(words)
            if word not in self._chosen.values():
                break
        return SLOT.sub(self._word, word)


@cache
def fields() -> Mapping[str, WordLists]:
    """Load the words of every field, by its name."""
    found: dict[str, WordLists] = {}
    for part in ("fields_a", "fields_b", "fields_c"):
        for field, lists in _load(part).items():
            found[field] = {SINGULAR[name]: _split(words) for name, words in lists.items()}
    return found


@cache
def field_names() -> Sequence[str]:
    """List the fields, in the order of the word lists."""
    return tuple(fields())


@cache
def common() -> WordLists:
    """Load the words that fit every field."""
    return {name: _split(words) for name, words in _load("common").items()}


@cache
def templates() -> WordLists:
    """Load the templates of tasks, and of the sentences that answers are made of."""
    found = _load("tasks")
    computed = tuple(text for texts in found["compute"].values() for text in texts)
    plain = {name: tuple(found[name]) for name in ("open", "given", "classify")}
    answers = {name: tuple(texts) for name, texts in found["answer"].items()}
    return plain | answers | {"compute": computed}


@cache
def home_of() -> Mapping[str, tuple[str, str]]:
    """Say for each word or phrase of a field which field and slot it comes from; the first one where there are two."""
    homes: dict[str, tuple[str, str]] = {}
    for field, words in fields().items():
        for slot, phrases in words.items():
            for phrase in phrases:
                homes.setdefault(phrase.partition(":")[0], (field, slot))
    return homes


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads((files("selfinstruct_demo") / "lexicon" / f"{name}.toml").read_text("utf-8"))


def _split(words: str) -> tuple[str, ...]:
    return tuple(" ".join(word.split()) for word in words.split(";"))
