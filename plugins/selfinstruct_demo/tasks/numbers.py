"""Tasks about numbers: sort, add, compare, convert and select."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

from selfinstruct_demo.tasks.family import Family, Slots
from selfinstruct_demo.words import integers, items, number, numbers, one, pairs, some, tidy, word

UNITS = {
    "centimetres to metres": 0.01,
    "metres to centimetres": 100,
    "grams to kilograms": 0.001,
    "kilograms to grams": 1000,
    "minutes to seconds": 60,
    "hours to minutes": 60,
    "litres to millilitres": 1000,
    "days to hours": 24,
}


def _list(values: list[int]) -> str:
    return ", ".join(map(str, values)) or "none"


def _sort(slots: Slots) -> str:
    return _list(sorted(integers(slots["numbers"]), reverse=slots["order"] == "largest to smallest"))


def _convert(slots: Slots) -> str:
    factor = UNITS[slots["units"]]
    return ", ".join(
        tidy(value * factor) if factor >= 1 else f"{value * factor:.10g}" for value in integers(slots["numbers"])
    )


def _ends(slots: Slots) -> str:
    values = integers(slots["numbers"])
    return f"Smallest: {min(values)}; largest: {max(values)}"


def _divisible(slots: Slots) -> str:
    divisor = int(slots["divisor"])
    return _list([value for value in integers(slots["numbers"]) if value % divisor == 0])


def _parity(slots: Slots) -> str:
    return _list([value for value in integers(slots["numbers"]) if value % 2 == (slots["parity"] == "odd")])


def _above(slots: Slots) -> str:
    values = integers(slots["numbers"])
    return str(sum(value > int(slots["bound"]) for value in values))


def _running(slots: Slots) -> str:
    total, totals = 0, []
    for value in integers(slots["numbers"]):
        total += value
        totals.append(total)
    return _list(totals)


def _steps(slots: Slots) -> str:
    values = integers(slots["numbers"])
    return ", ".join(f"{after - before:+d}" for before, after in pairwise(values))


def _mean(slots: Slots) -> str:
    values = integers(slots["numbers"])
    return tidy(sum(values) / len(values))


def _best(slots: Slots) -> str:
    values = integers(slots["scores"])
    names = [item.rsplit(" ", 1)[0] for item in items(slots["scores"])]
    return names[values.index(max(values))]


def _discount(slots: Slots) -> str:
    return ", ".join(tidy(value * (100 - int(slots["percent"])) / 100) for value in integers(slots["prices"]))


FAMILIES = (
    Family(
        ("Sort these numbers from {order}: {numbers}.", "Put {numbers} in order, {order}."),
        _sort,
        {"numbers": numbers(6, 9), "order": one("smallest to largest", "largest to smallest")},
        is_stated=True,
    ),
    Family(
        ("What is the sum of {numbers}?", "Add up {numbers}.", "Give the total of {numbers}."),
        lambda slots: str(sum(integers(slots["numbers"]))),
        {"numbers": numbers(4, 7)},
        is_stated=True,
    ),
    Family(
        (
            "Compute the mean of {numbers}, rounded to two decimals.",
            "What do {numbers} average to, rounded to two decimals?",
        ),
        _mean,
        {"numbers": numbers(6, 9)},
        is_stated=True,
    ),
    Family(
        ("Find the median of {numbers}.", "Which value is the median of {numbers}?"),
        lambda slots: tidy(median(integers(slots["numbers"]))),
        {"numbers": numbers(5, 9)},
        is_stated=True,
    ),
    Family(
        ("Name the smallest and the largest of {numbers}.", "What are the extremes among {numbers}?"),
        _ends,
        {"numbers": numbers(6, 9)},
        is_stated=True,
    ),
    Family(
        ("By how much does the largest of {numbers} exceed the smallest?", "Compute the range of {numbers}."),
        lambda slots: str(max(integers(slots["numbers"])) - min(integers(slots["numbers"]))),
        {"numbers": numbers(6, 9)},
        is_stated=True,
    ),
    Family(
        ("Which of {numbers} are divisible by {divisor}?", "Select the multiples of {divisor} from {numbers}."),
        _divisible,
        {"numbers": numbers(6, 9), "divisor": number(3, 12)},
    ),
    Family(
        ("List the {parity} numbers among {numbers}.", "Which {parity} numbers are in {numbers}?"),
        _parity,
        {"numbers": numbers(6, 9), "parity": one("even", "odd")},
    ),
    Family(
        ("How many of {numbers} are above {bound}?", "Count the values above {bound} in {numbers}."),
        _above,
        {"numbers": numbers(7, 10), "bound": number(100, 900)},
        is_stated=True,
    ),
    Family(
        ("Convert from {units}: {numbers}.", "Express {numbers} in another unit, from {units}."),
        _convert,
        {"numbers": numbers(5, 8, low=10, high=5000), "units": one(*UNITS)},
    ),
    Family(
        ("Write the running totals of {numbers}.", "Sum up step by step, with each partial sum: {numbers}."),
        _running,
        {"numbers": numbers(6, 8)},
    ),
    Family(
        ("Give the change from each value to the next, with its sign: {numbers}.",),
        _steps,
        {"numbers": numbers(7, 10)},
    ),
    Family(
        ("Who scored highest: {scores}?", "Name the winner of this quiz in {city} by points: {scores}."),
        _best,
        {"scores": pairs(5, 7, draw=word("name"), high=500), "city": word("city")},
        is_stated=True,
    ),
    Family(
        ("Reduce each of these prices by {percent} percent: {prices}.",),
        _discount,
        {"percent": number(5, 65, 5), "prices": numbers(6, 9, low=20, high=900)},
    ),
    Family(
        ("How many items does {name}'s list have: {things}?", "Count what {name} packs: {things}."),
        lambda slots: str(len(items(slots["things"]))),
        {"name": word("name"), "things": some(6, 11)},
        is_stated=True,
    ),
)
