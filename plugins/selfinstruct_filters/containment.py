"""The rule against drafts that hold an entry of the pool and more, or that stand inside one."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from pydantic import Field

from selfinstruct.api import Draft, Filter, Options, Verdict, drop, keep
from selfinstruct.api.similarity import lcs_length
from selfinstruct_filters.helpers.wording import signed_words

STRETCH = 0.2
"""How many words, as a share of its own, may stand between the words of a copy."""


class ContainmentOptions(Options):
    """Options of the filter `containment`."""

    threshold: float = Field(
        0.9, gt=0, le=1, description="Drop a draft if this share of the shorter side's words stands, in order, in both."
    )
    fewest: int = Field(
        5,
        ge=1,
        description="A side with fewer words is too common to be a copy (letters, where no spaces are written).",
    )


class ContainmentFilter(Filter[Draft]):
    """Drop a draft that copies an entry of the pool and lengthens or shortens it.

    The measure is the longest common subsequence of words over the shorter side: a copy keeps it however long it gets,
    where an F-measure falls. It is exact, and decided without looking at the whole pool. Words count, and signs such as
    `==` and the one of `C#`. The shorter side must be found in one stretch of the longer one, with few words between:
    two questions of one form, `What is the difference between ... and ...?`, are no copies.

    The whole draft is compared, with every entry of the pool: `restated` compares its single sentences with seed tasks
    and shown examples.
    """

    def __init__(self, options: ContainmentOptions) -> None:
        self._index = ContainmentIndex(options.threshold, options.fewest)
        self._texts: list[str] = []

    def evaluate(self, item: Draft) -> Verdict:
        """Name the entry that has most in common, the oldest of equals."""
        tokens = signed_words(item.text)
        if (found := self._index.most_contained(tokens)) is None:
            return keep()
        entry, share = found
        is_longer = len(tokens) >= self._index.length(entry)
        reason = "lengthened-copy" if is_longer else "shortened-copy"
        return drop(reason, known=self._texts[entry], containment=share)

    def observe(self, item: Draft) -> None:
        """Let the draft join the pool."""
        self._index.add(signed_words(item.text))
        self._texts.append(item.text)


class ContainmentIndex:
    """Entries as numbered tokens, with two files that lead from a token to the few entries worth comparing.

    Where the longer side of a pair may lack k of the shorter side's tokens, any k + 1 of them hold one that is in
    both: so the rarest can be asked for. An entry is filed under those tokens alone, to be found by a longer text, and
    under all its tokens, to be found by a shorter one. What is found must pass a check of token hashes first.
    """

    def __init__(self, threshold: float, fewest: int) -> None:
        self._threshold = threshold
        self._fewest = fewest
        self._numbers: dict[str, int] = {}
        self._entries: list[array[int]] = []
        self._marks = array("Q")
        self._spare = array("I")
        self._by_rare: list[array[int]] = [array("I")]
        self._by_any: list[array[int]] = [array("I")]

    def __len__(self) -> int:
        return len(self._entries)

    def length(self, entry: int) -> int:
        """How many tokens an entry has."""
        return len(self._entries[entry])

    def add(self, tokens: Sequence[str]) -> None:
        """File the next entry; one that is too short is counted, and never found."""
        entry = len(self._entries)
        numbers = array("I", [self._number(token) for token in tokens])
        self._entries.append(numbers)
        self._marks.append(_mark(numbers))
        self._spare.append(self._spared(len(numbers)))
        if len(numbers) < self._fewest:
            return
        for number in self._rarest(numbers):
            self._by_rare[number].append(entry)
        for number in set(numbers):
            self._by_any[number].append(entry)

    def most_contained(self, tokens: Sequence[str]) -> tuple[int, float] | None:
        """The entry that shares most of the shorter side, the oldest of equals, and that share; `None` if none does."""
        if len(tokens) < self._fewest:
            return None
        numbers = array("I", [self._numbers.get(token, 0) for token in tokens])  # 0: in no entry
        best: tuple[int, float] | None = None
        for entry in sorted({*self._shorter(numbers), *self._longer(numbers)}):
            other = self._entries[entry]
            share = lcs_length(numbers, other) / min(len(numbers), len(other))
            is_best = share >= self._threshold and (best is None or share > best[1])
            shorter, longer = sorted((numbers, other), key=len)
            if is_best and stands_together(shorter, longer, self._threshold):
                best = entry, share
        return best

    def _shorter(self, numbers: array[int]) -> Iterator[int]:
        """Entries that are not longer than a text, and may stand in it."""
        entries, marks, spare, absent = self._entries, self._marks, self._spare, ~_mark(numbers)
        for number in set(numbers):
            for entry in self._by_rare[number]:
                if (marks[entry] & absent).bit_count() <= spare[entry] and len(entries[entry]) <= len(numbers):
                    yield entry

    def _longer(self, numbers: array[int]) -> Iterator[int]:
        """Entries that are longer than a text, and may hold it."""
        entries, marks, mark, spare = self._entries, self._marks, _mark(numbers), self._spared(len(numbers))
        for number in self._rarest(numbers):
            for entry in self._by_any[number]:
                if (mark & ~marks[entry]).bit_count() <= spare and len(entries[entry]) > len(numbers):
                    yield entry

    def _rarest(self, numbers: Sequence[int]) -> set[int]:
        """Tokens of a shorter side, of which at least one is in any text that contains it."""
        return set(sorted(numbers, key=lambda number: len(self._by_any[number]))[: self._spared(len(numbers)) + 1])

    def _spared(self, length: int) -> int:
        """How many tokens of a shorter side of this length may be missing in the longer one."""
        spared = int(length - self._threshold * length) + 1
        while spared and (length - spared) / max(length, 1) < self._threshold:
            spared -= 1
        return spared

    def _number(self, token: str) -> int:
        """A token's number, from 1 in order of first appearance; its places in the files are made with it."""
        if (known := self._numbers.get(token)) is None:
            known = self._numbers[token] = len(self._by_any)
            self._by_rare.append(array("I"))
            self._by_any.append(array("I"))
        return known


def stands_together(shorter: Sequence[int], longer: Sequence[int], threshold: float) -> bool:
    """Whether some stretch of the longer side, a fifth longer than the shorter one, holds its share of that."""
    size = len(shorter) + max(1, int(STRETCH * len(shorter)))
    step = max(1, len(shorter) // 20)
    starts = range(0, max(1, len(longer) - size + step), step)
    return any(lcs_length(shorter, longer[at : at + size]) >= threshold * len(shorter) for at in starts)


def _mark(numbers: Sequence[int]) -> int:
    """One bit for each of 64 classes of tokens: whether there is any. A token that no entry has keeps a bit empty."""
    bits = 0
    for number in numbers:
        if number:
            bits |= 1 << (number * 2654435769 >> 26 & 63)
    return bits


KEPT = Draft("Write a short poem about the harbour of a small town at night.")
DROPPED = Draft(
    "Write a short poem about a lighthouse keeper. It should rhyme, and have at least three stanzas of four lines."
)
BEFORE = (Draft("Write a short poem about a lighthouse keeper."),)
REASONS = ("lengthened-copy", "shortened-copy")
