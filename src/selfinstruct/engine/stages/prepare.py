"""The stage `prepare`: training examples from raw instances, without a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from selfinstruct.api import PostProcessor
from selfinstruct.types import PREPARE, Decision, Example, Instruction, Item, Reply, Request


class PrepareStage:
    """Reads raw texts into examples. `subjects` are the instructions in order, seeds first if they are included.

    `facts` are those of instructions, by id.
    """

    name = PREPARE
    goal: int | None = None
    recorded = True

    def __init__(
        self,
        subjects: Sequence[Instruction],
        post_processor: PostProcessor,
        accepted: Sequence[Example] = (),
        *,
        facts: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._subjects = subjects
        self._post_processor = post_processor
        self._accepted = accepted
        self._facts = facts or {}
        self.known = {subject.id: subject for subject in subjects}

    def initial_items(self) -> Sequence[Item]:
        """The items that were accepted before."""
        return self._accepted

    def plan(self, index: int, pool_size: int) -> Request | None:  # noqa: ARG002 - the pool has no effect here
        """A request for the raw text of the next instruction."""
        if index >= len(self._subjects):
            return None
        return Request(self.name, index, (), subjects=(self._subjects[index],))

    def on_planned(self, request: Request) -> None:
        """Do nothing."""

    def read(self, request: Request, reply: Reply) -> Sequence[Item]:
        """The examples in a raw text. For a seed, its own instances."""
        subject = request.subjects[0]
        if subject.seed is None:
            found: Sequence[Example] = self._post_processor.process(request, reply)
            facts = self._facts.get(subject.id)
            return [replace(one, notes={**one.notes, "facts": facts}) for one in found] if facts else list(found)
        seed = subject.seed
        return [
            Example(
                seed.instruction, instance.input, instance.output, seed.is_classification, subject.id, {"seed": True}
            )
            for instance in seed.instances
        ]

    def items_on_failure(self, request: Request) -> Sequence[Decision]:  # noqa: ARG002 - cannot happen
        """Return nothing: a recorded text cannot fail."""
        return ()

    def on_settled(self, request: Request, decisions: Sequence[Decision]) -> None:
        """Do nothing: filters have their own memory."""
