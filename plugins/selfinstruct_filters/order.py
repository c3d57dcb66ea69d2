"""The rule against lists that are sorted wrongly, and against the wrong largest, smallest or longest of a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import TypeVar

from selfinstruct.api import Example, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.plain_tasks import PlainTask, take_apart
from selfinstruct_filters.helpers.stated_values import NUMBER, items, numbers, said_number, to_number, written
from selfinstruct_filters.helpers.wording import word_set

MOST_WORDS = 20
_SORTS = re.compile(r"\b(?:sort|order|arrange|rank|put)\b", re.IGNORECASE)
_UP = re.compile(
    r"\bascending\b|\b(?:smallest|lowest|least) to (?:largest|biggest|highest|greatest)\b|\bincreasing\b"
    r"|\blow(?:est)? to high|\b(?:smallest|lowest) first\b",
    re.IGNORECASE,
)
_DOWN = re.compile(
    r"\bdescending\b|\b(?:largest|biggest|highest|greatest) to (?:smallest|lowest|least)\b|\bdecreasing\b"
    r"|\bhigh(?:est)? to low|\b(?:largest|biggest|highest|greatest) first\b",
    re.IGNORECASE,
)
_BY_LETTERS = re.compile(r"\balphabetical(?:ly)?\b|\balphabeti[sz]e\b", re.IGNORECASE)
_EARLY_FIRST = re.compile(r"\bchronological(?:ly)?\b|\b(?:earliest|oldest)(?: dates?)? (?:first|to latest)\b", re.I)
_BY_MORE = re.compile(
    r"\b(?:by|last names?|surnames?|reverse|backwards?|z to a|length|then|remove|unique|every)\b", re.IGNORECASE
)
_REVERSES = re.compile(r"\b(?:reverse|backwards?)\b", re.IGNORECASE)
_WORDS_OF_REVERSING = word_set("reverse reversed backward backwards order elements")
_WORDS_OF_SORTING = word_set(
    """sort order arrange rank put into to descending ascending increasing decreasing alphabetical alphabetically
    alphabetize alphabetise smallest lowest least largest biggest highest greatest low high first words names dates
    earliest oldest latest chronological chronologically"""
)
_LARGEST = re.compile(r"\b(?:larg|bigg|high|great)(?:est|er)\b|\bmax(?:imum)?\b|\bextremes\b", re.IGNORECASE)
_SMALLEST = re.compile(r"\b(?:small|low)(?:est|er)\b|\bmin(?:imum)?\b|\bextremes\b", re.IGNORECASE)
_COMPARES = re.compile(r"\b(?:larger|bigger|higher|greater|smaller|lower)\b", re.IGNORECASE)
_WORDS_OF_EXTREMES = word_set(
    """largest biggest highest greatest smallest lowest larger bigger higher greater smaller lower maximum max minimum
    min extremes two series sequence array"""
)
_LENGTH = re.compile(r"\b(?:(longest)|shortest)\b", re.IGNORECASE)
_WORDS_OF_LENGTH = word_set("longest shortest word words first if several tie")
_SCORED = re.compile(rf"\s*([A-Z][\w' -]*?)[:\s]\s*({NUMBER})\s*")
_MOST = re.compile(r"\b(?:highest|most|winner|won|best|tallest|heaviest)\b", re.IGNORECASE)
_WORDS_OF_SCORES = word_set(
    "highest most winner won best tallest heaviest lowest fewest shortest lightest scored score scores points by with"
    " quiz game contest match person student player team"
)
Value = TypeVar("Value", str, Fraction, datetime)
_DATE_FORMS = ("%d %B %Y", "%d %b %Y", "%Y-%m-%d")


class OrderFilter(Filter[Example]):
    """Drop an example that sorts its list wrongly, or names another item than the largest, smallest or longest.

    Numbers, words and dates are checked. Sorting a part of a list is left alone.
    """

    def evaluate(self, item: Example) -> Verdict:
        """Sort, and compare; then look for the largest or smallest, the longest, and the best."""
        plain = take_apart(item)
        if plain is None or len(plain.words.split()) > MOST_WORDS:
            return keep()
        if _REVERSES.search(plain.words):
            return _evaluate_reversing(plain, item.output)
        if any(asks.search(plain.words) for asks in (_SORTS, _BY_LETTERS, _EARLY_FIRST)):
            return keep() if _BY_MORE.search(plain.words) else _evaluate_sorting(plain, item.output)
        for check in (_wrong_extremes, _wrong_length, _wrong_winner):
            for said, right in check(plain, item.output.strip()):
                return drop("wrong-extreme", said=said, right=right)
        return keep()


def _evaluate_sorting(plain: PlainTask, output: str) -> Verdict:
    is_up, is_down = _UP.search(plain.words) is not None, _DOWN.search(plain.words) is not None
    is_whole = plain.says_only(_WORDS_OF_SORTING)
    if (values := numbers(plain.given)) and is_up != is_down:
        found = numbers(output)
        right = sorted(values, reverse=is_down)
        return drop("wrong-order", right=written(right)) if found and _differ(found, right, is_whole) else keep()
    if _EARLY_FIRST.search(plain.words) and (days := _dates(plain.given)) and (said_days := _dates(output)):
        is_wrong = _differ(said_days, sorted(days), is_whole)
        return drop("wrong-order", right=[str(day.date()) for day in sorted(days)]) if is_wrong else keep()
    if _BY_LETTERS.search(plain.words) and not is_down and (words := items(plain.given)) and (said := items(output)):
        folded, known = [word.casefold() for word in said], sorted(word.casefold() for word in words)
        is_ascii = all(word.isascii() and word[:1].isalpha() for word in words)
        if is_ascii and _differ(_letters(folded), sorted(_letters(known)), is_whole) and folded != known:
            return drop("wrong-order", right=known)
    return keep()


def _evaluate_reversing(plain: PlainTask, output: str) -> Verdict:
    listed, said = items(plain.given), items(output)
    if not listed or not said or not plain.says_only(_WORDS_OF_REVERSING):
        return keep()
    right = [word.casefold() for word in reversed(listed)]
    is_wrong = _differ([word.casefold() for word in said], right, is_whole=True)
    return drop("wrong-order", right=right) if is_wrong else keep()


def _differ(found: list[Value], right: list[Value], is_whole: bool) -> bool:
    """Whether a list has another order; other items count too if a task asks for nothing but the order."""
    if sorted(found) == sorted(right):
        return found != right
    return is_whole and len(found) > 1 and set(found) != set(right)


def _letters(words: list[str]) -> list[str]:
    """Words by their letters alone: hyphens and spaces may count or not."""
    return ["".join(filter(str.isalnum, word)) for word in words]


def _dates(text: str) -> list[datetime]:
    """The dates of a list; empty if an item is not a date in a form that has one reading."""
    found = [_date(part) for part in items(text) or ()]
    return [day for day in found if day] if all(found) else []


def _date(text: str) -> datetime | None:
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


Mistakes = Iterator[tuple[str, list[str]]]


def _wrong_extremes(plain: PlainTask, output: str) -> Mistakes:
    """The largest or smallest number, or both; of two, the larger or smaller."""
    largest, smallest = _LARGEST.search(plain.words) is not None, _SMALLEST.search(plain.words) is not None
    values = numbers(plain.given)
    if not values or not (largest or smallest) or not plain.says_only(_WORDS_OF_EXTREMES):
        return
    if _COMPARES.search(plain.words) and len(values) != 2:
        return
    right = {max(values)} if largest else set()
    right |= {min(values)} if smallest else set()
    if largest and smallest:
        said = [to_number(found) for found in re.findall(NUMBER, output)]
        if len(said) == 2 and set(said) != right:
            yield output, written(sorted(right))
    elif (number := said_number(output)) is not None and to_number(number) not in right:
        yield number, written(sorted(right))


def _wrong_length(plain: PlainTask, output: str) -> Mistakes:
    """The longest or shortest word of a list."""
    found, words = _LENGTH.search(plain.words), [word.casefold() for word in items(plain.given) or ()]
    if found is None or not all(re.fullmatch("[a-z-]+", word) for word in words):
        return
    if plain.says_only(_WORDS_OF_LENGTH):
        scores = {word: len(word.replace("-", "")) for word in words}
        yield from _wrong_choice(output, scores, max if found[1] else min)


def _wrong_winner(plain: PlainTask, output: str) -> Mistakes:
    """Who has the most of something, in a list of names with numbers."""
    pairs = [_SCORED.fullmatch(part) for part in plain.given.split(",")]
    if len(pairs) < 2 or not all(pairs) or not plain.says_only(_WORDS_OF_SCORES):
        return
    scores = {found[1].casefold(): to_number(found[2]) for found in pairs if found}
    if (is_most := _MOST.search(plain.words) is not None) or re.search(r"\b(?:lowest|fewest)\b", plain.words, re.I):
        yield from _wrong_choice(output, scores, max if is_most else min)


def _wrong_choice(output: str, scores: dict[str, int] | dict[str, Fraction], best: Callable[..., Fraction]) -> Mistakes:
    """What an output chooses, if it is one of the choices and another one is better."""
    said = output.casefold().strip(" .!\"'*")
    right = best(scores.values()) if scores else None
    if said in scores and scores[said] != right:
        yield output, [name for name, score in scores.items() if score == right]


KEPT = Example("Sort the words alphabetically.", "pear, fig, apple", "apple, fig, pear", False, "g0.0")
DROPPED = Example("Sort the numbers in ascending order.", "9, 2, 5, 1", "1, 5, 2, 9", False, "g0.0")
