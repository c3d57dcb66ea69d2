"""Runs a stage again over the journal: replies are read and evaluated again, and nothing is requested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from selfinstruct.engine.stages.protocol import Stage
from selfinstruct.types import GENERATE, Decision, Instruction, Item, Reply, Request

GONE = "was:"
"""Prefix of the id of a subject that only the source of the reprocessing has."""


class ReprocessedStage:
    """Wraps a stage so that it plans no requests. `goal` is the number of items to accept; `None` means all.

    Requests may have subjects that this run lacks; they are marked as gone. They are still passed to the parser, which
    needs all subjects of a request, and the answers about them are ignored.
    """

    recorded = False

    def __init__(self, stage: Stage, goal: int | None = None) -> None:
        self.name = stage.name
        self.goal = goal
        self._stage = stage

    @property
    def known(self) -> Mapping[str, Instruction]:
        """The instructions in requests, by id."""
        return self._stage.known

    def initial_items(self) -> Sequence[Item]:
        """The initial items of the wrapped stage."""
        return self._stage.initial_items()

    def plan(self, index: int, pool_size: int) -> Request | None:  # noqa: ARG002 - nothing is asked
        """Return `None`, since nothing is requested."""
        return None

    def on_planned(self, request: Request) -> None:
        """Note a request with the subjects that this run has."""
        self._stage.on_planned(self._here(request))

    def read(self, request: Request, reply: Reply) -> Sequence[Item]:
        """The items of a reply about instructions of this run."""
        items = self._stage.read(request, reply)
        if self.name == GENERATE:
            return items
        return [item for item in items if not item.subject.startswith(GONE)]

    def items_on_failure(self, request: Request) -> Sequence[Decision]:
        """The decisions on the subjects of a failed request that this run has."""
        return self._stage.items_on_failure(self._here(request))

    def on_settled(self, request: Request, decisions: Sequence[Decision]) -> None:
        """Note the decisions on a reply."""
        self._stage.on_settled(request, decisions)

    def _here(self, request: Request) -> Request:
        return replace(request, subjects=tuple(one for one in request.subjects if not one.id.startswith(GONE)))
