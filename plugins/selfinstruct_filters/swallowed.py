"""The rule against outputs that hold the input, or the next task."""

from __future__ import annotations

import re

from selfinstruct.api import Example, Filter, Verdict, drop, keep

_INPUTS = r"(?:input|text|review|sentence|numbers?|question|passage|paragraph|e-?mail|article|statement|words?|given)"
_OUTPUTS = r"(?:output|answer|sentiment|label|classification|result|translation|response|summary|category|correction)"
_HOLDS_INPUT = re.compile(
    rf"\A[\W_]*({_INPUTS})\b[*_ ]{{0,3}}:.*?\n[\W_]*({_OUTPUTS})\b[*_ ]{{0,3}}:", re.IGNORECASE | re.DOTALL
)
_NEXT = re.compile(
    r"\n[ \t*_#]*(?:task|instruction|input)[ \t]*\d{0,2}[*_ ]{0,3}:[*_]{0,2}[ \t]*\S[^\n]*", re.IGNORECASE
)
_WANTS_BOTH = re.compile(
    r"\b(?:questions?|quiz|dialogue|format|template|examples?|interview|faq|riddles?|flashcards?|form|exercise"
    r"|test|problem"
    r"|worksheet|prompts?|tasks?|instructions?|input|fields?|key|pairs?|columns?|log)\b",
    re.IGNORECASE,
)
"""Tasks whose output may well have such lines."""


class SwallowedFilter(Filter[Example]):
    """Drop an example whose output starts with an input, or continues with another task."""

    def evaluate(self, item: Example) -> Verdict:
        """Look for the labels of an input and its output, and of a next task."""
        if ":" not in item.output or _WANTS_BOTH.search(item.instruction):
            return keep()
        if found := _HOLDS_INPUT.match(item.output):
            return drop("holds-an-input", labels=[found[1], found[2]])
        if found := _NEXT.search(item.output):
            return drop("holds-a-next-task", words=found[0].strip()[:80])
        return keep()


KEPT = Example("Write a note.", "", "Text me: I am late.", False, "g0.0")
DROPPED = Example("Translate into German.", "", "Input: The house is old.\nOutput: Das Haus ist alt.", False, "g0.0")
