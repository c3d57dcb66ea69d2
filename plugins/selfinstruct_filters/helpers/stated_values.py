"""Reads numbers and lists out of tasks, inputs and outputs that state them plainly; what is not plain is `None`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty"
)
NUMBER_WORDS = {word: number for number, word in enumerate(_WORDS.split())}
NUMBER = r"[-−+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_NUMBER = re.compile(rf"(?<![\w.,]){NUMBER}(?![\w]|[.,]\d)")
_ONLY_NUMBER = re.compile(rf"\W*?({NUMBER})\W*")
_SAYS_NUMBER = re.compile(
    rf"(?:=|\b(?:is|equals|are|answer:?|total:?|result:?|has|have|contains)) *\W?({NUMBER})\b[^\d]*\Z", re.IGNORECASE
)
LONGEST, MOST_WORDS = 1_000, 15
"""Characters of a text that is read, and words of an output that says one number; a longer one shows its steps."""


def to_number(text: str) -> Fraction:
    """The value of what `NUMBER` matches."""
    return Fraction(text.replace(",", "").replace("−", "-"))


def said_number(output: str) -> str | None:
    """The one number that an output gives as its answer, in digits; `None` if that is not plain."""
    if len(output) > LONGEST or len(output.split()) > MOST_WORDS:
        return None
    if (found := _ONLY_NUMBER.fullmatch(output)) or (found := _SAYS_NUMBER.search(output)):
        return found[1]
    words = [word for word in re.findall(r"[a-z]+", output.lower()) if word in NUMBER_WORDS]
    numbers = _NUMBER.findall(output)
    if len(numbers) == 1 and not words:
        return str(numbers[0])
    return str(NUMBER_WORDS[words[0]]) if len(words) == 1 and not numbers else None


def items(text: str) -> list[str] | None:
    """The items of a list on one line, between commas, or of one a line; `None` if it is neither."""
    if len(text) > LONGEST:
        return None
    text = re.sub(r"\s+and\s+|,\s*and\s+", ", ", text.strip().rstrip("."))
    parts = text.split("\n") if "\n" in text else text.split(",")
    found = [re.sub(r"\A\s*(?:[-*•]|\d{1,2}[.)])\s+", "", part).strip() for part in parts]
    found = [part for part in found if part]
    return found if len(found) > 1 and all(len(part.split()) <= 3 for part in found) else None


def numbers(text: str) -> list[Fraction] | None:
    """The numbers of a text that holds nothing else, between commas or spaces; `None` if there are fewer than two."""
    if len(text) > LONGEST:
        return None
    bare = re.sub(r"\b(?:and|or)\b|[\[\](){};\n]|,(?!\d{3}\b)|, ", " ", text).split()
    if len(bare) < 2 or not all(re.fullmatch(NUMBER, one.rstrip(".")) for one in bare):
        return None
    return [to_number(one.rstrip(".")) for one in bare]


def written(values: Sequence[Fraction]) -> list[str]:
    """Numbers as evidence."""
    return [str(value) if value.denominator == 1 else str(float(value)) for value in values]
