"""A stage once more over what the journal holds: it reads and judges anew, and asks nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from selfinstruct.engine.stages.protocol import Stage
from selfinstruct.types import GENERATE, Decision, Instruction, Item, Reply, Request

GONE = "was:"
"""How the id begins of what a request is about and only the reprocessed run has."""


class ReprocessedStage:
    """Another stage, without a question of its own. `goal` is how many to accept, `None`: all that there is.

    Requests may be about what is not in this run, and is marked as gone. The prompts are facts all the same, and such
    subjects are read with the others, since a parser counts on all of them; what is said of them is passed over.
    """

    recorded = False

    def __init__(self, stage: Stage, goal: int | None = None) -> None:
        self.name = stage.name
        self.goal = goal
        self._stage = stage

    @property
    def known(self) -> Mapping[str, Instruction]:
        """The instructions that requests name, by id."""
        return self._stage.known

    def initial_items(self) -> Sequence[Item]:
        """As the stage has it."""
        return self._stage.initial_items()

    def plan(self, index: int, pool_size: int) -> Request | None:  # noqa: ARG002 - nothing is asked
        """Nothing."""
        return None

    def on_planned(self, request: Request) -> None:
        """Told of every request, about those that are here."""
        self._stage.on_planned(self._here(request))

    def read(self, request: Request, reply: Reply) -> Sequence[Item]:
        """The items of a reply that are about instructions of this run."""
        items = self._stage.read(request, reply)
        if self.name == GENERATE:
            return items
        return [item for item in items if not item.subject.startswith(GONE)]

    def items_on_failure(self, request: Request) -> Sequence[Decision]:
        """What a failed request means for those of its subjects that are here."""
        return self._stage.items_on_failure(self._here(request))

    def on_settled(self, request: Request, decisions: Sequence[Decision]) -> None:
        """Told what became of a reply's items."""
        self._stage.on_settled(request, decisions)

    def _here(self, request: Request) -> Request:
        return replace(request, subjects=tuple(one for one in request.subjects if not one.id.startswith(GONE)))
