"""Solves tasks whose answer can be computed from their own words: sorting, sums, means, counts and acronyms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Solver = Callable[[str], str]

LIST = re.compile(r"(?::|terms| in) \"?((?:[^,:\"]+, )+?[^,:\"]+?)(?:\"|[.?]$| into\b)")
QUOTED = re.compile(r'"([^"]+)"')


def solve(task: str) -> str | None:
    """The answer to a task, or `None` if it asks none of the known questions."""
    for question, solver in SOLVERS.items():
        if re.search(question, task):
            return solver(task)
    return None


def numbers_in(task: str) -> list[int]:
    """The integers in a task, in order."""
    return [int(number) for number in re.findall(r"\d+", task)]


def terms_in(task: str) -> list[str]:
    """The comma-separated terms that a task names."""
    found = LIST.search(task)
    return found[1].split(", ") if found else []


def _mean(task: str) -> str:
    numbers = numbers_in(task)
    return f"{sum(numbers) / len(numbers):.2f}".rstrip("0").rstrip(".")


def _words(task: str) -> str:
    quoted = QUOTED.search(task)
    return str(len(quoted[1].split())) if quoted else "0"


def _ends(task: str) -> str:
    numbers = numbers_in(task)
    return f"Largest: {max(numbers)}; smallest: {min(numbers)}"


def _letters(term: str) -> int:
    return sum(letter.isalpha() for letter in term)


_numbers = r"\d+(?:, \d+)+"
_terms = r"[^,:\"]+, "

SOLVERS: Mapping[str, Solver] = {
    rf"(?i)sort these terms alphabetically.*: {_terms}|terms {_terms}.* into alphabetical order": lambda task: (
        ", ".join(sorted(terms_in(task), key=str.lower))
    ),
    rf"most letters: {_terms}|longest term.*: {_terms}": lambda task: max(terms_in(task), key=_letters),
    rf"{_numbers}\. Work out the average|mean of {_numbers}": _mean,
    rf"Add up .*{_numbers}|{_numbers}.*give the total": lambda task: str(sum(numbers_in(task))),
    rf"{_numbers}.*lowest to highest|smallest first: {_numbers}": lambda task: ", ".join(
        map(str, sorted(numbers_in(task)))
    ),
    rf"values {_numbers}.*the largest and the smallest|the largest and the smallest of {_numbers}": _ends,
    rf"acronym from the first letters.*: {_terms}|initial letter of every word in \"{_terms}": lambda task: "".join(
        word[0].upper() for term in terms_in(task) for word in term.split()
    ),
    r"Count the words in this sentence.*\"[^\"]+\"|How many words does .* use in \"[^\"]+\"": _words,
}
"""Solvers by the pattern of the question they answer. Each pattern requires the data that the solver reads."""
