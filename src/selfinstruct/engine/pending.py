"""Values of the runner: pending requests, the bounds of a stage, and the protocol of answerers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from selfinstruct.engine.live_answerer import Answer
from selfinstruct.types import Failure, Reply, Request


class Answerer(Protocol):
    """Answers requests, from a live model or from recorded replies."""

    @property
    def is_repeatable(self) -> bool:
        """Whether an answer can be had again at no cost, so that none has to wait until it is on disk."""

    async def answer(self, request: Request) -> Answer:
        """Return the answer to a request, or raise an error that ends the run."""

    def stop(self) -> None:
        """Start no further call; calls in flight end."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of a stage, in addition to its goal.

    lookahead          requests planned beyond the last settled one; affects results
    max_candidates     candidates to evaluate in total; `None` for no limit
    patience           requests in a row without an accepted item after which the pool counts as saturated
    min_acceptance     share of accepted candidates in recent requests below which it does too; `None` for no such rule
    acceptance_window  number of these recent requests
    most_requests      plan no more requests than this in total, but settle all that the journal holds; `None`: no limit
    """

    lookahead: int
    max_candidates: int | None = None
    patience: int = 50
    min_acceptance: float | None = None
    acceptance_window: int = 50
    most_requests: int | None = None


@dataclass(slots=True)
class PendingRequest:
    """A request in flight, or one with an answer from the journal; `has_text`: its reply is more than thinking."""

    request: Request
    evaluated: int
    task: asyncio.Task[Answer] | None
    answer: Reply | Failure | None = None
    has_text: bool = True

    def known(self) -> Reply | Failure | None:
        """The answer, or `None` if it has not arrived."""
        if self.answer is None and self.task is not None and self.task.done() and not self.task.cancelled():
            found = None if self.task.exception() else self.task.result()
            return found if isinstance(found, Reply | Failure) else None
        return self.answer

    async def get(self) -> Answer:
        """Wait for the answer. Raises errors that end the run."""
        if self.answer is not None:
            return self.answer
        assert self.task is not None
        return await asyncio.shield(self.task)  # cancelling the run must not cancel a paid reply


def left_of(most: int | None, used: int) -> int | None:
    """How much of a limit is left; `None` if there is no limit."""
    return None if most is None else most - used
