"""Small tasks about code: Python, SQL and what an expression gives."""

from __future__ import annotations

from random import Random

from selfinstruct_demo.tasks.family import Family, Slots
from selfinstruct_demo.words import counted, integers, items, number, numbers, one, pairs, some, word


def _fenced(code: str) -> str:
    return f"```python\n{code}\n```"


def _name(text: str) -> str:
    return text.replace("-", "_")


def _dictionary(slots: Slots) -> str:
    lines = [f'    "{name}": {value},' for name, value in counted(slots["pairs"]).items()]
    return _fenced("\n".join([f"{_name(slots['thing'])}_prices = {{", *lines, "}"]))


def _lookup(slots: Slots) -> str:
    table = ", ".join(f'"{name}": {value}' for name, value in counted(slots["pairs"]).items())
    return _fenced(f"def {_name(slots['thing'])}_price(item):\n    return {{{table}}}.get(item, {slots['default']})")


def _filter(slots: Slots) -> str:
    banned = ", ".join(f'"{found}"' for found in items(slots["words"]))
    head = f"def without(items):\n    left_out = {{{banned}}}\n"
    return _fenced(f"{head}    return [item for item in items if item not in left_out]")


def _dataclass(slots: Slots) -> str:
    fields = "\n".join(f"    {_name(found)}: {slots['type']}" for found in items(slots["words"]))
    return _fenced(f"from dataclasses import dataclass\n\n\n@dataclass\nclass {slots['name']}:\n{fields}")


def _query(slots: Slots) -> str:
    columns = ", ".join(map(_name, items(slots["words"])))
    return f"SELECT {columns} FROM {_name(slots['thing'])} WHERE price > {slots['bound']};"  # noqa: S608 - an answer to a task, which nobody runs


def _slice(slots: Slots) -> str:
    start, stop = (int(slots[name]) for name in ("start", "stop"))
    return str(sum(integers(slots["numbers"])[start:stop]))


def _comprehension(slots: Slots) -> str:
    return str([value * int(slots["factor"]) for value in integers(slots["numbers"]) if value > int(slots["bound"])])


def _joined(slots: Slots) -> str:
    return slots["sign"].join(sorted(items(slots["words"])))


def _quoted(rng: Random) -> str:
    return ", ".join(f'"{found}"' for found in items(some(6, 8)(rng)))


FAMILIES = (
    Family(
        (
            "Write a Python dictionary {thing}_prices with {pairs}.",
            "Define {thing}_prices in Python as a dict: {pairs}.",
        ),
        _dictionary,
        {"thing": word("profession"), "pairs": pairs(5, 7)},
        is_code=True,
    ),
    Family(
        (
            "Write a Python function {thing}_price(item) that returns {pairs}, and {default} for others.",
            "Define {thing}_price(item) in Python: {pairs}, otherwise {default}.",
        ),
        _lookup,
        {"thing": word("profession"), "pairs": pairs(5, 7), "default": number(0, 3)},
        is_code=True,
    ),
    Family(
        (
            "Write Python that leaves {words} out of a list.",
            "In Python, drop {words} from items.",
        ),
        _filter,
        {"words": some(6, 8)},
        is_code=True,
    ),
    Family(
        (
            "Write a Python dataclass {name} with the {type} fields {words}.",
            "Define a dataclass {name}: {words}, all {type}.",
        ),
        _dataclass,
        {"name": word("name"), "type": one("int", "str", "float"), "words": some(7, 9)},
        is_code=True,
    ),
    Family(
        (
            "Select {words} from {thing} in SQL where price is above {bound}.",
            "Query in SQL, with price above {bound} in {thing}: {words}.",
        ),
        _query,
        {"words": some(7, 9), "thing": word("building"), "bound": number(10, 900)},
    ),
    Family(
        ("What does Python print for sum([{numbers}][{start}:{stop}])?", "Evaluate sum([{numbers}][{start}:{stop}])."),
        _slice,
        {"numbers": numbers(6, 9), "start": number(0, 3), "stop": number(3, 6)},
    ),
    Family(
        ("Evaluate in Python: [x * {factor} for x in ({numbers}) if x > {bound}].",),
        _comprehension,
        {"factor": number(2, 9), "numbers": numbers(8, 10), "bound": number(100, 900)},
    ),
    Family(
        ('What string is "{sign}".join(sorted([{quoted}]))?', 'Evaluate "{sign}".join(sorted([{quoted}])).'),
        lambda slots: _joined({"sign": slots["sign"], "words": slots["quoted"].replace('"', "")}),
        {"sign": one("-", "+", "/", "_", " "), "quoted": _quoted},
    ),
)
