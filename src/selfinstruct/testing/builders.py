"""Builders of the values that components are given, with defaults that a test can leave as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from random import Random
from typing import overload

from selfinstruct.api import (
    GENERATE,
    Draft,
    Example,
    Finish,
    Instance,
    Instruction,
    Json,
    Message,
    PoolView,
    Reply,
    Request,
    SeedTask,
)

_OPEN = (
    "Write a short letter about {}.",
    "Explain to a child how {} works.",
    "Name three reasons why people like {}.",
    "Rewrite the given paragraph about {} in one sentence.",
)
_CLOSED = (
    "Decide whether the given sentence about {} is true or false.",
    "Sort the given comment on {} into praise, blame or neither.",
)
_TOPICS = ("the weather", "a railway", "honey", "the moon", "chess", "old bridges", "a bakery", "sleep", "tides", "ink")

MOST_SEEDS = (len(_OPEN) + len(_CLOSED)) * len(_TOPICS)
"""How many different seed tasks `make_seeds` can give."""


class ReadOnlySequence(Sequence[Instruction]):
    """A sequence that can be read and nothing else, as the pool is that a run shows to samplers."""

    def __init__(self, members: Sequence[Instruction]) -> None:
        self._members = tuple(members)

    def __len__(self) -> int:
        return len(self._members)

    @overload
    def __getitem__(self, index: int) -> Instruction: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Instruction]: ...
    def __getitem__(self, index: int | slice) -> Instruction | Sequence[Instruction]:
        return self._members[index]

    def __iter__(self) -> Iterator[Instruction]:
        return iter(self._members)


def make_seeds(count: int = 12) -> list[SeedTask]:
    """So many different seed tasks, at most `MOST_SEEDS`; every third one is a classification task."""
    closed = [(form.format(topic), True) for topic, form in product(_TOPICS, _CLOSED)]
    others = [(form.format(topic), False) for topic, form in product(_TOPICS, _OPEN)]
    mixed = [entry for i, entry in enumerate(closed) for entry in (*others[2 * i : 2 * i + 2], entry)]
    return [
        SeedTask(f"seed{index}", text, (Instance(f"Input {index}.", "true" if clf else f"Output {index}."),), clf)
        for index, (text, clf) in enumerate(mixed[:count])
    ]


def make_instruction(text: str = "Describe a quiet harbour.", id: str = "g0.0", clf: bool | None = None) -> Instruction:  # noqa: A002
    """A machine-written instruction; `clf` says whether it is a classification task, `None` that it is not known."""
    return Instruction(id, text, None, clf)


def members_of(seeds: Sequence[SeedTask]) -> list[Instruction]:
    """Seed tasks as members of the pool."""
    return [Instruction(seed.id, seed.instruction, seed, seed.is_classification) for seed in seeds]


def make_machine(count: int) -> list[Instruction]:
    """So many accepted instructions, all different."""
    return [make_instruction(f"Describe harbour number {index} at dawn.", f"g{index}.0") for index in range(count)]


def make_pool_view(
    seeds: int = 12, machine: int = 4, stage: str = GENERATE, *, index: int = 0, seed: int = 0
) -> PoolView:
    """What a sampler sees: so many seeds, so many accepted instructions, and a generator made from `seed`."""
    rng = Random(f"{seed}:{stage}:{index}")  # noqa: S311 - reproducible, not secret
    return PoolView(
        stage, index, ReadOnlySequence(members_of(make_seeds(seeds))), ReadOnlySequence(make_machine(machine)), rng
    )


def make_request(
    stage: str = GENERATE,
    index: int = 0,
    prompt: str = "Write new tasks.",
    *,
    examples: Sequence[Instruction] = (),
    subjects: Sequence[Instruction] = (),
) -> Request:
    """A request of a stage."""
    return Request(stage, index, (Message("user", prompt),), examples=tuple(examples), subjects=tuple(subjects))


def make_reply(text: str = "1. Describe a quiet harbour.", finish: Finish = "stop") -> Reply:
    """A model's answer."""
    return Reply(text, finish, model="scripted", created_at="2000-01-01T00:00:00+00:00")


def make_draft(
    text: str = "Describe a quiet harbour.", examples: Sequence[str] = (), notes: Mapping[str, Json] | None = None
) -> Draft:
    """A candidate instruction; `examples` are what its prompt showed."""
    return Draft(text, tuple(examples), notes or {})


def make_example(
    instruction: str = "Say whether the number is even.",
    input: str = "8",  # noqa: A002 - the field's name
    output: str = "Yes, 8 is even.",
    *,
    clf: bool = False,
    subject: str = "g0.0",
    notes: Mapping[str, Json] | None = None,
) -> Example:
    """A training example."""
    return Example(instruction, input, output, clf, subject, notes or {})
