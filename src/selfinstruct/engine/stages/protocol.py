"""What the engine needs of a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from selfinstruct.types import Decision, Instruction, Item, Reply, Request


class Stage(Protocol):
    """What to observe first, what to ask next, how to read the reply, and what to remember of it."""

    name: str
    goal: int | None
    """How many items to accept; `None` where every request is answered once and that is all."""

    @property
    def recorded(self) -> bool:
        """Whether the answers are in the journal already, so that requests need not be journalled."""

    @property
    def known(self) -> Mapping[str, Instruction]:
        """The instructions that requests name, by id."""

    def initial_items(self) -> Sequence[Item]:
        """The items that every filter observes before anything is judged."""

    def plan(self, index: int, pool_size: int) -> Request | None:
        """The request of that index, from the pool as it was when `pool_size` items had been accepted.

        `None` when nothing is to be asked, or not before what is under way has settled. Calling it twice gives the
        same request: what a stage remembers, it is told by `planned` and `settled`.
        """

    def on_planned(self, request: Request) -> None:
        """Told of every request in order, whether it was planned now or found in the journal."""

    def read(self, request: Request, reply: Reply) -> Sequence[Item]:
        """The items of a reply."""

    def items_on_failure(self, request: Request) -> Sequence[Decision]:
        """What a failed request means for those it asked about."""

    def on_settled(self, request: Request, decisions: Sequence[Decision]) -> None:
        """Told what became of a reply's items, in order, before the next request is planned."""
