"""The rule against wrong results of sums that task and input state plainly."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import prod

from selfinstruct.api import Example, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.stated import NUMBER, numbers, said_number, to_number

MOST_WORDS, LONGEST = 12, 120
"""Words of a task and characters of a sum that are plain."""

_CALCULATE = r"(?:what is|what's|calculate|compute|evaluate|solve|work out|find)"
_SUM = r"[-−+\d.,()\s*/x×÷^·]+"
_WHOLE = re.compile(
    rf"{_CALCULATE}(?: the)?(?: value of| result of| sum:?| expression:?)?\s*:?\s*({_SUM}?)\s*=?\s*[?.]?", re.IGNORECASE
)
_PERCENT = re.compile(rf"{_CALCULATE}\s+({NUMBER})\s?(?:%|percent) of ({NUMBER})\s*[?.]?", re.IGNORECASE)
_LISTED = re.compile(
    rf"{_CALCULATE}(?: the)? (sum|product) of:? ((?:{NUMBER}(?:,| and|, and)? ?)+)[?.]?", re.IGNORECASE
)
_ON_INPUT = re.compile(
    r"(?:please )?(?:calculate|compute|evaluate|solve|find|add|sum|multiply|subtract|divide|determine|what is)\b"
    r"(?: up| together)?(?: the| these| this| all| two| three| given| following| numbers?| expression| sum|"
    r" product| result"
    r"| total| difference| quotient| equation| problem| of| values?| below)*\W*",
    re.IGNORECASE,
)
_ADDS = re.compile(r"\b(?:add|sum|total)\b", re.IGNORECASE)
_MULTIPLIES = re.compile(r"\b(?:multiply|product)\b", re.IGNORECASE)
_OPERATORS: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class SumsFilter(Filter[Example]):
    """Drop an example whose output is another number than the sum that its task, or its input, states.

    Only plain sums are checked: four operations, brackets, percent, lists to add or to multiply. A task that says more,
    such as how to round, is left alone; a result with decimals may be rounded.
    """

    def evaluate(self, item: Example) -> Verdict:
        """Compute the result and compare it."""
        if not any(char.isdigit() for char in item.output):
            return keep()
        right = _result(item)
        if right is None or (said := said_number(item.output.strip())) is None:
            return keep()
        decimals = len(said.partition(".")[2])
        slack = Fraction(1, 2 * 10**decimals) if decimals else 0
        if abs(to_number(said) - right) <= slack:
            return keep()
        return drop("wrong-result", said=said, right=str(right) if right.denominator == 1 else str(float(right)))


def _result(item: Example) -> Fraction | None:
    """The result that a task asks for, if it is plain."""
    task = item.instruction.strip()
    if len(task.split()) > MOST_WORDS and not _LISTED.fullmatch(task):
        return None
    if not item.input.strip():
        if found := _PERCENT.fullmatch(task):
            return to_number(found[1]) * to_number(found[2]) / 100
        if found := _LISTED.fullmatch(task):
            return _folded(found[1], numbers(found[2]))
        return _value(found[1]) if (found := _WHOLE.fullmatch(task)) else None
    if not _ON_INPUT.fullmatch(task):
        return None
    given = item.input.strip().rstrip("=? ")
    return _value(given) if re.search(r"\d\)?\s*[-−+*/x×÷]\s*\(?\d", given) else _folded(task, numbers(given))


def _folded(task: str, values: list[Fraction] | None) -> Fraction | None:
    if values is None or bool(_ADDS.search(task)) == bool(_MULTIPLIES.search(task)):
        return None
    return sum(values, Fraction(0)) if _ADDS.search(task) else prod(values, start=Fraction(1))


def _value(text: str) -> Fraction | None:
    """The value of a sum with at least one operation; `None` for anything else."""
    if len(text) > LONGEST or not re.fullmatch(_SUM, text) or "^" in text or "**" in text or "//" in text:
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
