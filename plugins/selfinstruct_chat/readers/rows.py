"""Reads a table, comma-separated values or TOML in a reply as objects, each with its fields by name."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

_RULE = re.compile(r"(?=[^|]*\|)(?=[^-]*-)[ \t:|-]+")
_CELLS = re.compile(r"(?<!\\)\|")
_TOML = re.compile(r"\s*(?:```(?:toml)?[ \t]*\n)?(?=\[\[?[\w.]+\]\]?[ \t]*\n)(?P<inside>[^`]*)(?:```\s*)?")


@dataclass(frozen=True, slots=True)
class Rows:
    """Objects, and the lines of the reply above and below them."""

    intro: Sequence[str]
    objects: Sequence[Mapping[str, object]]
    outro: Sequence[str] = ()


def read_rows(text: str) -> Rows | None:
    """The objects in a text; `None` where it holds none of these forms. The last row may be cut."""
    lines = text.split("\n")
    tables = read_toml(text)
    return Rows((), tables) if tables else _table(lines) or _separated(lines)


def _table(lines: Sequence[str]) -> Rows | None:
    """The first table with a rule below its head, with bars around its rows or only between the cells."""
    rule = next((at for at, line in enumerate(lines) if "|" in line and _RULE.fullmatch(line)), 0)
    if rule < 1 or "|" not in lines[rule - 1]:
        return None
    end = next((at for at in range(rule + 1, len(lines)) if "|" not in lines[at]), len(lines))
    names, *rows = [_cells(line) for line in (lines[rule - 1], *lines[rule + 1 : end])]
    return Rows(lines[: rule - 1], _objects(names, rows), lines[end:])


def _cells(line: str) -> list[str]:
    inside = line.strip().removeprefix("|")
    inside = inside if inside.endswith("\\|") else inside.removesuffix("|")
    return [cell.replace("\\|", "|").strip() for cell in _CELLS.split(inside)]


def _separated(lines: Sequence[str]) -> Rows | None:
    """Values between commas, semicolons or tabs, below a line with as many names."""
    sign = max(",;\t", key=lines[0].count)
    if lines[0] and sign not in lines[0] and '"' not in lines[0]:
        return None
    try:
        names, *rows = [row for row in csv.reader(lines, delimiter=sign, skipinitialspace=True) if row] or [[]]
    except csv.Error:  # a carriage return inside a line, or a value of more than 131,072 characters
        return None
    if len(names) < 2 or len(rows) < 2 or any(len(row) != len(names) for row in rows):
        return None
    return Rows((), _objects([name.strip() for name in names], rows))


def _objects(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[dict[str, object]]:
    return [dict(zip(names, row, strict=False)) for row in rows]


def read_toml(text: str) -> list[Mapping[str, object]]:
    """The tables of a text in TOML, in their order; empty where it is none."""
    if found := _TOML.fullmatch(text):
        with suppress(tomllib.TOMLDecodeError, RecursionError):
            values = tomllib.loads(found["inside"]).values()
            tables = [one for value in values for one in (value if isinstance(value, list) else [value])]
            return [one for one in tables if isinstance(one, dict)]
    return []
