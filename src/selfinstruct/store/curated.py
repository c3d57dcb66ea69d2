"""A run as its reviewers left it: what every export writes. The run itself, and how it goes on, stay as they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import merge

from selfinstruct.store import RunStore
from selfinstruct.store.ids import candidate_id
from selfinstruct.store.items import fingerprint
from selfinstruct.store.reviews import ReviewCounts, Reviews, ReviewState
from selfinstruct.store.rows import DecisionRow, example_of
from selfinstruct.text.encoding import dumps
from selfinstruct.types import GENERATE, PREPARE, Example, Instruction

REVIEW = "review"
"""What `rejected.jsonl` calls the filter of what a person rejected."""

FATES = ("accepted", "rejected", "quarantined")
_NOTHING = ReviewState()


@dataclass(frozen=True, slots=True)
class KeptExample:
    """A training example that exports have: its id, how it reads now, and how the run has it."""

    id: str
    example: Example
    original: Example


class CuratedRun:
    """A run with the reviews as they stood when this was made, so that one export agrees with itself."""

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
        """Where the review of a candidate stands; of an example that is not what was reviewed, nothing counts."""
        reviewable = stage in (GENERATE, PREPARE)
        name = candidate_id(stage, row.index, row.decision.position)
        found = self._states.get(name, _NOTHING) if reviewable else _NOTHING
        if not found.fingerprint:
            return _NOTHING
        decision = row.decision
        same = fingerprint(decision.subject, decision.text, dumps(dict(decision.payload))) == found.fingerprint
        return found if same else _NOTHING

    def exclusion_reason(self, stage: str, row: DecisionRow) -> str:
        """Why people leave a candidate out; empty if they do not. An instruction takes its examples with it."""
        own = self.state(stage, row)
        if own.verdict == "rejected":
            return own.reason
        parent = self._states.get(row.decision.subject, _NOTHING)
        accepted = row.decision.fate == "accepted" or own.verdict == "accepted"
        if stage == PREPARE and accepted and parent.verdict == "rejected":
            return f"instruction: {parent.reason}"
        return ""

    def is_rejected(self, instruction: str) -> bool:
        """Whether people reject the instruction of that id."""
        return self._states.get(instruction, _NOTHING).verdict == "rejected"

    def instruction_text(self, instruction: str, text: str) -> str:
        """An instruction's text as it stands now."""
        return self._states.get(instruction, _NOTHING).texts.get("instruction", text)

    # --- what is exported ---------------------------------------------------------------------------------------------

    def restored(self, stage: str) -> Iterator[DecisionRow]:
        """Candidates that a filter dropped and a person accepts, in order."""
        if any(standing.verdict == "accepted" for standing in self._states.values()):
            for row in merge(
                self.store.decisions(stage, "rejected"), self.store.decisions(stage, "quarantined"), key=place
            ):
                if self.state(stage, row).verdict == "accepted":
                    yield row

    def excluded(self, stage: str) -> Iterator[tuple[DecisionRow, str]]:
        """Candidates that people leave out, with the reason, in order."""
        if stage in (GENERATE, PREPARE) and any(standing.verdict == "rejected" for standing in self._states.values()):
            for row in merge(*(self.store.decisions(stage, fate) for fate in FATES), key=place):
                if why := self.exclusion_reason(stage, row):
                    yield row, why

    def instructions(self) -> Iterator[Instruction]:
        """The run's accepted instructions that nobody rejects, as they read now; those taken in have no answers."""
        for instruction in self.store.instructions():
            if not self.is_rejected(instruction.id):
                yield Instruction(instruction.id, self.instruction_text(instruction.id, instruction.text))

    def examples(self) -> Iterator[KeptExample]:
        """Every training example, in order."""
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


def place(row: DecisionRow) -> tuple[int, int]:
    """Where a candidate stands in its stage."""
    return row.index, row.decision.position
