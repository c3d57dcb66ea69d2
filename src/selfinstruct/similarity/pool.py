"""A growing pool of texts that tells whether a new text is near to any entry, and how near to every one."""

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
    """An entry of the pool that a text is too near to."""

    text: str
    score: float


class Pool:
    """Texts compared by exact ROUGE-L: every score is `rouge_score`'s F-measure, bit for bit where the tokens agree.

    tokenise  how a text becomes tokens
    nearest   how many of the closest entries `compare` reports
    ties      which entry goes first among equal scores: the `older` one, or whichever `numpy` leaves last when it
              sorts ascending, as the reference code does; that order is numpy's and may differ between processors

    Texts are read into numbers, and an index is made, when a question first needs it.
    """

    def __init__(self, tokenise: Tokeniser = unicode_tokens, nearest: int = 10, ties: Ties = "older") -> None:
        self._tokenise = tokenise
        self._nearest = nearest
        self._ties = ties
        self._vocabulary: dict[str, int] = {}
        self._texts: list[str] = []
        self._decider: Engine | None = None
        self._ranker: Engine | None = None

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, text: str) -> None:
        """Let a text join the pool."""
        self._texts.append(text)

    def extend(self, texts: Iterable[str]) -> None:
        """Let many texts join, in order."""
        self._texts.extend(texts)

    def decide(self, text: str, threshold: float) -> Match | None:
        """The nearest entry whose score is above a threshold, the oldest of equals; `None` if there is none.

        It does not look at the whole pool: its cost grows much more slowly than the pool. A pool is made to be asked
        for one threshold; another one makes the index anew.
        """
        if self._decider is None:
            self._decider = self._ranker if self._ranker is not None and self._ties == "older" else decider()
        self._catch_up(self._decider)
        found = self._decider.decide(self._read(text), threshold)
        return None if found is None else Match(self._texts[found[0]], found[1])

    def compare(self, text: str) -> Similarity:
        """Score a text against the whole pool, which may be empty."""
        return self.compare_all([text])[0]

    def compare_all(self, texts: Sequence[str], sizes: Sequence[int] | None = None) -> list[Similarity]:
        """Score texts, each against the whole pool or as many of its oldest entries as `sizes` says.

        Many at once cost much less than one after the other: the pool is walked through once for all of them.
        """
        if self._ranker is None:
            self._ranker = self._decider if self._decider is not None and self._ties == "older" else ranker(self._ties)
        self._catch_up(self._ranker)
        sizes = [len(self)] * len(texts) if sizes is None else [min(size, len(self)) for size in sizes]
        ranked = self._ranker.compare([self._read(text) for text in texts], sizes, self._nearest)
        return [self._similarity(one) for one in ranked]

    def snapshot(self, size: int | None = None) -> Snapshot:
        """The pool as it was when it had `size` entries (default: as it is now), whatever joins later."""
        return Snapshot(self, len(self) if size is None else size)

    def _similarity(self, ranking: Ranking) -> Similarity:
        best = tuple((self._texts[entry], score) for entry, score in ranking.best)
        return Similarity(best[0][1] if best else 0.0, best, ranking.mean, ranking.containment)

    def _read(self, text: str) -> array[int]:
        """A text's tokens as numbers; 0 is one that no entry has."""
        known = self._vocabulary.get
        return array("I", [known(token, 0) for token in self._tokenise(text)])

    def _catch_up(self, engine: Engine) -> None:
        """Give an engine the entries that it does not have yet; tokens are numbered as they first appear."""
        number = self._vocabulary.setdefault
        known = self._vocabulary
        for at in range(len(engine), len(self._texts)):
            engine.add(array("I", [number(token, len(known) + 1) for token in self._tokenise(self._texts[at])]))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The oldest entries of a pool that may have grown since: it costs nothing, since entries never change."""

    pool: Pool
    size: int

    def __len__(self) -> int:
        return min(self.size, len(self.pool))

    def compare(self, texts: Sequence[str]) -> list[Similarity]:
        """Score texts against the pool as it was."""
        return self.pool.compare_all(texts, [self.size] * len(texts))


def lcs_length(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """Length of the longest common subsequence of two sequences of tokens."""
    from rapidfuzz.distance import LCSseq

    return int(LCSseq.similarity(left, right))
