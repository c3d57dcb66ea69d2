"""A run as its reviewers left it: what every export writes. The run itself, and how it goes on, stay as they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import merge

from selfinstruct.store import RunStore
from selfinstruct.store.ids import candidate_id
from selfinstruct.store.items import fingerprint
from selfinstruct.store.reviews import Reviews, Standing, Tally
from selfinstruct.store.rows import Row, example_of
from selfinstruct.text.encoding import dumps
from selfinstruct.types import GENERATE, PREPARE, Example, Instruction

REVIEW = "review"
"""What `rejected.jsonl` calls the filter of what a person rejected."""

FATES = ("accepted", "rejected", "quarantined")
_NOTHING = Standing()


@dataclass(frozen=True, slots=True)
class Kept:
    """A training example that exports have: its id, how it reads now, and how the run has it."""

    id: str
    example: Example
    original: Example


class Curated:
    """A run with the reviews as they stood when this was made, so that one export agrees with itself."""

    def __init__(self, store: RunStore) -> None:
        self.store = store
        self._standings: Mapping[str, Standing] = {}
        self.tally: Mapping[str, Tally] = {}
        if (reviews := Reviews.look(store.folder)) is not None:
            try:
                self._standings, self.tally = reviews.standings(), reviews.tally()
            finally:
                reviews.close()

    # --- one item -----------------------------------------------------------------------------------------------------

    def standing(self, stage: str, row: Row) -> Standing:
        """Where the review of a candidate stands; of an example that is not what was reviewed, nothing counts."""
        reviewable = stage in (GENERATE, PREPARE)
        name = candidate_id(stage, row.index, row.decision.position)
        found = self._standings.get(name, _NOTHING) if reviewable else _NOTHING
        if not found.fingerprint:
            return _NOTHING
        decision = row.decision
        same = fingerprint(decision.subject, decision.text, dumps(dict(decision.payload))) == found.fingerprint
        return found if same else _NOTHING

    def out(self, stage: str, row: Row) -> str:
        """Why people leave a candidate out; empty if they do not. An instruction takes its examples with it."""
        own = self.standing(stage, row)
        if own.verdict == "rejected":
            return own.reason
        parent = self._standings.get(row.decision.subject, _NOTHING)
        accepted = row.decision.fate == "accepted" or own.verdict == "accepted"
        if stage == PREPARE and accepted and parent.verdict == "rejected":
            return f"instruction: {parent.reason}"
        return ""

    def is_out(self, instruction: str) -> bool:
        """Whether people reject the instruction of that id."""
        return self._standings.get(instruction, _NOTHING).verdict == "rejected"

    def instruction_text(self, instruction: str, text: str) -> str:
        """An instruction's text as it stands now."""
        return self._standings.get(instruction, _NOTHING).texts.get("instruction", text)

    # --- what is exported ---------------------------------------------------------------------------------------------

    def taken_in(self, stage: str) -> Iterator[Row]:
        """Candidates that a filter dropped and a person accepts, in order."""
        if any(standing.verdict == "accepted" for standing in self._standings.values()):
            for row in merge(self.store.rows(stage, "rejected"), self.store.rows(stage, "quarantined"), key=place):
                if self.standing(stage, row).verdict == "accepted":
                    yield row

    def left_out(self, stage: str) -> Iterator[tuple[Row, str]]:
        """Candidates that people leave out, with the reason, in order."""
        if stage in (GENERATE, PREPARE) and any(
            standing.verdict == "rejected" for standing in self._standings.values()
        ):
            for row in merge(*(self.store.rows(stage, fate) for fate in FATES), key=place):
                if why := self.out(stage, row):
                    yield row, why

    def instructions(self) -> Iterator[Instruction]:
        """The run's accepted instructions that nobody rejects, as they read now; those taken in have no answers."""
        for instruction in self.store.instructions():
            if not self.is_out(instruction.id):
                yield Instruction(instruction.id, self.instruction_text(instruction.id, instruction.text))

    def examples(self) -> Iterator[Kept]:
        """Every training example, in order."""
        for row in merge(self.store.rows(PREPARE, "accepted"), self.taken_in(PREPARE), key=place):
            if not self.out(PREPARE, row):
                was = example_of(row.decision)
                given = self.standing(PREPARE, row).texts
                now = replace(
                    was,
                    instruction=given.get("instruction", self.instruction_text(was.subject, was.instruction)),
                    input=given.get("input", was.input),
                    output=given.get("output", was.output),
                )
                yield Kept(candidate_id(PREPARE, row.index, row.decision.position), now, was)


def place(row: Row) -> tuple[int, int]:
    """Where a candidate stands in its stage."""
    return row.index, row.decision.position
