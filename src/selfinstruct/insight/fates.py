"""The fate of one candidate with its causes: filter, reason, evidence, neighbours, prompt and reply."""

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
    """The request and reply in which a candidate was found.

    `prompt` and `reply` are empty if they were not recorded.
    """

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
    """The fate of one candidate.

    nearest  the pool's nearest entries with their ROUGE-L F1, best first: the ten of an accepted instruction, the one
             that a novelty filter named; `None` if nothing was compared, or the similarity is not computed yet
             (`put_off`) subject  the id of the instruction that the candidate belongs to; `about` is the text of this
             instruction
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
        """The value as JSON objects."""
        return asdict(self)


class History:
    """Looks up candidates and their fates in one run. It reads the store at every call, so give it a snapshot."""

    def __init__(self, store: RunStore) -> None:
        self.store = store
        self.ledger = store.ledger()
        self.seeds: Mapping[str, SeedTask] = {seed.id: seed for seed in store.seeds()}

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The texts of the pool by id: seeds and accepted instructions."""
        seeds = {identity: seed.instruction for identity, seed in self.seeds.items()}
        return seeds | {instruction.id: instruction.text for instruction in self.store.instructions()}

    @cached_property
    def _places(self) -> list[tuple[int, int]]:
        return [(index, position) for subject, index, position in self.store.raw_instances() if subject in self.texts]

    def entry(self, identity: str) -> Entry:
        """The candidate with this id. Raises `DataError` if there is none."""
        place = parse_candidate_id(identity)
        hint = (
            "Find ids in the run's files. For example, g12.3 is candidate 3 of request 12 of generate, "
            "and e4.0 an example."
        )
        if place is None:
            raise DataError(f"'{identity}' is not the id of a seed task or a candidate", hint)
        stage, index, position = place
        entry = self.ledger.entry_at(stage, index, position)
        if entry is None:
            held = len(self.ledger.of_reply(stage, index))
            known = f"request {index} of {stage} has {held} with a fate" if held else f"it has no request {index}"
            raise DataError(f"there is no candidate {identity} in {self.store.folder}: {known}", hint)
        return entry

    def fate(self, entry: Entry) -> CandidateFate:
        """The fate of a candidate, with its neighbours and source."""
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
        """The request and reply in which a candidate was found. For an example, those of its raw instances."""
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
        answer = (reply.text, reply.finish, reply.model, asked.asked_at, reply.created_at)
        return CandidateSource(stage, index, held.request.prompt, *answer)

    def _place(self, index: int) -> tuple[int, int] | None:
        """Where the raw instances that `prepare` read at an index come from: request and position.

        `None` stands for a seed's own instances, which come first if the config includes them.
        """
        wanted = (self.store.facts.stage_config(PREPARE) or {}).get("include_seeds")
        at = index - (len(self.seeds) if wanted else 0)
        return self._places[at] if 0 <= at < len(self._places) else None

    def rated(self, digest: str) -> str:
        """The id of the instruction of a rated example. Raises `DataError` if the example no longer exists."""
        for entry in self.ledger.of_stage(PREPARE):
            if example_of(entry.row.decision).digest == digest:
                return entry.row.decision.subject
        raise DataError("the rated example no longer exists, because `prepare` ran again", "Trace another rating.")

    def shown(self, stage: str, index: int) -> Sequence[ShownInstruction]:
        """The instructions that a prompt showed as examples."""
        asked = self.ledger.request(stage, index)
        return asked.examples if asked else ()


def _named(evidence: Mapping[str, Json]) -> Sequence[tuple[str, float]] | None:
    """The neighbour in the evidence of a filter such as `rouge-l`."""
    nearest, score = evidence.get("nearest"), evidence.get("score")
    if isinstance(nearest, str) and isinstance(score, int | float):
        return ((nearest, float(score)),)
    return None
