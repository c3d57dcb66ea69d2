"""From the length of a longest common subsequence to a score, and back, in `rouge_score`'s own order of operations."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass


def f_measure(common: int, left: int, right: int) -> float:
    """ROUGE-L F1 of two texts of these lengths that share a subsequence of `common` tokens.

    Not `2 * common / (left + right)`: where that is 7/10 on paper, the rounding of the library's own formula decides.
    """
    if not common:
        return 0.0
    precision, recall = common / right, common / left
    return 2 * precision * recall / (precision + recall)


def least_above(threshold: float, left: int, right: int) -> int:
    """The least common length whose score is above a threshold; more than the shorter length if there is none."""
    most = min(left, right)
    common = min(int(threshold * (left + right) / 2), most + 1)
    while common > 0 and f_measure(common - 1, left, right) > threshold:
        common -= 1
    while common <= most and f_measure(common, left, right) <= threshold:
        common += 1
    return common


def mean_of(sums: Mapping[int, int], length: int, entries: int) -> float:
    """Mean score of a text over `entries` entries, from the sum of common lengths for each length of entries.

    Scores are linear in common lengths but for their last bits, and integers add up exactly: so the mean is the same
    to the last bit whoever computed the sums, in whatever order.
    """
    total = 0.0
    for other in sorted(sums):
        total += 2.0 * sums[other] / (length + other)
    return total / entries if entries else 0.0


def bit_parallel(text: Sequence[Hashable]) -> Callable[[Sequence[Hashable]], int]:
    """A function that gives the common length of this text and another (standard library only)."""
    places: dict[Hashable, int] = {}
    for at, token in enumerate(text):
        places[token] = places.get(token, 0) | (1 << at)
    full = (1 << len(text)) - 1

    def common(other: Sequence[Hashable]) -> int:
        row = full
        for token in other:
            if matches := row & places.get(token, 0):
                row = ((row + matches) | (row - matches)) & full
        return len(text) - row.bit_count()

    return common


@dataclass(frozen=True, slots=True)
class Ranking:
    """How near a text is to numbered entries: the best with their scores, best first, the mean, the containment."""

    best: tuple[tuple[int, float], ...]
    mean: float
    containment: float
