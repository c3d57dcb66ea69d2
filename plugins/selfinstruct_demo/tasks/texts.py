"""Tasks about words and sentences: sort, count, select, replace and rewrite."""

from __future__ import annotations

from random import Random

from selfinstruct_demo.tasks.family import Family, Slots
from selfinstruct_demo.words import items, lexicon, number, one, sentence, some

LETTERS = "abcdeilmnoprst"
IRREGULAR = dict.fromkeys(("pliers", "shears", "tongs", "tweezers", "squid", "moose", "bison"), "") | {
    "shelf": "shelves",
    "bookshelf": "bookshelves",
}
IRREGULAR = {noun: plural or noun for noun, plural in IRREGULAR.items()}
CASES = {
    "capital letters": str.upper,
    "snake_case": lambda text: text.lower().replace(" ", "_"),
    "kebab-case": lambda text: text.lower().replace(" ", "-"),
    "title case": str.title,
}


def _join(words: list[str]) -> str:
    return ", ".join(words) or "none"


def _repeated(rng: Random) -> str:
    words = items(some(5, 7)(rng))
    words += rng.sample(words, 3)
    rng.shuffle(words)
    return ", ".join(words)


def _addresses(rng: Random) -> str:
    names = [name.lower() for name in rng.sample(lexicon()["name"], 2)]
    first, second = (f"{name}@{rng.choice(lexicon()['city']).lower()}.example" for name in names)
    return f"{sentence(rng)}, says {first}, but {second} says that {sentence(rng)}"


def _find_addresses(slots: Slots) -> str:
    return _join([part.strip(",") for part in slots["text"].split() if "@" in part])


def _longest(slots: Slots) -> str:
    return max(items(slots["words"]), key=len)


def _initials(slots: Slots) -> str:
    return "".join(part[0].upper() for part in items(slots["words"]))


def _caesar(slots: Slots) -> str:
    shift = int(slots["shift"])
    return "".join(
        chr((ord(letter) - 97 + shift) % 26 + 97) if letter.isalpha() else letter for letter in slots["words"]
    )


def _by_kind(slots: Slots) -> str:
    return _join([found for found in items(slots["words"]) if found in lexicon()[slots["kind"]]])


def _mixed(rng: Random) -> str:
    kind = rng.choice(("animal", "fruit", "tool", "vehicle"))
    others = [found for found in items(some(4, 5)(rng)) if found not in lexicon()[kind]]
    words = rng.sample(lexicon()[kind], 3) + others
    rng.shuffle(words)
    return f"{kind}: {', '.join(words)}"


def _pick_kind(slots: Slots) -> str:
    kind, _, words = slots["list"].partition(": ")
    return _by_kind({"kind": kind, "words": words})


def _swap(rng: Random) -> str:
    text = sentence(rng)
    old = rng.choice([part for part in text.split() if part in lexicon()["adjective"]])
    new = rng.choice([found for found in lexicon()["adjective"] if found != old])
    return f'"{old}" by "{new}" in "{text}."'


def _replace(slots: Slots) -> str:
    _, old, _, new, _, text, _ = slots["change"].split('"')
    return " ".join(new if part == old else part for part in text.split(" "))


def _countable(rng: Random) -> str:
    return rng.choice(lexicon()[rng.choice(("tool", "animal", "building", "furniture", "profession", "vehicle"))])


FAMILIES = (
    Family(
        ("Sort alphabetically: {words}.", "Put these words into alphabetical order: {words}."),
        lambda slots: ", ".join(sorted(items(slots["words"]))),
        {"words": some(6, 10)},
        is_stated=True,
    ),
    Family(
        ("Reverse the order of {words}.", "Write this list backwards: {words}."),
        lambda slots: ", ".join(reversed(items(slots["words"]))),
        {"words": some(6, 9)},
        is_stated=True,
    ),
    Family(
        ("Remove the repetitions from {words}.", "Keep each word once: {words}."),
        lambda slots: ", ".join(dict.fromkeys(items(slots["words"]))),
        {"words": _repeated},
    ),
    Family(
        ('How many words does "{text}." have?', 'Count the words in "{text}."'),
        lambda slots: str(len(slots["text"].split())),
        {"text": sentence},
        is_stated=True,
    ),
    Family(
        ('How often does the letter {letter} occur in "{text}."?', 'Count the letter {letter} in "{text}."'),
        lambda slots: str(slots["text"].lower().count(slots["letter"])),
        {"text": sentence, "letter": one(*LETTERS)},
        is_stated=True,
    ),
    Family(
        ('Write "{text}" in {case}.', 'Change "{text}" to {case}.'),
        lambda slots: CASES[slots["case"]](slots["text"]),
        {"text": sentence, "case": one(*CASES)},
    ),
    Family(
        ("Which of {words} contain the letter {letter}?", "Select the words with the letter {letter}: {words}."),
        lambda slots: _join([found for found in items(slots["words"]) if slots["letter"] in found]),
        {"words": some(7, 10), "letter": one(*LETTERS)},
    ),
    Family(
        ("Which word is the longest, or the first of the longest: {words}?",),
        _longest,
        {"words": some(8, 12)},
        is_stated=True,
    ),
    Family(
        ("Make an acronym of the first letters of {words}.", "What do the initials of {words} spell, in capitals?"),
        _initials,
        {"words": some(7, 10)},
    ),
    Family(
        (
            "Move each letter of {words} {shift} places on, z to a.",
            "Encode {words} by a Caesar cipher with shift {shift}.",
        ),
        _caesar,
        {"words": some(7, 9), "shift": number(2, 12)},
    ),
    Family(
        ("Select each {list}.", "Find every {list}."),
        _pick_kind,
        {"list": _mixed},
    ),
    Family(
        ("Replace {change}", "Exchange {change}"),
        _replace,
        {"change": _swap},
    ),
    Family(
        ('Extract the email addresses from "{text}."', 'Which email addresses are in "{text}."?'),
        _find_addresses,
        {"text": _addresses},
    ),
    Family(
        ("Give the length of each word: {words}.", "How many letters does each of {words} have?"),
        lambda slots: ", ".join(f"{found} {len(found)}" for found in items(slots["words"])),
        {"words": some(7, 10)},
    ),
    Family(
        ("Write the plural of {words}.", "Put into the plural: {words}."),
        lambda slots: ", ".join(_plural(found) for found in items(slots["words"])),
        {"words": some(7, 10, _countable)},
    ),
)


def _plural(noun: str) -> str:
    if noun in IRREGULAR:
        return IRREGULAR[noun]
    if noun.endswith(("s", "ch", "sh", "x")):
        return noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"
