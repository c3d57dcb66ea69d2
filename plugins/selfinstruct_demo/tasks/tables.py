"""Tasks about tables, CSV and JSON, and about dates and times."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from random import Random

from selfinstruct_demo.tasks.family import Family, Slots
from selfinstruct_demo.words import (
    city_pair,
    counted,
    day,
    integers,
    items,
    lexicon,
    number,
    one,
    pairs,
    read_days,
    some,
    word,
    write_day,
)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _table(slots: Slots) -> str:
    rows = counted(slots["pairs"])
    return "\n".join(["| item | count |", "| --- | --- |", *(f"| {name} | {count} |" for name, count in rows.items())])


def _csv(slots: Slots) -> str:
    return "\n".join(["item,count", *(f"{name},{count}" for name, count in counted(slots["pairs"]).items())])


def _json(slots: Slots) -> str:
    return json.dumps(counted(slots["pairs"]))


def _rows(slots: Slots) -> str:
    return json.dumps([{"item": name, "price": price} for name, price in counted(slots["pairs"]).items()])


def _above(slots: Slots) -> str:
    values = json.loads("{" + slots["object"] + "}")
    return ", ".join(key for key, value in values.items() if value > int(slots["bound"])) or "none"


def _stock(slots: Slots, rng: Random) -> str:
    """A stock list as CSV, with every item of the task in one row or two."""
    names = items(slots["words"]) + rng.sample(items(slots["words"]), 2)
    rng.shuffle(names)
    return "\n".join(["item,shelf,count", *(f"{name},{rng.randint(1, 9)},{rng.randint(2, 90)}" for name in names)])


def _read(slots: Slots) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(slots["input"])))


def _totals(slots: Slots) -> str:
    totals = dict.fromkeys(items(slots["words"]), 0)
    for row in _read(slots):
        totals[row["item"]] += int(row["count"])
    return "\n".join(f"{name}: {total}" for name, total in totals.items())


def _fullest(slots: Slots) -> str:
    row = max(_read(slots), key=lambda row: int(row["count"]))
    return f"{row['item']} on shelf {row['shelf']}, with {row['count']}"


def _as_json(slots: Slots) -> str:
    rows = [row | {"shelf": int(row["shelf"]), "count": int(row["count"])} for row in _read(slots)]
    return json.dumps(rows)


def _weekdays(slots: Slots) -> str:
    return ", ".join(WEEKDAYS[found.weekday()] for found in read_days(slots["days"]))


def _days_between(slots: Slots) -> str:
    first, second = read_days(slots["first"])[0], read_days(slots["second"])[0]
    return f"{abs((second - first).days)} days"


def _arrival(slots: Slots) -> str:
    return write_day(read_days(slots["first"])[0] + timedelta(int(slots["count"])))


def _trip(slots: Slots) -> str:
    hour, minute, hours, minutes = (int(slots[name]) for name in ("hour", "minute", "hours", "minutes"))
    total = hour * 60 + minute + hours * 60 + minutes
    return f"{total // 60 % 24:02d}:{total % 60:02d}"


def _named_days(rng: Random) -> str:
    return ", ".join(f"{name} {day(rng)}" for name in rng.sample(lexicon()["name"], 4))


def _oldest(slots: Slots) -> str:
    names = [part.split()[0] for part in items(slots["births"])]
    order = sorted(zip(read_days(slots["births"]), names, strict=True))
    return ", ".join(name for _, name in order)


NAMED_LIST = {"name": word("name"), "city": word("city"), "adjective": word("adjective"), "words": some(6, 9)}

FAMILIES = (
    Family(
        ("Write as a Markdown table with the columns item and count: {pairs}.",),
        _table,
        {"pairs": pairs(5, 8)},
    ),
    Family(
        ("Turn into CSV with the header item,count: {pairs}.", "Lay out as CSV under item,count: {pairs}."),
        _csv,
        {"pairs": pairs(5, 7)},
    ),
    Family(
        ("Write as one JSON object: {pairs}.", "Express {pairs} as a JSON object of words and numbers."),
        _json,
        {"pairs": pairs(5, 7)},
    ),
    Family(
        ("Make a JSON list of objects with the keys item and price out of {pairs}.",),
        _rows,
        {"pairs": pairs(5, 8)},
    ),
    Family(
        ("Which keys of {{{object}}} have a value above {bound}?", "Name the keys above {bound} in {{{object}}}."),
        _above,
        {"object": pairs(5, 7, form='"{}": {}'), "bound": number(40, 160)},
    ),
    Family(
        ("Add up the values of {{{object}}}.", "What do the values in {{{object}}} come to?"),
        lambda slots: str(sum(counted(slots["object"]).values())),
        {"object": pairs(5, 7, form='"{}": {}')},
        is_stated=True,
    ),
    Family(
        (
            "Add up the given CSV by item, in this order: {words}.",
            "{name}'s {adjective} shop in {city} sells {words}. Total the given stock of each.",
        ),
        _totals,
        NAMED_LIST,
        give=_stock,
    ),
    Family(
        (
            "Which shelf of the given CSV is fullest, with {words}?",
            "{name} in {city} stores {words}. Find the largest count in the given CSV.",
        ),
        _fullest,
        NAMED_LIST,
        give=_stock,
    ),
    Family(
        (
            "Convert the given CSV on {words} to JSON.",
            "Rewrite the given CSV for {name} in {city} as JSON: {words}.",
        ),
        _as_json,
        NAMED_LIST,
        give=_stock,
    ),
    Family(
        ("Which weekdays are {days}?", "Name the weekday of each date: {days}."),
        _weekdays,
        {"days": some(3, 4, day)},
    ),
    Family(
        ("Write in the form YYYY-MM-DD: {days}.", "Give {days} in ISO format."),
        lambda slots: ", ".join(found.isoformat() for found in read_days(slots["days"])),
        {"days": some(3, 4, day)},
    ),
    Family(
        ("Sort these dates, earliest first: {days}.",),
        lambda slots: ", ".join(write_day(found) for found in sorted(read_days(slots["days"]))),
        {"days": some(4, 5, day)},
        is_stated=True,
    ),
    Family(
        (
            "{name} marked {first} and {second} on the {adjective} {thing} in {city}. How many days lie between?",
            "How many days apart are {first}, when {name} saw {city}, and {second}, when the {adjective} {thing} came?",
        ),
        _days_between,
        {
            "name": word("name"),
            "adjective": word("adjective"),
            "thing": some(1, 1),
            "city": word("city"),
            "first": day,
            "second": day,
        },
    ),
    Family(
        (
            "{name}'s {adjective} {thing} leaves {cities} on {first}; it arrives {count} days later. On which date?",
            "On {first} {name} sends the {adjective} {thing} from {cities}. Which date is {count} days later?",
        ),
        _arrival,
        {
            "name": word("name"),
            "adjective": word("adjective"),
            "thing": some(1, 1),
            "cities": city_pair,
            "first": day,
            "count": number(3, 90),
        },
    ),
    Family(
        (
            "When does {name}'s {hour}:{minute} {vehicle} from {cities} arrive, after {hours} h {minutes} min?",
            "{name}'s {adjective} {vehicle} leaves {cities} at {hour}:{minute}. Arrival {hours} h {minutes} min later?",
        ),
        _trip,
        {
            "name": word("name"),
            "adjective": word("adjective"),
            "vehicle": word("vehicle"),
            "cities": city_pair,
            "hour": number(10, 24),
            "minute": number(10, 60),
            "hours": number(1, 12),
            "minutes": number(1, 60),
        },
    ),
    Family(
        ("List by age, oldest first: {births}.", "Born on these days, who is older than whom: {births}? Oldest first."),
        _oldest,
        {"births": _named_days},
    ),
    Family(
        ("How many {unit} are {counts} together?",),
        lambda slots: str(sum(integers(slots["counts"]))),
        {"unit": one("pieces", "goods", "parcels"), "counts": pairs(5, 7)},
        is_stated=True,
    ),
)
