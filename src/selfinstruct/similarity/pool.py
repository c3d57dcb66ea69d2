"""A growing pool of texts that tells how near a new text is to every entry, by exact ROUGE-L."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from selfinstruct.similarity.tokens import unicode_tokens
from selfinstruct.types import Similarity

if TYPE_CHECKING:
    import numpy as np

Tokeniser = Callable[[str], list[str]]

_FIRST_SURROGATE, _SURROGATES = 0xD800, 0x800


class Pool:
    """Texts with their tokens kept as numbers, compared by longest common subsequence.

    tokenise  how a text becomes tokens
    nearest   how many of the closest entries `compare` reports
    ties      which entry goes first among equal scores: the `older` one, or whichever `numpy` leaves last when it
              sorts ascending, as the reference code does; that order is numpy's and may differ between processors
    """

    def __init__(
        self, tokenise: Tokeniser = unicode_tokens, nearest: int = 10, ties: Literal["older", "numpy"] = "older"
    ) -> None:
        self._tokenise = tokenise
        self._nearest = nearest
        self._ties = ties
        self._vocabulary: dict[str, str] = {}
        self._texts: list[str] = []
        self._encoded: list[str] = []
        self._lengths = array("l")

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, text: str) -> None:
        """Let a text join the pool."""
        encoded = self._encode(text)
        self._texts.append(text)
        self._encoded.append(encoded)
        self._lengths.append(len(encoded))

    def extend(self, texts: Iterable[str]) -> None:
        """Let many texts join, in order."""
        for text in texts:
            self.add(text)

    def compare(self, text: str) -> Similarity:
        """Score a text against the whole pool, which may be empty.

        Every score is what `rouge_score` computes as the F-measure of ROUGE-L, bit for bit where the tokens agree:
        precision and recall from the integer length of the longest common subsequence, then their harmonic mean.
        """
        if not self._texts:
            return Similarity(0.0, (), 0.0)
        import numpy as np
        from rapidfuzz.distance import LCSseq
        from rapidfuzz.process import cdist

        encoded = self._encode(text)
        common = cdist([encoded], self._encoded, scorer=LCSseq.similarity, dtype=np.int64)[0]
        lengths = np.frombuffer(self._lengths, dtype=np.dtype("l"))
        scores = f_measures(common, len(encoded), lengths)
        order = self._best(scores)
        return Similarity(
            highest=float(scores[order[0]]),
            nearest=tuple((self._texts[i], float(scores[i])) for i in order),
            mean=math.fsum(scores) / len(scores),
            containment=float(np.max(common / np.maximum(np.minimum(lengths, len(encoded)), 1))),
        )

    def _best(self, scores: np.ndarray[Any, Any]) -> list[int]:
        import numpy as np

        if self._ties == "numpy":
            return [int(i) for i in np.argsort(scores)[-self._nearest :][::-1]]
        count = min(self._nearest, len(scores))
        threshold = np.partition(scores, len(scores) - count)[len(scores) - count]
        candidates = np.flatnonzero(scores >= threshold)
        chosen = candidates[np.lexsort((candidates, -scores[candidates]))][:count]
        return [int(i) for i in chosen]

    def _encode(self, text: str) -> str:
        """One character a distinct token, so that the compiled comparison works on plain strings."""
        known = self._vocabulary
        for token in (tokens := self._tokenise(text)):
            if token not in known:
                known[token] = _character(len(known))
        return "".join(known[token] for token in tokens)


def _character(number: int) -> str:
    """The `number`-th character that is no surrogate half."""
    return chr(number if number < _FIRST_SURROGATE else number + _SURROGATES)


def f_measures(common: np.ndarray[Any, Any], length: int, lengths: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """ROUGE-L F-measures from subsequence lengths, in the library's own order of operations (0 where both are 0)."""
    import numpy as np

    precision = common / np.maximum(lengths, 1)
    recall = common / max(length, 1)
    total = precision + recall
    scores: np.ndarray[Any, Any] = np.divide(2 * precision * recall, total, out=np.zeros(len(common)), where=total > 0)
    return scores


def lcs_length(left: Sequence[str], right: Sequence[str]) -> int:
    """Length of the longest common subsequence of two sequences of tokens."""
    from rapidfuzz.distance import LCSseq

    return int(LCSseq.similarity(left, right))
