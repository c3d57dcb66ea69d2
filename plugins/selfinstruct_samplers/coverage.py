"""The sampler `coverage`: examples of the kinds of task that the pool has few of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from selfinstruct.api import Instruction, PoolView, Sampler
from selfinstruct.api.similarity import unicode_tokens
from selfinstruct.api.text import verb_and_object
from selfinstruct_samplers.options import MAX_DRAWN, MixOptions, some

MAX_COUNTED = 256
"""Members of the pool from which its kinds are estimated, drawn anew for each request."""

SHORT = 4
"""Words of up to so many letters say little about a topic, where a script has letters at all."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a task is counted by; the prefixes keep a verb, a length and a word of the same letters apart."""

    verb: str
    length: str
    topics: tuple[str, ...]


@lru_cache(maxsize=16384)
def kind_of(text: str) -> Kind:
    """The kind of a task. Where no English verb is found, its first word stands for it."""
    words = unicode_tokens(text)
    verb = verb_and_object(text).verb or "".join(words[:1])
    topics = dict.fromkeys(word for word in words if len(word) > SHORT or not word.isascii())
    return Kind(f"verb {verb}", f"length {len(words).bit_length()}", tuple(topics))


class Coverage(Sampler):
    """Draws examples with a chance that grows as the pool has fewer of their kind.

    The kind is the root verb, the length (in doubling steps) and the topic (the words other than the short ones). How
    many the pool has of each is estimated from a random part of it, seeds and machine-written instructions alike.
    Candidates are a random few, so a request costs the same however large the pool. Pure: all that is counted is in
    the view.
    """

    def __init__(self, options: MixOptions) -> None:
        self._total = options.total
        self._machine = options.machine

    def sample(self, view: PoolView) -> Sequence[Instruction]:
        """Seeds and machine-written instructions, drawn by how rare they are; in random order."""
        known = _Census(view, MAX_COUNTED)
        chosen = known.draw(view.rng, some(view.rng, view.machine, MAX_DRAWN if self._machine else 0), self._machine)
        chosen += known.draw(view.rng, some(view.rng, view.seeds, MAX_DRAWN), self._total - len(chosen))
        view.rng.shuffle(chosen)
        return chosen


class _Census:
    """How many a random part of the pool has of each verb, length and word."""

    def __init__(self, view: PoolView, most: int) -> None:
        self._counts: Counter[str] = Counter()
        seeds, size = len(view.seeds), len(view.seeds) + len(view.machine)
        for at in view.rng.sample(range(size), min(most, size)):
            entry = view.seeds[at] if at < seeds else view.machine[at - seeds]
            kind = kind_of(entry.text)
            self._counts.update((kind.verb, kind.length, *kind.topics))

    def draw(self, rng: Random, candidates: Sequence[Instruction], count: int) -> list[Instruction]:
        """At most so many, without repetition, each in proportion to its rarity among those that are left."""
        left = list(candidates)
        weights = [self.rarity(entry.text) for entry in left]
        drawn: list[Instruction] = []
        while left and len(drawn) < count:
            (at,) = rng.choices(range(len(left)), weights)
            drawn.append(left.pop(at))
            weights.pop(at)
        return drawn

    def rarity(self, text: str) -> float:
        """From 1.0 for a text of a kind that was not met, towards 0.0 the more of its kind there are."""
        kind = kind_of(text)
        topics = [1 / (1 + self._counts[word]) for word in kind.topics]
        topic = sum(topics) / len(topics) if topics else 1.0
        return (1 / (1 + self._counts[kind.verb]) + 1 / (1 + self._counts[kind.length]) + topic) / 3
