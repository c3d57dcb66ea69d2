"""Checks before each commit that candidates = accepted + rejected + quarantined."""

from __future__ import annotations

from collections.abc import Sequence

from selfinstruct.errors import SelfInstructError
from selfinstruct.files.names import RUN_FILE
from selfinstruct.store import Totals
from selfinstruct.store.damage import damaged
from selfinstruct.types import Decision, Request

BUG = "This is a bug in selfinstruct, and nothing of the request was recorded. Please report it."


class FateBalance:
    """Running counts of candidates and fates of one stage, starting from those in the store.

    `expected_candidates` is the number of candidates in all settlements. Raises `DamagedRunError` if the number of
    fates differs.
    """

    def __init__(self, stage: str, totals: Totals, expected_candidates: int) -> None:
        self._stage = stage
        self.accepted, self._rejected, self._quarantined = totals.accepted, totals.rejected, totals.quarantined
        self.candidates = expected_candidates
        if found := self._imbalance():
            raise damaged(RUN_FILE, f"its counts of {stage} do not add up: {found}")

    def settle(self, request: Request, decisions: Sequence[Decision], before: int, *, evaluated: int) -> None:
        """Count a reply's candidates from position `before` to `judged`, and their fates.

        Raises `SelfInstructError` if the fates do not match the candidates at these positions.
        """
        name = f"request {request.index}"
        positions = [decision.position for decision in decisions]
        if positions != list(range(before, evaluated)):
            found = (
                f"candidates {before} to {evaluated - 1} were evaluated"
                if evaluated > before
                else "nothing was evaluated"
            )
            raise self._broken(name, f"{found}, and there are fates for {positions or 'none'}")
        self.candidates += evaluated - before
        for decision in decisions:
            self._count(decision, name)
        if found := self._imbalance():
            raise self._broken(name, found)

    def _count(self, decision: Decision, name: str) -> None:
        if decision.fate == "accepted" and (decision.filter or decision.reason):
            raise self._broken(name, f"candidate {decision.position} was accepted, and dropped by {decision.filter}")
        if decision.fate != "accepted" and not decision.reason:
            raise self._broken(name, f"candidate {decision.position} was {decision.fate} without a reason")
        self.accepted += decision.fate == "accepted"
        self._rejected += decision.fate == "rejected"
        self._quarantined += decision.fate == "quarantined"

    def _imbalance(self) -> str:
        """What does not add up; empty if all does."""
        if self.accepted + self._rejected + self._quarantined == self.candidates:
            return ""
        found = f"{self.accepted} accepted, {self._rejected} rejected, {self._quarantined} quarantined"
        return f"{self.candidates} candidates, but {found}"

    def _broken(self, name: str, found: str) -> SelfInstructError:
        return SelfInstructError(f"the counts of {self._stage} do not add up at {name}: {found}", BUG)
