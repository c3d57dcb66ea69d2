"""One candidate's fate with all that led to it: filter, reason, evidence, neighbours, prompt and reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from selfinstruct.errors import DataError
from selfinstruct.store import Entry, RunStore, ShownInstruction
from selfinstruct.store.ids import parse_candidate_id
from selfinstruct.store.rows import example_of
from selfinstruct.types import INSTANCES, PREPARE, Deferred, Json, Reply, SeedTask, Similarity


@dataclass(frozen=True, slots=True)
class CandidateSource:
    """The exchange that a candidate was found in. `prompt` and `reply` are empty where none was recorded."""

    stage: str
    request: int
    prompt: str = ""
    reply: str = ""
    finish: str = ""
    model: str = ""
    asked_at: str = ""
    answered_at: str = ""


@dataclass(frozen=True, slots=True)
class CandidateFate:
    """What became of one candidate.

    nearest  the pool's nearest entries with their ROUGE-L F1, best first: the ten of an accepted instruction, the one
             that a novelty filter named; `None` where nothing was compared, or it is not computed yet (`put_off`)
    subject  the id of the instruction that it is about, and `about` the text of that
    """

    id: str
    stage: str
    text: str
    fate: str
    filter: str
    reason: str
    evidence: Mapping[str, Json]
    nearest: Sequence[tuple[str, float]] | None
    mean: float | None
    put_off: bool
    subject: str
    about: str
    payload: Mapping[str, Json]
    source: CandidateSource

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs to read."""
        return asdict(self)


class History:
    """Answers for one run; it is read while it lives, so give it a snapshot."""

    def __init__(self, store: RunStore) -> None:
        self.store = store
        self.ledger = store.ledger()
        self.seeds: Mapping[str, SeedTask] = {seed.id: seed for seed in store.seeds()}

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The pool: every seed and accepted instruction by its id."""
        seeds = {identity: seed.instruction for identity, seed in self.seeds.items()}
        return seeds | {instruction.id: instruction.text for instruction in self.store.instructions()}

    @cached_property
    def _places(self) -> list[tuple[int, int]]:
        return [(index, position) for subject, index, position in self.store.raw_instances() if subject in self.texts]

    def entry(self, identity: str) -> Entry:
        """The candidate of an id; raises `DataError` if there is none."""
        place = parse_candidate_id(identity)
        hint = "Ids stand in the run's files: g12.3 is at position 3 of request 12 of generate; e4.0 is an example."
        if place is None:
            raise DataError(f"'{identity}' is no id of a seed task or a candidate", hint)
        stage, index, position = place
        entry = self.ledger.entry_at(stage, index, position)
        if entry is None:
            held = len(self.ledger.of_reply(stage, index))
            told = f"request {index} of {stage} has {held} with a fate" if held else f"it has no request {index}"
            raise DataError(f"there is no candidate {identity} in {self.store.folder}: {told}", hint)
        return entry

    def fate(self, entry: Entry) -> CandidateFate:
        """All that is known of a candidate."""
        decision = entry.row.decision
        near = decision.similarity
        nearest = near.nearest if isinstance(near, Similarity) else _named(decision.evidence)
        return CandidateFate(
            entry.id,
            entry.stage,
            decision.text,
            decision.fate,
            decision.filter,
            decision.reason,
            dict(decision.evidence),
            nearest,
            near.mean if isinstance(near, Similarity) else None,
            isinstance(near, Deferred),
            decision.subject,
            self.texts.get(decision.subject, ""),
            dict(decision.payload),
            self.source(entry),
        )

    def source(self, entry: Entry) -> CandidateSource:
        """The exchange with the model that a candidate came from; for an example that of its raw instances."""
        stage, index = entry.stage, entry.row.index
        if stage == PREPARE:
            place = self._place(index)
            if place is None:
                return CandidateSource("seeds", index)  # the example of a seed task is its own instance
            stage, index = INSTANCES, place[0]
        held, asked = self.store.journal_entry(stage, index, None), self.ledger.request(stage, index)
        assert held is not None
        assert asked is not None, "a decision has a request"
        if not isinstance(held.answer, Reply):
            return CandidateSource(stage, index, held.request.prompt, asked_at=asked.asked_at)
        reply = held.answer
        told = (reply.text, reply.finish, reply.model, asked.asked_at, reply.created_at)
        return CandidateSource(stage, index, held.request.prompt, *told)

    def _place(self, index: int) -> tuple[int, int] | None:
        """Where the raw text is that `prepare` read at an index: the seeds' own come first, if they are wanted."""
        wanted = (self.store.fact(f"config.{PREPARE}") or {}).get("include_seeds")
        at = index - (len(self.seeds) if wanted else 0)
        return self._places[at] if 0 <= at < len(self._places) else None

    def rated(self, digest: str) -> str:
        """The id of the instruction of an example that was rated; raises `DataError` if no such example is left."""
        for entry in self.ledger.of_stage(PREPARE):
            if example_of(entry.row.decision).digest == digest:
                return entry.row.decision.subject
        raise DataError("the example of this rating is no more: the examples were prepared anew", "Trace another one.")

    def shown(self, stage: str, index: int) -> Sequence[ShownInstruction]:
        """What a prompt showed as examples."""
        asked = self.ledger.request(stage, index)
        return asked.examples if asked else ()


def _named(evidence: Mapping[str, Json]) -> Sequence[tuple[str, float]] | None:
    """The neighbour that a filter named, such as `rouge-l` does."""
    nearest, score = evidence.get("nearest"), evidence.get("score")
    if isinstance(nearest, str) and isinstance(score, int | float):
        return ((nearest, float(score)),)
    return None
