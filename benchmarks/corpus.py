"""A seeded corpus of made-up instructions with the lengths and the vocabulary of real ones, of any size."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from random import Random

_CONSONANTS: list[str] = str.split("b c d f g h k l m n p r s t v w z br ch cr dr fl gr pl pr sh sl st str th tr")
_VOWELS: list[str] = str.split("a e i o u ai ea ee io ou")
_FRAME: list[str] = str.split(
    "the a of to in and for that is with on as by an from your this it be or are at which what how you given write"
    " following list sentence describe explain between about generate text two create suggest each make one can give"
    " them using not do if into word words does most name their use short story example find people some new more"
)
"""The words that every instruction is built on, most frequent first."""

_OPENINGS = (
    "write a short {}", "explain the {} of", "give me a list of {}", "what is the {}", "describe how to {}",
    "generate a {} about", "create a {} for", "given the following {}", "suggest three {}", "find the {} in",
    "rewrite the sentence so that {}", "compare {} and", "tell me if {} is", "classify the {} as", "summarize the {}",
    "how do you {}", "is it true that {}", "come up with {}", "identify the {}", "convert this {} to",
)  # fmt: skip
_TAIL = 250_000
_REMEMBERED = 200_000
_NEAR, _COPY = 0.22, 0.06
"""Shares of candidates that vary an earlier one a little, and that repeat it almost."""


class Corpus:
    """Candidates one after the other: the same seed gives the same ones, however many are taken."""

    def __init__(self, seed: int = 1, duplicates: bool = True) -> None:
        self._rng = Random(seed)
        self._words = _vocabulary(Random(seed + 1))
        self._cumulative = list(accumulate((rank + 2.7) ** -1.16 for rank in range(len(self._words))))
        self._frame = list(accumulate((rank + 2.0) ** -1.05 for rank in range(len(_FRAME))))
        self._earlier: list[list[str]] = []
        self._duplicates = duplicates

    def __iter__(self) -> Iterator[str]:
        while True:
            yield self.draw()

    def take(self, count: int) -> list[str]:
        """The next so many."""
        return [self.draw() for _ in range(count)]

    def draw(self) -> str:
        """The next one."""
        rng, share = self._rng, self._rng.random()
        if self._duplicates and self._earlier and share < _NEAR + _COPY:
            words = self._vary(rng.choice(self._earlier), 0.08 if share < _COPY else 0.3)
        else:
            words = self._fresh()
        if self._duplicates and len(self._earlier) < _REMEMBERED:
            self._earlier.append(words)
        elif self._duplicates:
            self._earlier[rng.randrange(_REMEMBERED)] = words
        text = " ".join(words)
        return text[:1].upper() + text[1:] + "."

    def _fresh(self) -> list[str]:
        rng = self._rng
        length = max(3, min(152, round(rng.lognormvariate(2.58, 0.62))))
        topic = rng.choices(self._words, cum_weights=self._cumulative, k=3)
        words = rng.choice(_OPENINGS).format(rng.choice(topic)).split()
        while len(words) < length:
            share = rng.random()
            if share < 0.47:
                words += rng.choices(_FRAME, cum_weights=self._frame)
            elif share < 0.58:
                words.append(rng.choice(topic))
            else:
                words += rng.choices(self._words, cum_weights=self._cumulative)
        return words[:length]

    def _vary(self, words: list[str], change: float) -> list[str]:
        rng = self._rng
        return [
            rng.choices(self._words, cum_weights=self._cumulative)[0] if rng.random() < change else word
            for word in words
        ]


def _vocabulary(rng: Random) -> list[str]:
    words: dict[str, None] = {}
    while len(words) < _TAIL:
        syllables = rng.choices((1, 2, 3, 4), (1, 8, 8, 3))[0]
        word = "".join(rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(syllables))
        words.setdefault(word + rng.choice(("", "", "n", "r", "s", "t")))
    return list(words)
