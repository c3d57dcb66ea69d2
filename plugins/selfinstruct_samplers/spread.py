"""The sampler `spread`: examples that have few words in common, and seeds in turn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from random import Random

from selfinstruct.api import Instruction, PoolView, Sampler
from selfinstruct.api.similarity import unicode_tokens
from selfinstruct_samplers.options import MAX_DRAWN, MixOptions, some

CANDIDATES_PER_PICK = 16
"""Seeds among which each place of a group is filled."""

Words = frozenset[str]


class Spread(Sampler):
    """Shows examples far apart from each other: each next one shares the fewest words with those that are chosen.

    Seeds come in turn: a schedule by the request's index, new for every round, shows each seed once before one comes
    again, but for those that fill up the last group of a round. Machine-written instructions are the farthest of a
    random few; nobody counts how often each was shown, since the pool grows faster than prompts show it.

    The schedule is made of the seeds' ids and the round alone: a view holds no other randomness that requests share.
    What `run.seed` changes are the machine-written examples and the order. Pure: nothing is remembered that could
    change a sample.
    """

    def __init__(self, options: MixOptions) -> None:
        self._total = options.total
        self._machine = options.machine

    def sample(self, view: PoolView) -> Sequence[Instruction]:
        """A group of seeds, the farthest machine-written ones, more seeds where those are too few; in random order."""
        drawn = some(view.rng, view.machine, MAX_DRAWN if self._machine else 0)
        chosen = self._group(view)
        chosen += _farthest(drawn, min(self._machine, len(drawn)), chosen)
        if (missing := self._total - len(chosen)) > 0:
            taken = {entry.id for entry in chosen}
            left = [entry for entry in some(view.rng, view.seeds, MAX_DRAWN + len(taken)) if entry.id not in taken]
            chosen += _farthest(left, missing, chosen)
        view.rng.shuffle(chosen)
        return chosen

    def _group(self, view: PoolView) -> list[Instruction]:
        """The seeds whose turn it is."""
        size = min(self._total - self._machine, len(view.seeds))
        if size == 0:
            return []
        groups = -(-len(view.seeds) // size)
        turn, place = divmod(view.index, groups)
        round_ = _round(tuple((entry.id, entry.text) for entry in view.seeds), size, turn)
        return [view.seeds[at] for at in round_[place]]


@lru_cache(maxsize=8)
def _round(seeds: tuple[tuple[str, str], ...], size: int, turn: int) -> list[list[int]]:
    """One round's groups: all seeds in an order of the round's own, each group filled with seeds far apart.

    The last group is filled up with seeds that had their turn in the same round.
    """
    key = blake2b(repr((seeds, turn)).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    left = list(range(len(seeds)))
    Random(key).shuffle(left)  # noqa: S311 - reproducible, not secret
    order = list(left)
    groups: list[list[int]] = []
    while left:
        group = [left.pop(0)]
        while left and len(group) < size:
            window = [words_of(seeds[at][1]) for at in left[:CANDIDATES_PER_PICK]]
            group.append(left.pop(far_apart(window, 1, [words_of(seeds[at][1]) for at in group])[0]))
        groups.append(group)
    groups[-1] += [at for at in order if at not in groups[-1]][: size - len(groups[-1])]
    return groups


def _farthest(candidates: Sequence[Instruction], count: int, chosen: Sequence[Instruction]) -> list[Instruction]:
    """So many of the candidates, far from each other and from those that are chosen."""
    words = [words_of(entry.text) for entry in candidates]
    return [candidates[at] for at in far_apart(words, count, [words_of(entry.text) for entry in chosen])]


def far_apart(candidates: Sequence[Words], count: int, shown: Sequence[Words]) -> list[int]:
    """Places of at most `count` candidates: each next one is least near to its nearest among those shown and taken.

    The first of equals goes first.
    """
    near = [max((overlap(words, other) for other in shown), default=0.0) for words in candidates]
    taken: list[int] = []
    while len(taken) < min(count, len(candidates)):
        best = min((at for at in range(len(candidates)) if at not in taken), key=near.__getitem__)
        taken.append(best)
        near = [max(score, overlap(words, candidates[best])) for score, words in zip(near, candidates, strict=True)]
    return taken


def overlap(left: Words, right: Words) -> float:
    """Words in common over the words of both: 0.0 to 1.0 (the Jaccard index)."""
    both = len(left & right)
    return both / (len(left) + len(right) - both) if both else 0.0


@lru_cache(maxsize=4096)
def words_of(text: str) -> Words:
    """The words of a text in any script."""
    return frozenset(unicode_tokens(text))
