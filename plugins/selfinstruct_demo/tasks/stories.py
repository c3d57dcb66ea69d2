"""Short word problems: shopping, change, sharing, speed, ages, prices and orders."""

from __future__ import annotations

import re
from itertools import pairwise
from operator import itemgetter
from random import Random

from selfinstruct_demo.tasks.family import Family, Slots
from selfinstruct_demo.words import Maker, integers, items, lexicon, number, pairs, some, tidy, word


def _basket(least: int, most: int) -> Maker:
    def make(rng: Random) -> str:
        things = items(some(least, most)(rng))
        return ", ".join(f"{thing} {rng.randint(2, 19)} x {rng.randint(2, 60)}" for thing in things)

    return make


def _cost(basket: str) -> int:
    values = integers(basket)
    return sum(count * price for count, price in zip(values[::2], values[1::2], strict=True))


def _change(slots: Slots) -> str:
    return f"{5000 - _cost(slots['basket'])} euros"


def _share(slots: Slots) -> str:
    people = len(items(slots["people"]))
    each, left = divmod(int(slots["count"]), people)
    return f"{each} each, {left} left over"


def _legs(rng: Random) -> str:
    return ", ".join(f"{rng.randrange(5, 95, 5)}*{rng.randrange(12, 180, 6)}" for _ in range(rng.randint(5, 7)))


def _distance(slots: Slots) -> str:
    values = integers(slots["legs"])
    minutes = sum(time * speed for time, speed in zip(values[::2], values[1::2], strict=True))
    return f"{tidy(minutes / 60)} km"


def _offers(rng: Random) -> str:
    shops = rng.sample(lexicon()["name"], 3)
    prices = rng.sample(range(2, 60), 3)  # different prices per unit, so that one offer is the cheapest
    counts = [rng.randint(2, 20) for _ in shops]
    return ", ".join(
        f"{shop} {count} for {count * price}" for shop, count, price in zip(shops, counts, prices, strict=True)
    )


def _cheapest(slots: Slots) -> str:
    prices: dict[str, float] = {
        shop: int(price) / int(count) for shop, count, price in re.findall(r"(\w+) (\d+) for (\d+)", slots["offers"])
    }
    return min(prices.items(), key=itemgetter(1))[0]


def _queue(rng: Random) -> str:
    """Who stands right behind whom, in shuffled order: one order of all fits."""
    people = rng.sample(lexicon()["name"], 6)
    clues = [f"{behind} behind {before}" for before, behind in pairwise(people)]
    rng.shuffle(clues)
    return ", ".join(clues)


def _order(slots: Slots) -> str:
    after = {before: behind for behind, before in (clue.split(" behind ") for clue in items(slots["clues"]))}
    (person,) = set(after) - set(after.values())
    order = [person]
    while order[-1] in after:
        order.append(after[order[-1]])
    return ", ".join(order)


def _rest(slots: Slots) -> str:
    return f"{int(slots['start']) - sum(integers(slots['uses']))} g"


def _height_gap(slots: Slots) -> str:
    values = sorted(integers(slots["heights"]))
    names = {int(item.split()[1]): item.split()[0] for item in items(slots["heights"])}
    return f"{names[values[-1]]}, by {values[-1] - values[-2]} cm"


FAMILIES = (
    Family(
        (
            "{name} from {city} buys {basket} euros. What does it all cost?",
            "In {city}, {name} sells {basket} euros. How much comes in?",
        ),
        lambda slots: f"{_cost(slots['basket'])} euros",
        {"name": word("name"), "city": word("city"), "basket": _basket(3, 4)},
    ),
    Family(
        (
            "{name} has 5000 euros and buys {basket} in {city}. What is left?",
            "From 5000 euros {name} pays {basket} euros. How much comes back?",
        ),
        _change,
        {"name": word("name"), "city": word("city"), "basket": _basket(3, 4)},
    ),
    Family(
        (
            "{people} share {count} cards. How many each, and how many left?",
            "Deal {count} cards evenly to {people}; how many remain?",
        ),
        _share,
        {
            "people": some(6, 9, word("name")),
            "count": number(50, 900),
        },
    ),
    Family(
        (
            "How far does {name}'s {vehicle} go from {city} in {legs} (minutes * km/h)?",
            "Add up {legs} (minutes * km/h), {name}'s way to {city} by {vehicle}.",
        ),
        _distance,
        {"name": word("name"), "vehicle": word("vehicle"), "city": word("city"), "legs": _legs},
    ),
    Family(
        (
            "Who sells {thing} cheapest by the piece, in euros: {offers}?",
            "Name the best price of one {thing} in {offers}.",
        ),
        _cheapest,
        {"thing": some(1, 1), "offers": _offers},
    ),
    Family(
        ("A queue has {clues}. List it from the front.", "Put the queue in order, front first: {clues}."),
        _order,
        {"clues": _queue},
    ),
    Family(
        (
            "Of {start} g {dish}, {uses} g are eaten in {city}. How much is left for {name}?",
            "{name} cooks {start} g {dish} in {city} and serves {uses} g. What remains?",
        ),
        _rest,
        {
            "start": number(2500, 4000),
            "dish": word("dish"),
            "uses": lambda rng: ", ".join(str(rng.randint(40, 390)) for _ in range(rng.randint(4, 6))),
            "city": word("city"),
            "name": word("name"),
        },
    ),
    Family(
        ("Who is tallest, and by how many cm: {heights}?", "Heights in cm: {heights}. Name the tallest, and the lead."),
        _height_gap,
        {"heights": pairs(5, 6, draw=word("name"), low=140, high=210)},
    ),
)
