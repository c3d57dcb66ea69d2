"""Notices when the last accepted instructions are less varied than the rest: topics, verbs, openings, lengths."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from selfinstruct.store import RunStore
from selfinstruct.text.phrases import verb_and_object

LAST, LEAST, EARLIER = 200, 50, 2000
"""Largest and smallest number of last instructions, at most a quarter of all; and most of the rest that are read."""

SHOWN = 8
"""Number of values of each kind that are shown, the most frequent of the last instructions first."""

MIN_SHARE, MIN_RISE, MIN_ERRORS = 0.15, 1.5, 5.0
"""A value has taken over if it has at least this share of the last instructions, at least so many times its share
before, and the difference is at least so many standard errors. A run that stays as varied practically never gets there.
"""

LEVERS = {
    "topic": "topics or personas in the prompt (generate.encoder.topics) bring other subjects",
    "verb": "the sampler coverage, or more seeds, bring other kinds of tasks",
    "opening": "a higher generate.sampling.temperature, or a lower threshold of the filter containment, may vary them",
    "length": "fewer machine-written examples in the prompt (generate.sampler.machine) give the seeds more weight",
}
"""What may help, by kind."""

_WORDS = {
    "topic": "have the topic '{}'",
    "verb": "ask to {}",
    "opening": "begin with '{}'",
    "length": "have {} words",
}


@dataclass(frozen=True, slots=True)
class ValueCount:
    """A value, and how many of the last instructions and of those before have it."""

    value: str
    last: int
    earlier: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The values of one kind in the `last` instructions, and in those before (`earlier`: how many were read).

    Of topics, both count only the instructions that have one.

    kind    "topic", "verb", "opening" (the first two words) or "length" (in words, in doubling steps)
    values  the most frequent ones of the last instructions
    errors  how far the share of the first of `taken_over` has risen, in standard errors
    """

    kind: str
    last: int
    earlier: int
    values: Sequence[ValueCount]
    taken_over: ValueCount | None
    errors: float

    @property
    def sentence(self) -> str:
        """What has taken over, and what may help; empty if nothing has."""
        if (found := self.taken_over) is None:
            return ""
        said = _WORDS[self.kind].format(found.value)
        before = f"{found.earlier / self.earlier:.0%} before"
        return (
            f"the tasks narrow: {found.last / self.last:.0%} of the last {self.last:,} instructions {said} ({before}); "
            f"{LEVERS[self.kind]}"
        )


def read_variety(store: RunStore) -> list[Comparison]:
    """Compare the last accepted instructions of a run with those before; empty if there are too few."""
    last, earlier = store.growth().last_and_earlier(LAST, EARLIER)
    if len(last) < LEAST:
        return []
    facts = store.ledger().task_facts()
    return compare(last, earlier, {identity: known["topic"] for identity, known in facts.items() if "topic" in known})


def compare(
    last: Sequence[tuple[str, str]], earlier: Sequence[tuple[str, str]], topics: Mapping[str, str] | None = None
) -> list[Comparison]:
    """Compare instructions, given with their ids, by verb, opening and length, and by topic where topics are known."""
    known = topics or {}
    kinds: Mapping[str, Callable[[str, str], str]] = {
        "topic": lambda identity, _: known.get(identity, ""),
        "verb": lambda _, text: verb_and_object(text).verb,
        "opening": lambda _, text: " ".join(text.split()[:2]).lower(),
        "length": lambda _, text: _length(len(text.split())),
    }
    found = []
    for kind, value_of in kinds.items():
        counts = [Counter(value_of(*one) for one in part) for part in (last, earlier)]
        for counted in counts:
            if kind == "topic":  # what is not classified yet has none, while a text without a known verb has another
                del counted[""]
        if min(counted.total() for counted in counts) >= LEAST and any(counts[0]):
            found.append(_compared(kind, counts[0], counts[1]))
    return found


def warning(comparisons: Iterable[Comparison]) -> str:
    """The sentence about what has narrowed most; empty if nothing has."""
    return max(comparisons, key=lambda one: one.errors, default=_NOTHING).sentence


def _compared(kind: str, last: Counter[str], earlier: Counter[str]) -> Comparison:
    sizes = last.total(), earlier.total()
    ranked = sorted(filter(None, last), key=lambda value: (-last[value], value))
    errors = {value: _errors(last[value], earlier[value], sizes) for value in ranked}
    risen = [value for value in ranked if errors[value] >= MIN_ERRORS]
    values = [ValueCount(value, last[value], earlier[value]) for value in ranked[:SHOWN]]
    if not risen:
        return Comparison(kind, *sizes, values, None, 0.0)
    most = max(risen, key=lambda value: errors[value])
    return Comparison(kind, *sizes, values, ValueCount(most, last[most], earlier[most]), errors[most])


def _errors(last: int, earlier: int, sizes: tuple[int, int]) -> float:
    """The rise of a share in standard errors (the test of two proportions); 0 if the share or its rise is small."""
    now, before = last / sizes[0], earlier / sizes[1]
    if now < MIN_SHARE or now < MIN_RISE * before:
        return 0.0
    pooled = (last + earlier) / sum(sizes)
    error = math.sqrt(pooled * (1 - pooled) * (1 / sizes[0] + 1 / sizes[1]))
    return (now - before) / error if error else 0.0


def _length(words: int) -> str:
    """A length in doubling steps: "5 to 8"."""
    top = 1 << max(0, words - 1).bit_length()
    return f"{top // 2 + 1} to {top}" if top > 2 else f"up to {top}"


_NOTHING = Comparison("", 0, 0, (), None, 0.0)
