"""The rule about how long an instruction may be."""

from __future__ import annotations

from pydantic import Field

from selfinstruct.api import Draft, Filter, Options, Verdict, drop, keep
from selfinstruct.api.similarity import count_words
from selfinstruct_filters.helpers.wording import signed_words


class LengthOptions(Options):
    """Options of the filter `length`."""

    min_words: int = Field(
        3, ge=1, description="Drop a draft with fewer words. Without spaces, 1.6 letters are a word."
    )
    max_words: int = Field(
        150, ge=1, description="Drop a draft with more words. Without spaces, 1.6 letters are a word."
    )


class LengthFilter(Filter[Draft]):
    """Drop drafts with too few or too many words."""

    def __init__(self, options: LengthOptions) -> None:
        self._options = options

    def evaluate(self, item: Draft) -> Verdict:
        """Count words and operators; in scripts without spaces, letters, which are turned into words."""
        words = signed_words(item.text)
        count = len(words) if item.text.isascii() else count_words(words)
        if count < self._options.min_words:
            return drop("too-short", words=count)
        if count > self._options.max_words:
            return drop("too-long", words=count)
        return keep()


KEPT = Draft("Name two rivers.")
DROPPED = Draft("Rivers, please.")
