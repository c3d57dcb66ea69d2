"""The sampler `coverage`: examples of kinds of tasks that are rare in the pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from selfinstruct.api import Instruction, PoolView, Sampler
from selfinstruct.api.similarity import unicode_tokens
from selfinstruct.api.text import verb_and_object
from selfinstruct_samplers.options import MAX_DRAWN, MixOptions, draw_some

MAX_COUNTED = 256
"""Members of the pool from which the counts are estimated. They are drawn again for each request."""

MAX_SHORT_WORD = 4
"""ASCII words of up to so many letters say little about a topic."""


@dataclass(frozen=True, slots=True)
class TaskKind:
    """The features by which tasks are counted. Prefixes distinguish equal verbs, lengths and words."""

    verb: str
    length: str
    topics: tuple[str, ...]


@lru_cache(maxsize=16384)
def kind_of(text: str) -> TaskKind:
    """The kind of a task. If no English verb is found, the first word takes its place."""
    words = unicode_tokens(text)
    verb = verb_and_object(text).verb or "".join(words[:1])
    topics = dict.fromkeys(word for word in words if len(word) > MAX_SHORT_WORD or not word.isascii())
    return TaskKind(f"verb {verb}", f"length {len(words).bit_length()}", tuple(topics))


class CoverageSampler(Sampler):
    """Draws examples with a probability that is higher the rarer their kind is in the pool.

    The kind is the root verb, the length (in doubling steps) and the topic (all words but the short ones). The number
    of tasks of each kind is estimated from a random part of the pool, seeds and machine-written instructions alike.
    The candidates are a small random part too, so the cost of a request does not depend on the size of the pool. The
    sampler keeps no state: it counts only what is in the view.
    """

    def __init__(self, options: MixOptions) -> None:
        self._total = options.total
        self._machine = options.machine

    def sample(self, view: PoolView) -> Sequence[Instruction]:
        """Seeds and machine-written instructions, drawn by the rarity of their kind, in random order."""
        known = _Census(view, MAX_COUNTED)
        chosen = known.draw(
            view.rng, draw_some(view.rng, view.machine, MAX_DRAWN if self._machine else 0), self._machine
        )
        chosen += known.draw(view.rng, draw_some(view.rng, view.seeds, MAX_DRAWN), self._total - len(chosen))
        view.rng.shuffle(chosen)
        return chosen


class _Census:
    """Counts of verbs, lengths and words in a random part of the pool."""

    def __init__(self, view: PoolView, most: int) -> None:
        self._counts: Counter[str] = Counter()
        seeds, size = len(view.seeds), len(view.seeds) + len(view.machine)
        for at in view.rng.sample(range(size), min(most, size)):
            entry = view.seeds[at] if at < seeds else view.machine[at - seeds]
            kind = kind_of(entry.text)
            self._counts.update((kind.verb, kind.length, *kind.topics))

    def draw(self, rng: Random, candidates: Sequence[Instruction], count: int) -> list[Instruction]:
        """At most `count` candidates without repetition, each drawn with a probability in proportion to its rarity."""
        left = list(candidates)
        weights = [self.rarity(entry.text) for entry in left]
        drawn: list[Instruction] = []
        while left and len(drawn) < count:
            (at,) = rng.choices(range(len(left)), weights)
            drawn.append(left.pop(at))
            weights.pop(at)
        return drawn

    def rarity(self, text: str) -> float:
        """1.0 for a text of a kind that was not counted, and closer to 0.0 the more of its kind there are."""
        kind = kind_of(text)
        topics = [1 / (1 + self._counts[word]) for word in kind.topics]
        topic = sum(topics) / len(topics) if topics else 1.0
        return (1 / (1 + self._counts[kind.verb]) + 1 / (1 + self._counts[kind.length]) + topic) / 3
