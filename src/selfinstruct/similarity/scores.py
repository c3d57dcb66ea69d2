"""Scores from lengths of longest common subsequences, and the reverse, in `rouge_score`'s own order of operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


def f_measure(common: int, left: int, right: int) -> float:
    """ROUGE-L F1, from 0 to 1, of two texts of these lengths that share a subsequence of `common` tokens.

    `2 * common / (left + right)` would be simpler, but it rounds differently: where the exact value is 7/10, the
    rounding decides whether a text is above the usual threshold. This is the formula of `rouge_score`.
    """
    if not common:
        return 0.0
    precision, recall = common / right, common / left
    return 2 * precision * recall / (precision + recall)


def least_above(threshold: float, left: int, right: int) -> int:
    """The least common length whose score is above a threshold; if none is, more than the shorter length."""
    most = min(left, right)
    common = min(int(threshold * (left + right) / 2), most + 1)
    while common > 0 and f_measure(common - 1, left, right) > threshold:
        common -= 1
    while common <= most and f_measure(common, left, right) <= threshold:
        common += 1
    return common


def mean_of(sums: Mapping[int, int], length: int, entries: int) -> float:
    """The mean score of a text over `entries` entries.

    `sums` maps each length of entry to the sum of the common lengths of its entries; `length` is that of the text. A
    score is proportional to the common length, apart from its last bits, and integers add up exactly. So the mean is
    the same to the last bit in every kernel and in every order of entries.
    """
    total = 0.0
    for other in sorted(sums):
        total += 2.0 * sums[other] / (length + other)
    return total / entries if entries else 0.0


@dataclass(frozen=True, slots=True)
class Ranking:
    """How near a text is to the entries of a pool.

    best         numbers of the nearest entries with their scores, best first, the older first among equals
    mean         mean score over all entries
    containment  greatest common length divided by the length of the shorter text
    """

    best: tuple[tuple[int, float], ...]
    mean: float
    containment: float
