"""The reference kernel: every score comes from Google's `rouge_score`. It is plain and slow, and checks the others."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Sequence
from typing import Any

from selfinstruct.similarity.scores import Ranking, mean_of


class RougeScoreEngine:
    """Scores a text against every entry with `RougeScorer`, one pair after the other. Needs the extra `testing`."""

    def __init__(self) -> None:
        from rouge_score.rouge_scorer import RougeScorer

        self._scorer = RougeScorer(["rougeL"], tokenizer=_NumberTokenizer())
        self._entries: list[str] = []
        self._lengths: list[int] = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, tokens: array[int]) -> None:
        """Add an entry."""
        self._entries.append(_to_text(tokens))
        self._lengths.append(len(tokens))

    def decide(self, tokens: array[int], threshold: float) -> tuple[int, float] | None:
        """The nearest entry above a threshold and its score, the oldest of equals; `None` if there is none."""
        scores = [score.fmeasure for score in self._scores(tokens, len(self))]
        best = max(scores, default=0.0)
        return (scores.index(best), best) if best > threshold else None

    def compare(self, texts: Sequence[array[int]], sizes: Sequence[int], nearest: int) -> list[Ranking]:
        """Compare each text with as many of the oldest entries as its number in `sizes`."""
        return [self._rank(text, size, nearest) for text, size in zip(texts, sizes, strict=True)]

    def _rank(self, tokens: array[int], size: int, nearest: int) -> Ranking:
        """Rank some of the oldest entries.

        `rouge_score` gives no common lengths, and the mean is defined by their sums (`mean_of`): precision is the
        common length divided by the length of the text, so they are computed from it.
        """
        scores = self._scores(tokens, size)
        best = heapq.nsmallest(nearest, range(size), key=lambda entry: (-scores[entry].fmeasure, entry))
        sums: dict[int, int] = {}
        containment = 0.0
        for score, length in zip(scores, self._lengths, strict=False):
            if common := round(score.precision * len(tokens)):
                sums[length] = sums.get(length, 0) + common
                containment = max(containment, common / min(len(tokens), length))
        ranked = tuple((entry, float(scores[entry].fmeasure)) for entry in best)
        return Ranking(ranked, mean_of(sums, len(tokens), size), containment)

    def _scores(self, tokens: array[int], size: int) -> list[Any]:
        """The ROUGE-L score of a text with each of the oldest entries."""
        text = _to_text(tokens)
        return [self._scorer.score(entry, text)["rougeL"] for entry in self._entries[:size]]


class _NumberTokenizer:
    """Splits a text of numbers at its spaces: the pool has tokenised the text before."""

    def tokenize(self, text: str) -> list[str]:
        """The numbers of a text, as strings."""
        return text.split()


def _to_text(tokens: array[int]) -> str:
    return " ".join(map(str, tokens))
