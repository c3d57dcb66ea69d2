"""The rule against wrong results of sums that task and input state plainly."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import prod
from statistics import median

from selfinstruct.api import Example, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.plain_tasks import LONGEST_TASK, PlainTask, take_apart
from selfinstruct_filters.helpers.stated_values import NUMBER, numbers, said_number, to_number, written
from selfinstruct_filters.helpers.wording import word_set

LONGEST = 120
"""Characters of a sum that is plain."""

_N = rf"({NUMBER})"
_IN_SYMBOLS = tuple(
    (re.compile(pattern, re.IGNORECASE), form)
    for pattern, form in (
        (rf"\b(?:subtract|take) {_N}(?: away)? from {_N}", r"\2 - \1"),
        (rf"\bmultiply {_N} (?:by|with|and) {_N}", r"\1 * \2"),
        (rf"\bdivide {_N} by {_N}", r"\1 / \2"),
        (rf"\b{_N}\s?(?:%|percent) of {_N}", r"\1 / 100 * \2"),
        (rf"{_N} plus (?={NUMBER})", r"\1 + "),
        (rf"{_N} minus (?={NUMBER})", r"\1 - "),
        (rf"{_N} (?:times|multiplied by) (?={NUMBER})", r"\1 * "),
        (rf"{_N} divided by (?={NUMBER})", r"\1 / "),
    )
)
"""Sums in words, and how they are written in signs."""

_SIGNED = re.compile(r"[-−+]?\(?[\d(][-−+\d.,()\s*/x×÷·]*[\d)]")
_ABOUT_SUMS = word_set(
    """evaluate solve expression equation problem sum product difference quotient total add subtract multiply divide up
    together two three how much equal equals"""
)
_ROUNDING = re.compile(
    r",?\s*(?:and )?\bround(?:ed)?(?: it| the result| the answer)?(?: off)? to (?:(?:the )?nearest"
    r" (?:whole number|integer|hundredth|tenth)|(?:one|two|three|\d) decimals?(?: places?)?)",
    re.IGNORECASE,
)
_TO = re.compile(r"\b(up|come|average|amount) to\b", re.IGNORECASE)
_OPERATORS: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
Values = list[Fraction]
Fold = Callable[[Values], Fraction]
_MOST, _LEAST = "(?:larg|bigg|high|great)est", "(?:small|low)est"


def _range(values: Values) -> Fraction:
    return max(values) - min(values)


_FOLDS: tuple[tuple[str, frozenset[str], Fold], ...] = (
    (
        r"\b(?:add|adding|sum|total|together|altogether)\b|\b(?:come|amount) to\b",
        word_set("add adding sum total up together altogether come amount two three how much combined"),
        lambda values: sum(values, Fraction(0)),
    ),
    (
        r"\b(?:multiply|product)\b",
        word_set("multiply product together two three"),
        lambda values: prod(values, start=Fraction(1)),
    ),
    (r"\b(?:mean|average)\b", word_set("mean average arithmetic"), lambda values: sum(values) / Fraction(len(values))),
    (r"\bmedian\b", word_set("median"), median),
    (
        rf"\brange\b|\bdifference between the {_MOST} and (?:the )?{_LEAST}\b|\bthe {_MOST}\b.* exceed the {_LEAST}\b",
        word_set("range by how much exceed difference between largest biggest highest greatest smallest lowest"),
        _range,
    ),
    (r"\Adifference\b|\bdifference between\b(?! the)", word_set("difference between two"), _range),
)
"""What a row of numbers comes to: words of which a task has one, all words that it may have, and the function."""

_COUNTED = re.compile(
    rf"how many [a-z]+ are (?:there in )?((?:[a-z -]+ {NUMBER}(?:,| and)? ?){{2,}}) ?(?:(?:al)?together|in total)\?",
    re.IGNORECASE,
)


class SumsFilter(Filter[Example]):
    """Drop an example whose output is not the result of the sum that its task, or its input, states.

    Only plain sums are checked, in signs or in words: four operations, brackets, percent, and the sum, product, mean,
    median or range of a row of numbers. A task with any other word is not checked; decimals may be rounded.
    """

    def evaluate(self, item: Example) -> Verdict:
        """Compute the result and compare it."""
        if not any(char.isdigit() for char in item.output):
            return keep()
        right = _result(item)
        if right is None or (said := said_number(item.output.strip())) is None:
            return keep()
        decimals = len(said.partition(".")[2])
        is_rounded = decimals > 0 or _ROUNDING.search(item.instruction) is not None
        slack = Fraction(1, 2 * 10**decimals) if is_rounded else 0
        if abs(to_number(said) - right) <= slack:
            return keep()
        return drop("wrong-result", said=said, right=written([right])[0])


def _result(item: Example) -> Fraction | None:
    """The result that a task asks for, if it is plain."""
    text = item.instruction.strip()
    text = _ROUNDING.sub("", text) if "round" in text.casefold() else text
    if (plain := take_apart(Example(text, item.input, "", False, ""))) and item.input.strip():
        given = plain.given.rstrip("=? ")
        if re.search(r"\d\)?\s*[-−+*/x×÷]\s*\(?\d", given):
            return _value(given) if plain.says_only(_ABOUT_SUMS) else None
        return _folded(plain, numbers(given))
    if item.input.strip() or len(text) > LONGEST_TASK:
        return None
    if found := _COUNTED.fullmatch(text):
        return sum(map(to_number, re.findall(NUMBER, found[1])), Fraction(0))
    signs = text
    for pattern, form in _IN_SYMBOLS:
        signs = pattern.sub(form, signs)
    sums = [found for found in _SIGNED.finditer(signs) if re.search(r"\d\)?\s*[-−+*/x×÷·]", found[0])]
    if len(sums) == 1:
        rest = PlainTask(signs.replace(sums[0][0], " "), "")
        return _value(sums[0][0]) if rest.says_only(_ABOUT_SUMS) else None
    return _folded(plain, numbers(plain.given)) if plain else None


def _folded(plain: PlainTask, values: Values | None) -> Fraction | None:
    if not values:
        return None
    task = PlainTask(_TO.sub(r"\1", plain.words), plain.given)
    for asks, words, fold in _FOLDS:
        if re.search(asks, plain.words, re.IGNORECASE) and task.says_only(words):
            return Fraction(fold(values))
    return None


def _value(text: str) -> Fraction | None:
    """The value of a sum with at least one operation; `None` for anything else."""
    if len(text) > LONGEST or not re.fullmatch(r"[-−+\d.,()\s*/x×÷·]+", text) or "**" in text or "//" in text:
        return None
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text).translate(str.maketrans("−x×·÷", "-***/")).strip()
    try:
        tree = ast.parse(plain, mode="eval").body
        return _computed(tree) if isinstance(tree, ast.BinOp) else None
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError):
        return None


def _computed(node: ast.expr) -> Fraction:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_computed(node.left), _computed(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _computed(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return Fraction(str(node.value))
    raise ValueError("no plain sum")


KEPT = Example("Add the numbers.", "12, 7, 44", "63", False, "g0.0")
DROPPED = Example("What is 17 * 23?", "", "The answer is 381.", False, "g0.0")
