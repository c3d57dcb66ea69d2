"""A growing pool of texts: is a new text too near to any entry, and how near is it to each of them?"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from selfinstruct.similarity.kernel import Engine, decider, ranker
from selfinstruct.similarity.scores import Ranking
from selfinstruct.text.tokens import unicode_tokens
from selfinstruct.types import Similarity, Ties

Tokeniser = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Match:
    """An entry of the pool that is too near to a text, and its ROUGE-L F1 with that text."""

    text: str
    score: float


class Pool:
    """Texts compared by exact ROUGE-L F1: given the same tokens, every score is that of `rouge_score`, bit for bit.

    tokenise  splits a text into tokens
    nearest   number of closest entries that `compare` reports
    ties      which of equal scores comes first: the `older` entry, or the entry that `numpy` leaves last when it sorts
              in ascending order, as the reference code does; that order can differ between processors

    The pool tokenises its texts and builds its index when they are first needed.
    """

    def __init__(self, tokenise: Tokeniser = unicode_tokens, nearest: int = 10, ties: Ties = "older") -> None:
        self._tokenise = tokenise
        self._nearest = nearest
        self._ties = ties
        self._vocabulary: dict[str, int] = {}
        self._texts: list[str] = []
        self._latest: tuple[str, array[int]] = "", array("I")
        """The text that was decided last, which may join the pool next, and its numbers."""

        self._decider: Engine | None = None
        self._ranker: Engine | None = None

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, text: str) -> None:
        """Add a text to the pool."""
        self._texts.append(text)

    def extend(self, texts: Iterable[str]) -> None:
        """Add many texts, in order."""
        self._texts.extend(texts)

    def decide(self, text: str, threshold: float) -> Match | None:
        """The nearest entry whose score is above a threshold, the oldest of equals; `None` if there is none.

        This reads only a part of the pool, and its cost grows much more slowly than the pool. The index serves one
        threshold: a call with another threshold rebuilds it.
        """
        if self._decider is None:
            self._decider = self._ranker if self._ranker is not None and self._ties == "older" else decider()
        self._catch_up(self._decider)
        self._latest = text, (numbers := self._to_numbers(text))
        found = self._decider.decide(numbers, threshold)
        return None if found is None else Match(self._texts[found[0]], found[1])

    def compare(self, text: str) -> Similarity:
        """Compare a text with the whole pool, which may be empty."""
        return self.compare_all([text])[0]

    def compare_all(self, texts: Sequence[str], sizes: Sequence[int] | None = None) -> list[Similarity]:
        """Compare each text with the whole pool, or with as many of its oldest entries as its number in `sizes`.

        Many texts at once cost much less than one after the other, because the pool is read once for all of them.
        """
        if self._ranker is None:
            self._ranker = self._decider if self._decider is not None and self._ties == "older" else ranker(self._ties)
        self._catch_up(self._ranker)
        sizes = [len(self)] * len(texts) if sizes is None else [min(size, len(self)) for size in sizes]
        ranked = self._ranker.compare([self._to_numbers(text) for text in texts], sizes, self._nearest)
        return [self._similarity(one) for one in ranked]

    def snapshot(self, size: int | None = None) -> Snapshot:
        """The pool as it was when it had `size` entries (default: as it is now), whatever is added later."""
        return Snapshot(self, len(self) if size is None else size)

    def _similarity(self, ranking: Ranking) -> Similarity:
        best = tuple((self._texts[entry], score) for entry, score in ranking.best)
        return Similarity(best[0][1] if best else 0.0, best, ranking.mean, ranking.containment)

    def _to_numbers(self, text: str) -> array[int]:
        """The tokens of a text as numbers; 0 is a token that no entry has."""
        known = self._vocabulary.get
        return array("I", [known(token, 0) for token in self._tokenise(text)])

    def _catch_up(self, engine: Engine) -> None:
        """Add the entries that an engine does not have yet. Tokens are numbered in order of first appearance."""
        number = self._vocabulary.setdefault
        known = self._vocabulary
        latest, numbers = self._latest
        for text in self._texts[len(engine) :]:
            if text != latest or 0 in numbers:
                tokens = self._tokenise(text)
                engine.add(array("I", [number(token, len(known) + 1) for token in tokens]))
            else:
                engine.add(numbers)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The oldest entries of a pool that may have grown since. Entries never change, so nothing is copied."""

    pool: Pool
    size: int

    def __len__(self) -> int:
        return min(self.size, len(self.pool))

    def compare(self, texts: Sequence[str]) -> list[Similarity]:
        """Compare texts with the pool as it was."""
        return self.pool.compare_all(texts, [self.size] * len(texts))


def lcs_length(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """Length of the longest common subsequence of two sequences of tokens."""
    from rapidfuzz.distance import LCSseq

    return int(LCSseq.similarity(left, right))
