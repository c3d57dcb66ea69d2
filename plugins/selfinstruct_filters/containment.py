"""The rule against drafts that hold an entry of the pool and more, or that stand inside one."""

from __future__ import annotations

from pydantic import Field

from selfinstruct.api import Draft, Filter, Options, Verdict, drop, keep
from selfinstruct.api.similarity import ContainmentIndex
from selfinstruct_filters.helpers.wording import signed_words


class ContainmentOptions(Options):
    """Options of the filter `containment`."""

    threshold: float = Field(
        0.9, gt=0, le=1, description="Drop a draft if this share of the shorter side's words stands, in order, in both."
    )
    fewest: int = Field(
        5,
        ge=1,
        description="A side with fewer words (letters, where no spaces are written) is no copy.",
    )


class ContainmentFilter(Filter[Draft]):
    """Drop a draft that copies an entry of the pool and lengthens or shortens it.

    The measure is the longest common subsequence of words over the shorter side, which a copy keeps however long it
    gets. The shorter side must be found in one stretch of the longer one, with few words between: two questions of one
    form, `What is the difference between ... and ...?`, are no copies. Signs such as `==` count as words.
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


KEPT = Draft("Write a short poem about the harbour of a small town at night.")
DROPPED = Draft(
    "Write a short poem about a lighthouse keeper. It should rhyme, and have at least three stanzas of four lines."
)
BEFORE = (Draft("Write a short poem about a lighthouse keeper."),)
REASONS = ("lengthened-copy", "shortened-copy")
