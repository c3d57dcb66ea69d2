"""Divides training examples into train and validation, with all examples of an instruction in one part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil
from random import Random


def held_out(instructions: Iterable[str], share: float, seed: int) -> frozenset[str]:
    """The instructions of the validation part, if train gets a `share` of them (above 0, at most 1).

    One instruction is drawn from each stretch of the run, by its position. So an instruction stays in its part when the
    run grows, and training data never appears in a later validation part. One exception: if a part would be empty, one
    instruction changes its part. A single instruction belongs to train.
    """
    texts = list(dict.fromkeys(instructions))
    if share >= 1 or len(texts) < 2:
        return frozenset()
    held = {texts[place] for place in _places(len(texts), 1 - share, seed)}
    if not held:
        held = {Random(f"{seed}:split").choice(texts)}  # noqa: S311 - no secret
    elif len(held) == len(texts):
        held.remove(texts[0])
    return frozenset(held)


def _places(count: int, part: float, seed: int) -> Iterator[int]:
    """Yield one position below `count` from each stretch of length `1 / part`."""
    stretch = 0
    while (start := ceil(stretch / part)) < count:
        length = ceil((stretch + 1) / part) - start
        place = start + Random(f"{seed}:split:{stretch}").randrange(length)  # noqa: S311 - no secret
        if place < count:
            yield place
        stretch += 1
