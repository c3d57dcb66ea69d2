"""The rule against drafts that the pool already holds word for word."""

from __future__ import annotations

from selfinstruct.api import Draft, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.wording import signed_words


class ExactFilter(Filter[Draft]):
    """Drop a draft that equals an entry of the pool, ignoring case, spaces and punctuation; operators count."""

    def __init__(self) -> None:
        self._pool: dict[str, str] = {}

    def evaluate(self, item: Draft) -> Verdict:
        """Look the folded text up."""
        twin = self._pool.get(_folded(item.text))
        return keep() if twin is None else drop("duplicate", twin=twin)

    def observe(self, item: Draft) -> None:
        """Remember the draft; a blank one equals nothing."""
        if folded := _folded(item.text):
            self._pool.setdefault(folded, item.text)


def _folded(text: str) -> str:
    return " ".join(signed_words(text))


BEFORE = (Draft("Name two rivers of Asia."),)
KEPT = Draft("Name two rivers of Africa.")
DROPPED = Draft("name TWO rivers of  Asia!")
