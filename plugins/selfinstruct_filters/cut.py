"""The rule against drafts that the end of a reply cut off."""

from __future__ import annotations

from selfinstruct.api import Draft, Filter, Verdict, drop, keep


class Cut(Filter[Draft]):
    """Drop a draft whose reply ended inside it; the reply's other drafts are whole."""

    def judge(self, item: Draft) -> Verdict:
        """Believe the parser's note."""
        return drop("cut-off", end=item.text[-40:]) if item.notes.get("cut") else keep()
