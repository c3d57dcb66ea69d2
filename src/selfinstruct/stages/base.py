"""What the engine needs of a stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from selfinstruct.types import Decision, Draft, Reply, Request


class Stage(Protocol):
    """What to observe first, what to ask next, how to read the reply, and what to remember of it."""

    name: str
    goal: int | None
    """How many items to accept; `None` where every request is answered once and that is all."""

    def first(self) -> Sequence[Draft]:
        """The items that every filter observes before anything is judged."""

    def plan(self, index: int, pool_size: int) -> Request | None:
        """The request of that index, from the pool as it was when `pool_size` items had been accepted.

        `None` when nothing is left to ask. Pure: the same arguments, the same request.
        """

    def read(self, request: Request, reply: Reply) -> Sequence[Draft]:
        """The items of a reply."""

    def settled(self, request: Request, decisions: Sequence[Decision]) -> None:
        """Told what became of a reply's items, in order, before the next request is planned."""
