"""The rule against lists that are sorted wrongly, and against the wrong largest or smallest number."""

from __future__ import annotations

import re
from fractions import Fraction

from selfinstruct.api import Example, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.stated import items, numbers, said_number, to_number, written

MOST_WORDS = 14
_SORTS = re.compile(r"\b(?:sort|order|arrange|rank|put)\b", re.IGNORECASE)
_UP = re.compile(
    r"\bascending\b|\b(?:smallest|lowest|least) to (?:largest|biggest|highest|greatest)\b|\bincreasing\b"
    r"|\blow(?:est)? to high",
    re.IGNORECASE,
)
_DOWN = re.compile(
    r"\bdescending\b|\b(?:largest|biggest|highest|greatest) to (?:smallest|lowest|least)\b|\bdecreasing\b"
    r"|\bhigh(?:est)? to low",
    re.IGNORECASE,
)
_BY_LETTERS = re.compile(r"\balphabetical(?:ly)?\b|\balphabeti[sz]e\b", re.IGNORECASE)
_BY_MORE = re.compile(
    r"\b(?:by|last names?|surnames?|reverse|backwards?|z to a|length|then|remove|unique|every)\b", re.IGNORECASE
)
_LARGEST = re.compile(r"\b(?:largest|biggest|highest|greatest|maximum|max)\b", re.IGNORECASE)
_SMALLEST = re.compile(r"\b(?:smallest|lowest|minimum|min)\b", re.IGNORECASE)
_OF_WHAT = re.compile(
    r"\b(?:second|third|two|and|common|factor|multiple|divisor|prime|even|odd|digits?|difference|sum|product"
    r"|possible|index"
    r"|position|between|absolute|perimeter|area|number of|negative|positive)\b",
    re.IGNORECASE,
)


class OrderFilter(Filter[Example]):
    """Drop an example that sorts its input wrongly, or names another number than the largest or smallest.

    Numbers are sorted up and down, words by their letters. A list with other items than the input is left alone.
    """

    def evaluate(self, item: Example) -> Verdict:
        """Sort, and compare; then look for the largest or smallest."""
        task, given = item.instruction.strip(), item.input.strip()
        if not given or len(task.split()) > MOST_WORDS:
            return keep()
        if _SORTS.search(task) or _BY_LETTERS.search(task):
            return keep() if _BY_MORE.search(task) else _evaluate_sorting(task, given, item.output)
        return _evaluate_extreme(task, given, item.output)


def _evaluate_sorting(task: str, given: str, output: str) -> Verdict:
    is_up, is_down = _UP.search(task) is not None, _DOWN.search(task) is not None
    if (values := numbers(given)) and is_up != is_down:
        found = numbers(output)
        right = sorted(values, reverse=is_down)
        if found is not None and sorted(found) == sorted(values) and found != right:
            return drop("wrong-order", right=written(right))
        return keep()
    if _BY_LETTERS.search(task) and not is_down and (words := items(given)) and (said := items(output)):
        folded, known = [word.casefold() for word in said], sorted(word.casefold() for word in words)
        is_plain = all(word.isascii() and word[:1].isalpha() for word in words)
        if is_plain and sorted(folded) == known and folded != known and _letters(folded) != sorted(_letters(folded)):
            return drop("wrong-order", right=known)
    return keep()


def _letters(words: list[str]) -> list[str]:
    """Words by their letters alone: hyphens and spaces may count or not."""
    return ["".join(filter(str.isalnum, word)) for word in words]


def _evaluate_extreme(task: str, given: str, output: str) -> Verdict:
    is_largest, is_smallest = _LARGEST.search(task) is not None, _SMALLEST.search(task) is not None
    values = numbers(given)
    if values is None or is_largest == is_smallest or _OF_WHAT.search(task):
        return keep()
    right: Fraction = max(values) if is_largest else min(values)
    said = said_number(output.strip())
    if said is None or to_number(said) == right or to_number(said) not in values:
        return keep()
    return drop("wrong-extreme", said=said, right=written([right])[0])


KEPT = Example("Sort the words alphabetically.", "pear, fig, apple", "apple, fig, pear", False, "g0.0")
DROPPED = Example("Sort the numbers in ascending order.", "9, 2, 5, 1", "1, 5, 2, 9", False, "g0.0")
