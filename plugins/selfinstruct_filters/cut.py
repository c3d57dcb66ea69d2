"""The rule against what the end of a reply cut off."""

from __future__ import annotations

from selfinstruct.api import Draft, Filter, Item, Verdict, drop, keep


class CutFilter(Filter[Item]):
    """Drop a draft or an example that was cut off by the end of the reply."""

    def evaluate(self, item: Item) -> Verdict:
        """Believe the parser's note."""
        return drop("cut-off", end=item.text[-40:]) if item.notes.get("cut") else keep()


KEPT = Draft("Name three rivers of Asia.")
DROPPED = Draft("Name three rivers of", notes={"cut": True})
