"""The rule against broken text."""

from __future__ import annotations

import re
from itertools import groupby

from selfinstruct.api import Draft, Filter, Verdict, drop, keep
from selfinstruct.api.similarity import unicode_tokens

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_REPLACED = re.compile("\ufffd")
_MISREAD = re.compile(r"Ã[\u0080-\u00bf]|Â[\u0080-\u00bf]|â€|ðŸ|[ÐÑ][\u0080-\u00bf]")
"""What UTF-8 looks like when it was read as Latin-1 or Windows-1252."""

_RUN_OF_CHARS = re.compile(r"([^\W_])\1{15,}")
MOST_IN_A_ROW = 5
"""How often a word may follow itself: `ha ha ha` is speech, ten times `the` is a fault."""

LOOP_WORDS, LOOP_SHARE = 60, 0.2
"""A text of at least so many words, of which only this share are different, runs in a circle."""


class UnreadableFilter(Filter[Draft]):
    """Drop a draft with control or replacement characters, a wrongly read encoding, or endless repetition."""

    def evaluate(self, item: Draft) -> Verdict:
        """Look for each kind of damage."""
        rules = (
            ("replacement-characters", _REPLACED),
            ("wrong-encoding", _MISREAD),
            ("control-characters", _CONTROL),
            ("repetition", _RUN_OF_CHARS),
        )
        for reason, pattern in rules:
            if found := pattern.search(item.text):
                return drop(reason, seen=ascii(found[0][:40]))
        spoken = [word for word in unicode_tokens(item.text) if not word.isdecimal()]
        longest = max((len(list(run)) for _, run in groupby(spoken)), default=0)
        different = len(set(spoken))
        if longest > MOST_IN_A_ROW or (len(spoken) >= LOOP_WORDS and different < LOOP_SHARE * len(spoken)):
            return drop("repetition", words=len(spoken), different=different, longest_run=longest)
        return keep()


KEPT = Draft("Écris une phrase avec « ça va ».")
DROPPED = Draft("Explain the effect of gravity on a cafÃ© table.")
REASONS = ("replacement-characters", "wrong-encoding", "control-characters", "repetition")
