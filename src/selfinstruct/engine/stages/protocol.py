"""The protocol of stages, as the engine uses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from selfinstruct.types import Decision, Instruction, Item, Reply, Request


class Stage(Protocol):
    """A stage: it plans requests, reads replies into items, and keeps track of the results."""

    name: str
    goal: int | None
    """Number of items to accept; `None` if the stage ends when every request is answered."""

    @property
    def recorded(self) -> bool:
        """Whether the answers are in the journal already, so that requests are not recorded."""

    @property
    def known(self) -> Mapping[str, Instruction]:
        """The instructions in requests, by id."""

    def initial_items(self) -> Sequence[Item]:
        """The items that every filter observes before the first evaluation."""

    def plan(self, index: int, pool_size: int) -> Request | None:
        """The request with this index, from the pool as it was when `pool_size` items had been accepted.

        `None` if there is nothing to request, or nothing before pending requests are settled. Calling it twice gives
        the same request, because the state changes only in `on_planned` and `on_settled`.
        """

    def on_planned(self, request: Request) -> None:
        """Note a request. Called for every request in order, whether it was planned now or found in the journal."""

    def read(self, request: Request, reply: Reply) -> Sequence[Item]:
        """The items of a reply."""

    def items_on_failure(self, request: Request) -> Sequence[Decision]:
        """The decisions on the subjects of a failed request."""

    def on_settled(self, request: Request, decisions: Sequence[Decision]) -> None:
        """Note the decisions on a reply. Called in order, before the next request is planned."""
