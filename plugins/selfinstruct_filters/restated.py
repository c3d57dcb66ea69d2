"""The rule against drafts that repeat a seed task or a shown example, alone or with more text around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from pydantic import Field

from selfinstruct.api import Draft, Filter, Options, Verdict, drop, keep
from selfinstruct.api.similarity import lcs_length
from selfinstruct_filters.helpers.wording import distinct_words, word_set, words_of

FEWEST = 4
"""Shorter sentences are too common to be anybody's."""

MOST_SENTENCES = 8
"""A copy shows in a draft's first sentences; more are not compared."""

TIMES_LONGER = 1.8
"""A sentence that is longer than this says more than the one it contains."""

CARRIES = 6
"""So many words of a known task, all at the start of a draft, are a copy, however long it goes on."""

FILLERS = word_set(
    """a an the this that these those it its of to in on at for from with by and or as is are be was were do
    does did can could what which who how there any each some all your you me my i following given below above
    provided please"""
)
"""Words that carry no subject: two sentences that share only these are not the same task."""

_ENDS = re.compile(r"(?<=[.?!:;。？！：；])\s+|\n+|(?=\s\()|(?<=[。？！])")


_MAY_END = re.compile(r"[.?!:;。？！：；\n(]")
"""A text without one of these before its end is a single sentence."""


class RestatedOptions(Options):
    """Options of the filter `restated`."""

    containment: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Drop a draft that shares this much of the shorter side, in order, with a known task.",
    )


class Sentence(NamedTuple):
    """A stretch of text as its words, and those of them that carry its subject.

    `distinct` and `distinct_subject` hold each word once, and `repeats` and `subject_repeats` are how many words that
    leaves out.
    """

    words: tuple[str, ...]
    subject: tuple[str, ...]
    distinct: frozenset[str]
    distinct_subject: frozenset[str]
    repeats: int
    subject_repeats: int


class RestatedFilter(Filter[Draft]):
    """Drop a draft that repeats a seed task or an example of its prompt, in one of its sentences or as a whole.

    Each of the draft's first sentences, and its opening, is compared by the longest common subsequence of words over
    the shorter side. `containment` compares the whole draft with every entry of the pool.
    """

    def __init__(self, options: RestatedOptions) -> None:
        self._least = options.containment
        self._seeds: set[str] = set()
        self._examples: Sequence[str] | None = None
        self._shown: list[tuple[str, Sentence]] = []
        """The latest prompt's examples, which all drafts of its reply share, and those of them that are not seeds."""

        self._ordered: list[tuple[str, Sentence]] = []
        self._by_word: dict[str, list[int]] = {}
        """The places, in that order, of the seeds that a word of their subject leads to."""

        self._without_subject: list[int] = []
        self._needed: list[float] = []
        """How many words of each seed's subject a draft with a longer one must share."""

    def evaluate(self, item: Draft) -> Verdict:
        """Compare the draft's sentences and openings with every shown example, and with seeds that share a word."""
        whole, parts = sentence(item.text), _parts(item.text)
        shortest = min([len(part.words) for part in parts if len(part.words) >= FEWEST], default=FEWEST)
        if item.examples is not self._examples:
            self._shown = [(text, sentence(text)) for text in item.examples if text not in self._seeds]
            self._examples = item.examples
        for text, known in chain(self._shown, self._seeds_like(parts)):
            if _most_common(whole, known) < self._least * min(shortest, len(known.words)):
                continue
            if self._shortens(whole, known) or any(self._repeats(part, known) for part in parts):
                return drop("restated", known=text)
        return keep()

    def observe(self, item: Draft) -> None:
        """Remember a seed; the core notes which drafts are seeds."""
        if not item.notes.get("seed") or item.text in self._seeds:
            return
        self._seeds.add(item.text)
        self._examples = None
        known = sentence(item.text)
        place = len(self._ordered)
        self._ordered.append((item.text, known))
        self._needed.append(self._least * len(known.subject) - known.subject_repeats)
        for word in known.distinct_subject:
            self._by_word.setdefault(word, []).append(place)
        if not known.subject:
            self._without_subject.append(place)

    def _seeds_like(self, parts: Sequence[Sentence]) -> Iterable[tuple[str, Sentence]]:
        """The seeds that a draft can restate, oldest first: those whose subject shares enough words with it.

        Where a part of the draft, or a seed, has no subject, only words without one decide.
        """
        shortest = min([len(part.subject) for part in parts])
        if not shortest:
            return self._ordered
        words = parts[0].distinct_subject.union(*[part.distinct_subject for part in parts[1:]])
        shared: dict[int, int] = {}
        for word in words & self._by_word.keys():
            for place in self._by_word[word]:
                shared[place] = shared.get(place, 0) + 1
        repeats = max([part.subject_repeats for part in parts])
        enough, needed = self._least * shortest, self._needed
        near = [at for at, count in shared.items() if count + repeats >= enough or count + repeats >= needed[at]]
        return [self._ordered[place] for place in sorted([*near, *self._without_subject])]

    def _repeats(self, part: Sentence, known: Sentence) -> bool:
        """Whether a part of the draft and a known task are the same sentence, give or take some words."""
        own, theirs = len(part.words), len(known.words)
        if theirs >= CARRIES and part.words[:theirs] == known.words:
            return True
        if own < FEWEST or theirs < FEWEST or own > TIMES_LONGER * theirs or theirs > TIMES_LONGER * own:
            return False
        return self._shares(part, known)

    def _shortens(self, whole: Sentence, known: Sentence) -> bool:
        """Whether the whole draft stands, in order, inside a longer known task."""
        return FEWEST <= len(whole.words) <= len(known.words) and self._shares(whole, known)

    def _shares(self, one: Sentence, other: Sentence) -> bool:
        """Whether enough of the shorter side is common, both of all words and of those that carry the subject."""
        if _most_common(one, other) < self._least * min(len(one.words), len(other.words)):
            return False
        return self._contained(one.words, other.words) and self._contained(one.subject, other.subject)

    def _contained(self, one: Sequence[str], other: Sequence[str]) -> bool:
        return lcs_length(one, other) >= self._least * min(len(one), len(other))


def _most_common(one: Sentence, other: Sentence) -> int:
    """An upper bound of how many words two sentences have in common."""
    return len(one.distinct & other.distinct) + min(one.repeats, other.repeats)


@lru_cache(maxsize=4096)
def sentence(text: str) -> Sentence:
    """A text's words, found once for all comparisons: a prompt's examples come back with each of its candidates."""
    words, distinct = words_of(text), distinct_words(text)
    subject, topics = tuple([word for word in words if word not in FILLERS]), distinct - FILLERS
    return Sentence(words, subject, distinct, topics, len(words) - len(distinct), len(subject) - len(topics))


def _parts(text: str) -> list[Sentence]:
    """The draft's first sentences, each alone and each with all before it, without repetition."""
    if not _MAY_END.search(text, 0, len(text) - text.endswith((".", "?", "!", ":"))):
        return [sentence(text)]
    pieces = [piece for piece in _ENDS.split(text) if piece.strip()][:MOST_SENTENCES]
    joined = [" ".join(pieces[: count + 1]) for count in range(1, len(pieces))]
    return list({(part := sentence(piece)).words: part for piece in (*pieces, *joined, text)}.values())


BEFORE = (Draft("Write a short story about a dog.", notes={"seed": True}),)
KEPT = Draft("Write a short story about a lighthouse keeper who finds a letter from her future self.")
DROPPED = Draft("Write a short story about a dog. It must be sad, set in Norway, and end with a question.")
