"""Measures texts for histograms and figures: words, bins, verbs with their objects."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import TypeVar

from selfinstruct.insight.report.report_values import Histogram, VerbCount, VerbPhrases
from selfinstruct.similarity import Pool
from selfinstruct.text.phrases import verb_and_object

T = TypeVar("T")

BINS = 50
"""Number of bins in a histogram of scores from 0 to 1."""

LENGTHS = 30
"""Approximate number of bins in a histogram of lengths."""

VERBS, OBJECTS = 20, 4
"""Number of verbs, and of objects for each verb, as in Figure 3 of the paper (Wang et al. 2023)."""

COMPARED = 20_000_000
"""Largest number of comparisons between an instruction and a seed, which take some seconds."""

_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
"""Letters of scripts that write no spaces between words."""


def words(text: str) -> int:
    """Number of words in a text. In scripts without spaces each letter counts as a word."""
    return len((text if text.isascii() else _UNSPACED.sub(" x ", text)).split())


def lengths(counted: Mapping[int, int]) -> Histogram:
    """A histogram of lengths. The last bin holds the longest one percent."""
    total = sum(counted.values())
    if not total:
        return Histogram(1, (), 0, 0)
    top = max(1, _quantile(counted, 0.99))
    width = max(1, -(-top // LENGTHS))
    bins = [0] * (top // width + 1)
    for length, count in counted.items():
        bins[min(length // width, len(bins) - 1)] += count
    mean = sum(length * count for length, count in counted.items()) / total
    return Histogram(width, bins, _quantile(counted, 0.5), mean, open_ended=max(counted) >= len(bins) * width)


def scores(bins: Sequence[int]) -> Histogram:
    """A histogram of scores from 0 to 1. Median and mean are computed from the middles of the bins."""
    total = sum(bins)
    if not total:
        return Histogram(1 / len(bins), (), 0, 0)
    width = 1 / len(bins)
    median = (_quantile(dict(enumerate(bins)), 0.5) + 0.5) * width
    return Histogram(width, bins, median, sum((at + 0.5) * width * count for at, count in enumerate(bins)) / total)


def _quantile(counted: Mapping[int, int], share: float) -> int:
    """The smallest value that at least this share of all values does not exceed."""
    left = share * sum(counted.values())
    for value in sorted(counted):
        left -= counted[value]
        if left <= 0:
            return value
    return 0


def nearest_seeds(texts: Sequence[str], seeds: Sequence[str]) -> Histogram:
    """ROUGE-L of each text to its nearest seed, or of a sample of texts if comparing all would take too long."""
    bins = [0] * BINS
    if seeds and texts:
        pool = Pool(nearest=1)
        pool.extend(seeds)
        for near in pool.compare_all(draw(texts, max(1, COMPARED // len(seeds)))):
            bins[min(BINS - 1, int(near.highest * BINS))] += 1
    return scores(bins)


def draw(values: Sequence[T], most: int) -> list[T]:
    """A random sample of at most `most` values, in their order. The same values always give the same sample."""
    if len(values) <= most:
        return list(values)
    chosen = Random("report").sample(range(len(values)), most)  # noqa: S311
    return [values[at] for at in sorted(chosen)]


def phrases(texts: Iterable[str]) -> VerbPhrases:
    """The most frequent root verbs with their most frequent objects."""
    total = found = 0
    by_verb: dict[str, Counter[str]] = {}
    for text in texts:
        phrase = verb_and_object(text)
        total += 1
        found += bool(phrase.verb)
        if phrase.verb and phrase.noun:
            by_verb.setdefault(phrase.verb, Counter())[phrase.noun] += 1
    ranked = sorted(by_verb.items(), key=lambda entry: (-entry[1].total(), entry[0]))
    return VerbPhrases(
        total,
        found,
        sum(nouns.total() for nouns in by_verb.values()),
        sum(len(nouns) for nouns in by_verb.values()),
        tuple(VerbCount(verb, nouns.total(), _frequent(nouns)) for verb, nouns in ranked[:VERBS]),
    )


def _frequent(nouns: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(nouns.items(), key=lambda entry: (-entry[1], entry[0]))[:OBJECTS])
