"""What the runner holds of each request under way, where a stage ends, and what it needs of whoever answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from selfinstruct.engine.answerers import Answer
from selfinstruct.types import Failure, Reply, Request


class Answerer(Protocol):
    """Whoever answers requests: a live model, or recorded replies."""

    async def answer(self, request: Request) -> Answer:
        """The answer to a request, or an error that ends the run."""

    def stop(self) -> None:
        """Let what is under way end, and start nothing more."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a stage ends, besides its goal.

    lookahead          requests planned beyond the last settled one; part of what makes a result
    max_candidates     candidates to judge in all, `None` for no cap
    patience           requests in a row that may bring nothing accepted before the pool counts as saturated
    min_acceptance     share of candidates, over the last requests, below which it does too; `None` for no such rule
    acceptance_window  how many those last requests are
    journal_only       settle what the journal holds, and plan nothing new
    """

    lookahead: int
    max_candidates: int | None = None
    patience: int = 50
    min_acceptance: float | None = None
    acceptance_window: int = 50
    journal_only: bool = False


@dataclass(slots=True)
class PendingRequest:
    """A request under way, or one whose answer the journal held."""

    request: Request
    evaluated: int
    task: asyncio.Task[Answer] | None
    answer: Reply | Failure | None = None

    def known(self) -> Reply | Failure | None:
        """The answer, if it is there by now."""
        if self.answer is None and self.task is not None and self.task.done() and not self.task.cancelled():
            found = None if self.task.exception() else self.task.result()
            return found if isinstance(found, Reply | Failure) else None
        return self.answer

    async def get(self) -> Answer:
        """The answer, waited for; raises what ends the run."""
        if self.answer is not None:
            return self.answer
        assert self.task is not None
        return await asyncio.shield(self.task)  # whoever cancels the run does not cancel a reply that is paid for
