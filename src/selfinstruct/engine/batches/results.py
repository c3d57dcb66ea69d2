"""Collects what a batch has brought, and tells what is wrong with its requests from what is wrong with all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeGuard

from selfinstruct.engine.batches.request_lines import BatchResult, read_result
from selfinstruct.engine.retry_policy import without_numbers
from selfinstruct.engine.unproductive import FIRST_FAILURES, all_failed
from selfinstruct.errors import ModelError, SelfInstructError, pluralize
from selfinstruct.types import Failure, Fault, Reply, Request, Unusable


class BatchResults:
    """The results of one batch.

    count       how many results there are
    seen        waiting requests with a result
    answered    requests whose answer is in the journal
    faults      requests without an answer that have a result, and the last fault of each
    strangers   results of other requests
    unreadable  lines that hold no result, or only the start of one
    refusal     why no request of the batch can succeed; they have no answer then, and are sent again
    """

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.answered: set[int] = set()
        self.faults: dict[int, Fault] = {}
        self.count = self.strangers = self.unreadable = 0
        self.refusal: SelfInstructError | None = None
        self._unexplained: dict[int, tuple[Request, Failure]] = {}

    def read(self, lines: Iterable[bytes]) -> Iterator[BatchResult]:
        """The results in these lines, all of which are counted."""
        for line in lines:
            if result := read_result(line):
                self.count += 1
                yield result
            elif line.strip():
                self.unreadable += 1

    def remarks(self, place: str) -> Iterator[str]:
        """What the user should know about results and lines that are left out."""
        if self.strangers:
            yield f"left out of {place}: {pluralize(self.strangers, 'result')} of other requests"
        if self.unreadable:
            yield f"left out of {place}: {pluralize(self.unreadable, 'line')} without a result, or with half of one"

    def add(self, answer: Reply | Failure | Fault, request: Request) -> TypeGuard[Reply | Failure]:
        """Take the answer to a request; returns whether to journal it now."""
        self.seen.add(request.index)
        self._unexplained.pop(request.index, None)
        self.faults.pop(request.index, None)
        if isinstance(answer, Failure) and answer.may_pass:
            self._unexplained[request.index] = (request, answer)
            return False
        if isinstance(answer, Reply | Failure):
            self.answered.add(request.index)
            return True
        self.faults[request.index] = answer
        return False

    def unexplained_failures(self) -> Iterator[tuple[Request, Failure]]:
        """The refused requests to journal as failures: none if a batch without an answer was refused in one voice."""
        unusable = next((fault for fault in self.faults.values() if isinstance(fault, Unusable)), None)
        self.refusal = ModelError(unusable.message, unusable.hint) if unusable else None
        failures = list(self._unexplained.values())
        alike = {without_numbers(failure.message) for _, failure in failures}
        if not self.answered and len(alike) == 1 and len(failures) >= FIRST_FAILURES:
            request, failure = failures[-1]
            self.refusal = self.refusal or all_failed(len(failures), failure, request.schema is not None)
            return
        for request, failure in failures:
            self.answered.add(request.index)
            yield request, replace(failure, may_pass=False)
