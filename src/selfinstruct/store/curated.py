"""A run with the decisions of its reviewers, as every export writes it. The run itself does not change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import merge

from selfinstruct.store import RunStore
from selfinstruct.store.decisions import DecisionRow
from selfinstruct.store.ids import candidate_id, parse_candidate_id
from selfinstruct.store.review_items import item_digest
from selfinstruct.store.reviews import ReviewCounts, Reviews, ReviewState
from selfinstruct.store.rows import example_of
from selfinstruct.text.encoding import dumps
from selfinstruct.types import GENERATE, PREPARE, Example, Instruction

REVIEW = "review"
"""The filter that `rejected.jsonl` names for items that a person rejected."""

FATES = ("accepted", "rejected", "quarantined")
_NOTHING = ReviewState()


@dataclass(frozen=True, slots=True)
class KeptExample:
    """An exported training example: its id, its text after reviews, and its original in the run."""

    id: str
    example: Example
    original: Example


class CuratedRun:
    """A run with its reviews as they were when this object was made, so that all files of an export agree."""

    def __init__(self, store: RunStore) -> None:
        self.store = store
        self._states: Mapping[str, ReviewState] = {}
        self.review_counts: Mapping[str, ReviewCounts] = {}
        if (reviews := Reviews.open_readonly(store.folder)) is not None:
            try:
                self._states, self.review_counts = reviews.states(), reviews.counts()
            finally:
                reviews.close()

    # --- one item -----------------------------------------------------------------------------------------------------

    def state(self, stage: str, row: DecisionRow) -> ReviewState:
        """The review of a candidate. A review does not count if the example has changed since."""
        reviewable = stage in (GENERATE, PREPARE)
        name = candidate_id(stage, row.index, row.decision.position)
        found = self._states.get(name, _NOTHING) if reviewable else _NOTHING
        if not found.digest:
            return _NOTHING
        decision = row.decision
        same = item_digest(decision.subject, decision.text, dumps(dict(decision.payload))) == found.digest
        return found if same else _NOTHING

    def exclusion_reason(self, stage: str, row: DecisionRow) -> str:
        """Why reviewers exclude a candidate; empty if they do not. Excluding an instruction excludes its examples."""
        own = self.state(stage, row)
        if own.verdict == "rejected":
            return own.reason
        parent = self._states.get(row.decision.subject, _NOTHING)
        accepted = row.decision.fate == "accepted" or own.verdict == "accepted"
        if stage == PREPARE and accepted and parent.verdict == "rejected":
            return f"instruction: {parent.reason}"
        return ""

    def is_rejected(self, instruction: str) -> bool:
        """Whether reviewers reject the instruction with that id."""
        return self._states.get(instruction, _NOTHING).verdict == "rejected"

    def instruction_text(self, instruction: str, text: str) -> str:
        """An instruction's text, edited by reviewers if they did."""
        return self._states.get(instruction, _NOTHING).texts.get("instruction", text)

    # --- what is exported ---------------------------------------------------------------------------------------------

    def restored(self, stage: str) -> Iterator[DecisionRow]:
        """Candidates that a filter dropped and a reviewer accepts, in order."""
        if any(state.verdict == "accepted" for state in self._states.values()):
            for row in merge(
                self.store.decisions(stage, "rejected"), self.store.decisions(stage, "quarantined"), key=place
            ):
                if self.state(stage, row).verdict == "accepted":
                    yield row

    def excluded(self, stage: str) -> Iterator[tuple[DecisionRow, str]]:
        """Candidates that reviewers exclude, with the reason, in order."""
        if stage in (GENERATE, PREPARE) and any(state.verdict == "rejected" for state in self._states.values()):
            for row in merge(*(self.store.decisions(stage, fate) for fate in FATES), key=place):
                if why := self.exclusion_reason(stage, row):
                    yield row, why

    def instructions(self) -> Iterator[Instruction]:
        """The accepted instructions that nobody rejects, and those that people restored, in order, as they read now."""
        restored = (
            Instruction(candidate_id(GENERATE, row.index, row.decision.position), row.decision.text)
            for row in self.restored(GENERATE)
        )
        for instruction in merge(self.store.instructions(), restored, key=_instruction_place):
            if not self.is_rejected(instruction.id):
                yield Instruction(instruction.id, self.instruction_text(instruction.id, instruction.text))

    def examples(self) -> Iterator[KeptExample]:
        """Every training example that exports have, in order."""
        for row in merge(self.store.decisions(PREPARE, "accepted"), self.restored(PREPARE), key=place):
            if not self.exclusion_reason(PREPARE, row):
                was = example_of(row.decision)
                given = self.state(PREPARE, row).texts
                now = replace(
                    was,
                    instruction=given.get("instruction", self.instruction_text(was.subject, was.instruction)),
                    input=given.get("input", was.input),
                    output=given.get("output", was.output),
                )
                yield KeptExample(candidate_id(PREPARE, row.index, row.decision.position), now, was)


def _instruction_place(instruction: Instruction) -> tuple[str, int, int]:
    found = parse_candidate_id(instruction.id)
    assert found is not None, "an accepted instruction has the id of a candidate"
    return found


def place(row: DecisionRow) -> tuple[int, int]:
    """The request and position of a candidate in its stage."""
    return row.index, row.decision.position
