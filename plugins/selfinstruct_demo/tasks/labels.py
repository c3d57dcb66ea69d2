"""Classification tasks: kinds, moods, rules that a task states, thresholds, and true or false."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from selfinstruct_demo.tasks.family import Family, Slots
from selfinstruct_demo.words import integers, items, kinds, lexicon, number, numbers, sentence, some, thing, word

QUEUES = ("billing", "delivery", "repairs", "sales", "security", "hiring")
SIZES = ("light", "normal", "heavy")


def _choice(rng: Random) -> str:
    """A thing and five kinds, one of which is its own."""
    kind, *others = rng.sample(kinds(), 5)
    labels = [kind, *others]
    rng.shuffle(labels)
    text = rng.choice(lexicon()[kind])
    shown = '", "'.join(labels[:-1])
    return f'{text}": "{shown}" or "{labels[-1]}'


def _choice_labels(slots: Slots) -> Sequence[str]:
    return slots["choice"].split('"')[2::2]


def _choose(slots: Slots) -> str:
    text = slots["choice"].split('"')[0]
    return next(kind for kind in _choice_labels(slots) if text in lexicon()[kind])


def _odd_list(rng: Random) -> str:
    kind, other = rng.sample(kinds(), 2)
    words = [*rng.sample(lexicon()[kind], 6), rng.choice(lexicon()[other])]
    rng.shuffle(words)
    return ", ".join(words)


def _odd_one(slots: Slots) -> str:
    words = items(slots["words"])
    homes = [next(kind for kind in kinds() if found in lexicon()[kind]) for found in words]
    return next(found for found, home in zip(words, homes, strict=True) if homes.count(home) == 1)


def _review(rng: Random) -> str:
    mood = rng.choice(("praise", "blame"))
    first, second = rng.sample(lexicon()[mood], 2)
    return f"{sentence(rng)}, which is {first} and {second}"


def _mood(slots: Slots) -> str:
    text = slots.get("input", "") or slots["text"]
    return "positive" if any(found in text.split() for found in lexicon()["praise"]) else "negative"


def _rules(rng: Random) -> str:
    first, second = rng.sample(QUEUES, 2)
    words = items(some(8, 8)(rng))
    return f'{", ".join(words[:4])} "{first}", {", ".join(words[4:])} "{second}", else "other'


def _rule_words(slots: Slots) -> dict[str, list[str]]:
    """The words that lead to each label, in the order of the rules."""
    words, first, more, second, _, rest = slots["rules"].split('"')
    return {first: items(words.strip()), second: items(more.strip(", ")), rest: []}


def _queue_note(slots: Slots, rng: Random) -> str:
    rules = _rule_words(slots)
    known = [found for words in rules.values() for found in words]
    label = rng.choice(list(rules))
    about = rng.choice(rules[label] or [found for found in items(some(9, 9)(rng)) if found not in known])
    person, city, adjective = (rng.choice(lexicon()[kind]) for kind in ("name", "city", "adjective"))
    return f"{person} from {city} has a question about the {adjective} {about}."


def _route(slots: Slots) -> str:
    said = slots["input"].rstrip(".").split()
    rules = _rule_words(slots)
    return next((label for label, words in rules.items() if any(found in said for found in words)), list(rules)[-1])


def _scale(slots: Slots) -> str:
    (value,) = integers(slots["input"])
    low, high = int(slots["low"]), int(slots["high"])
    return SIZES[(value >= low) + (value > high)]


def _weight(slots: Slots, rng: Random) -> str:
    value = rng.choice([rng.randint(1, int(slots["low"]) - 1), rng.randint(int(slots["low"]), int(slots["high"])),
                        rng.randint(int(slots["high"]) + 1, 900)])  # fmt: skip
    return (
        f"The {rng.choice(lexicon()['adjective'])} {thing(rng)} for {rng.choice(lexicon()['name'])} weighs {value} kg."
    )


def _true(condition: bool) -> str:
    return "true" if condition else "false"


def _yes(condition: bool) -> str:
    return "yes" if condition else "no"


def _true_false(_: Slots) -> Sequence[str]:
    return "true", "false"


def _yes_no(_: Slots) -> Sequence[str]:
    return "yes", "no"


def _list_and_word(rng: Random) -> str:
    words = items(some(7, 9)(rng))
    return f"{rng.choice(words) if rng.random() < 0.5 else thing(rng)} among {', '.join(words)}"


FAMILIES = (
    Family(
        ('Which label fits "{choice}"?', 'Classify "{choice}".'),
        _choose,
        {"choice": _choice},
        labels=_choice_labels,
    ),
    Family(
        (
            "Find the odd one out: {words}.",
            "Which one does not belong: {words}?",
        ),
        _odd_one,
        {"words": _odd_list},
        labels=lambda slots: items(slots["words"]),
    ),
    Family(
        (
            'Is this "positive" or "negative"? {text}.',
            'Judge "positive" or "negative": {text}.',
        ),
        _mood,
        {"text": _review},
        labels=lambda _: ("positive", "negative"),
    ),
    Family(
        (
            'Classify the given note by its subject: {rules}".',
            '{name} in {city} labels mail on {rules}". Label the given note.',
        ),
        _route,
        {"city": word("city"), "name": word("name"), "rules": _rules},
        give=_queue_note,
        labels=lambda slots: tuple(_rule_words(slots)),
    ),
    Family(
        (
            'Classify the given load of {things}: below {low} kg "light", above {high} kg "heavy", else "normal".',
            '{name} ships {things}. Is the given load "light" below {low}, "heavy" above {high}, else "normal"?',
        ),
        _scale,
        {
            "name": word("name"),
            "city": word("city"),
            "low": number(10, 200),
            "high": number(210, 700),
            "things": some(7, 9),
        },
        give=_weight,
        labels=lambda _: SIZES,
    ),
    Family(
        (
            "True or false: the sum of {numbers} is above {bound}.",
            "Answer true or false: {numbers} total more than {bound}.",
        ),
        lambda slots: _true(sum(integers(slots["numbers"])) > int(slots["bound"])),
        {"numbers": numbers(6, 8), "bound": number(2500, 4500)},
        labels=_true_false,
    ),
    Family(
        ("True or false: {numbers} rise from each to the next.", "Are {numbers} in rising order, true or false?"),
        lambda slots: _true(sorted(integers(slots["numbers"])) == integers(slots["numbers"])),
        {"numbers": lambda rng: _maybe_sorted(rng)},
        labels=_true_false,
    ),
    Family(
        ("Answer yes or no: is {claim}?", "Yes or no, is {claim}?"),
        lambda slots: _yes(slots["claim"].split(" among ")[0] in items(slots["claim"].split(" among ")[1])),
        {"claim": _list_and_word},
        labels=_yes_no,
    ),
    Family(
        (
            'Is the sum of {numbers} "odd" or "even"?',
            'Label the total of {numbers} as "odd" or "even".',
        ),
        lambda slots: "odd" if sum(integers(slots["numbers"])) % 2 else "even",
        {"numbers": numbers(7, 9)},
        labels=lambda _: ("odd", "even"),
    ),
)


def _maybe_sorted(rng: Random) -> str:
    values = sorted(rng.sample(range(10, 990), 7))
    if rng.random() < 0.5:
        at = rng.randrange(6)
        values[at], values[at + 1] = values[at + 1], values[at]
    return ", ".join(map(str, values))
