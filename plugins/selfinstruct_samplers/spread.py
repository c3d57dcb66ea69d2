"""The sampler `spread`: examples with few words in common, and seeds in turn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from random import Random

from selfinstruct.api import Instruction, PoolView, Sampler
from selfinstruct.api.similarity import unicode_tokens
from selfinstruct_samplers.options import MAX_DRAWN, MixOptions, draw_some

CANDIDATES_PER_PICK = 16
"""Number of seeds among which each member of a group is chosen."""

Words = frozenset[str]


class SpreadSampler(Sampler):
    """Shows examples that are far apart: each one shares the fewest words with those chosen before it.

    Seeds are shown in rounds. The index of a request gives the round and a group of seeds in it. A round shows each
    seed once, apart from the seeds that fill up its last group. Machine-written instructions are the farthest of a
    random few. They are not shown in turn, because the pool grows faster than prompts can show it.

    The schedule depends only on the ids of the seeds and the round, because a view has no other randomness that
    requests share. `run.seed` changes the machine-written examples and the order within a prompt. The sampler keeps no
    state that changes a sample.
    """

    def __init__(self, options: MixOptions) -> None:
        self._total = options.total
        self._machine = options.machine

    def sample(self, view: PoolView) -> Sequence[Instruction]:
        """A group of seeds, machine-written instructions, and more seeds if those are too few, in random order."""
        drawn = draw_some(view.rng, view.machine, MAX_DRAWN if self._machine else 0)
        chosen = self._group(view)
        chosen += _farthest(drawn, min(self._machine, len(drawn)), chosen)
        if (missing := self._total - len(chosen)) > 0:
            taken = {entry.id for entry in chosen}
            left = [entry for entry in draw_some(view.rng, view.seeds, MAX_DRAWN + len(taken)) if entry.id not in taken]
            chosen += _farthest(left, missing, chosen)
        view.rng.shuffle(chosen)
        return chosen

    def _group(self, view: PoolView) -> list[Instruction]:
        """The seeds of this request."""
        size = min(self._total - self._machine, len(view.seeds))
        if size == 0:
            return []
        groups = -(-len(view.seeds) // size)
        turn, place = divmod(view.index, groups)
        round_ = _round(tuple((entry.id, entry.text) for entry in view.seeds), size, turn)
        return [view.seeds[at] for at in round_[place]]


@lru_cache(maxsize=8)
def _round(seeds: tuple[tuple[str, str], ...], size: int, turn: int) -> list[list[int]]:
    """The groups of one round, each of seeds that are far apart.

    Every round has its own order of the seeds. The last group is filled up with seeds of the same round.
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
    """`count` candidates that are far from each other and from those already chosen."""
    words = [words_of(entry.text) for entry in candidates]
    return [candidates[at] for at in far_apart(words, count, [words_of(entry.text) for entry in chosen])]


def far_apart(candidates: Sequence[Words], count: int, shown: Sequence[Words]) -> list[int]:
    """Indices of at most `count` candidates that are far apart.

    Each one is the candidate whose nearest text, among those shown and those taken before, is the least similar. The
    first of equals is taken.
    """
    near = [max((overlap(words, other) for other in shown), default=0.0) for words in candidates]
    taken: list[int] = []
    while len(taken) < min(count, len(candidates)):
        best = min((at for at in range(len(candidates)) if at not in taken), key=near.__getitem__)
        taken.append(best)
        near = [max(score, overlap(words, candidates[best])) for score, words in zip(near, candidates, strict=True)]
    return taken


def overlap(left: Words, right: Words) -> float:
    """The Jaccard index of two sets of words, from 0.0 to 1.0."""
    both = len(left & right)
    return both / (len(left) + len(right) - both) if both else 0.0


@lru_cache(maxsize=4096)
def words_of(text: str) -> Words:
    """The words of a text in any script."""
    return frozenset(unicode_tokens(text))
