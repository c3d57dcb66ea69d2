"""Draws the words, numbers, lists, dates and sentences that tasks are made of."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from random import Random
from typing import TypeAlias

Maker: TypeAlias = Callable[[Random], str]
"""Draws the text of one slot."""

NOT_THINGS = frozenset(
    {"name", "city", "verb", "adjective", "adverb", "place", "praise", "blame", "profession", "sport", "colour"}
)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
FIRST_DAY = date(2021, 1, 1)
DAYS = 3650


@cache
def lexicon() -> Mapping[str, tuple[str, ...]]:
    """The words of each kind."""
    found = tomllib.loads((files("selfinstruct_demo") / "words.toml").read_text("utf-8"))
    return {kind: tuple(words.split()) for kind, words in found.items()}


@cache
def kinds() -> Sequence[str]:
    """The kinds of things that can be bought, stored and counted."""
    return tuple(kind for kind in lexicon() if kind not in NOT_THINGS)


@cache
def things() -> Sequence[str]:
    """The words of all kinds of things."""
    return tuple(word for kind in kinds() for word in lexicon()[kind])


def one(*choices: str) -> Maker:
    """One of the texts."""
    return lambda rng: rng.choice(choices)


def word(kind: str) -> Maker:
    """A word of a kind."""
    return lambda rng: rng.choice(lexicon()[kind])


def thing(rng: Random) -> str:
    """A thing."""
    return rng.choice(things())


def number(low: int, high: int, step: int = 1) -> Maker:
    """An integer from `low` up to, but not including, `high`."""
    return lambda rng: str(rng.randrange(low, high, step))


def numbers(least: int, most: int, *, low: int = 10, high: int = 990) -> Maker:
    """A list of different integers."""
    return lambda rng: ", ".join(map(str, rng.sample(range(low, high), rng.randint(least, most))))


def some(least: int, most: int, draw: Maker = thing) -> Maker:
    """A list of different words."""

    def make(rng: Random) -> str:
        count = rng.randint(least, most)
        found: dict[str, None] = {}
        while len(found) < count:
            found[draw(rng)] = None
        return ", ".join(found)

    return make


def pairs(least: int, most: int, *, form: str = "{} {}", draw: Maker = thing, low: int = 3, high: int = 200) -> Maker:
    """A list of different words, each with an integer of its own, laid out by `form`."""

    def make(rng: Random) -> str:
        words = items(some(least, most, draw)(rng))
        values = rng.sample(range(low, high), len(words))
        return ", ".join(form.format(name, value) for name, value in zip(words, values, strict=True))

    return make


def sentence(rng: Random) -> str:
    """A plain sentence without its full stop."""
    words = lexicon()
    person, other = rng.sample(words["name"], 2)
    parts = [person, rng.choice(words["adverb"]), rng.choice(words["verb"]), "the", rng.choice(words["adjective"])]
    parts += [thing(rng), rng.choice(["and", "behind", "before", "with"]), "the", thing(rng)]
    parts += rng.choice(
        [["in", "the", rng.choice(words["place"])], ["for", other], ["near", rng.choice(words["city"])], []]
    )
    return " ".join(parts)


def day(rng: Random) -> str:
    """A date such as `3 May 2026`."""
    return write_day(FIRST_DAY + timedelta(rng.randrange(DAYS)))


def write_day(value: date) -> str:
    """A date such as `3 May 2026`."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def read_days(text: str) -> list[date]:
    """All dates in a text, in the form of `write_day`; the recipe `paper` writes tasks in lower case."""
    found = re.findall(rf"(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{4}})", text, re.IGNORECASE)
    return [date(int(year), MONTHS.index(month.title()) + 1, int(numeral)) for numeral, month, year in found]


def items(text: str) -> list[str]:
    """The items of a list that is separated by commas."""
    return text.split(", ")


def integers(text: str) -> list[int]:
    """All integers in a text, in order."""
    return [int(found) for found in re.findall(r"\d+", text)]


def counted(text: str) -> dict[str, int]:
    """Words and the first integer behind each, in a list such as `plum 3, fig 4 kg` or `plum: 3, fig: 4`."""
    found = (re.match(r"\W*([A-Za-z -]+?)\W* (\d+)", item) for item in items(text))
    return {match[1]: int(match[2]) for match in found if match}


def tidy(value: float) -> str:
    """A number with at most two decimals, and no zeros at its end."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def city_pair(rng: Random) -> str:
    """Two cities, such as `Lima for Oslo`."""
    return " for ".join(rng.sample(lexicon()["city"], 2))
