"""The stage `generate`: new instructions from sampled seeds and earlier machine instructions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import overload

from selfinstruct.api import PostProcessor, PromptEncoder, Sampler
from selfinstruct.store.ids import candidate_id
from selfinstruct.types import (
    GENERATE,
    Decision,
    Draft,
    Instruction,
    PoolView,
    Reply,
    Request,
    Sampling,
)


class PoolPrefix(Sequence[Instruction]):
    """The first `length` members of a growing list: a snapshot without a copy."""

    def __init__(self, members: Sequence[Instruction], length: int) -> None:
        self._members = members
        self._length = length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Instruction: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Instruction]: ...
    def __getitem__(self, index: int | slice) -> Instruction | Sequence[Instruction]:
        if isinstance(index, slice):
            return [self._members[i] for i in range(*index.indices(self._length))]
        return self._members[range(self._length)[index]]

    def __iter__(self) -> Iterator[Instruction]:
        return (self._members[i] for i in range(self._length))


class GenerateStage:
    """Requests new tasks until enough are accepted."""

    name = GENERATE
    recorded = False

    def __init__(
        self,
        seeds: Sequence[Instruction],
        sampler: Sampler,
        encoder: PromptEncoder,
        *,
        post_processor: PostProcessor,
        sampling: Sampling,
        seed: int,
        goal: int | None,
        accepted: Sequence[Instruction] = (),
    ) -> None:
        self.goal = goal
        self._seeds = seeds
        self._machine = list(accepted)
        self._by_id = {instruction.id: instruction for instruction in [*self._seeds, *self._machine]}
        self._sampler = sampler
        self._encoder = encoder
        self._post_processor = post_processor
        self._sampling = sampling
        self._seed = seed

    @property
    def known(self) -> Mapping[str, Instruction]:
        """All members of the pool by id."""
        return self._by_id

    def initial_items(self) -> Sequence[Draft]:
        """The seeds, marked as such, then the accepted instructions."""
        seeds = [Draft(instruction.text, notes={"seed": True}) for instruction in self._seeds]
        return [*seeds, *(Draft(instruction.text) for instruction in self._machine)]

    def plan(self, index: int, pool_size: int) -> Request:
        """Sample examples from the first `pool_size` members of the pool, and write the prompt."""
        rng = Random(f"{self._seed}:{self.name}:{index}")  # noqa: S311 - reproducible, not secret
        view = PoolView(self.name, index, self._seeds, PoolPrefix(self._machine, pool_size), rng)
        examples = tuple(self._sampler.sample(view))
        messages = tuple(self._encoder.encode(examples, ()))
        schema = self._encoder.schema(examples, ())
        return Request(self.name, index, messages, self._sampling, examples, schema=schema)

    def on_planned(self, request: Request) -> None:
        """Do nothing."""

    def read(self, request: Request, reply: Reply) -> Sequence[Draft]:
        """The drafts of a reply."""
        return self._post_processor.process(request, reply)

    def items_on_failure(self, request: Request) -> Sequence[Decision]:  # noqa: ARG002 - the request has no subjects
        """Return nothing: a failed request leaves no candidates."""
        return ()

    def on_settled(self, request: Request, decisions: Sequence[Decision]) -> None:
        """Add the accepted instructions to the pool."""
        for decision in decisions:
            if decision.fate == "accepted":
                instruction = Instruction(candidate_id(GENERATE, request.index, decision.position), decision.text)
                self._machine.append(instruction)
                self._by_id[instruction.id] = instruction
