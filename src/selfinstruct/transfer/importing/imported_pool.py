"""Turns the instructions of an old run into answered and evaluated requests of the stage `generate`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from selfinstruct.store.ids import candidate_id
from selfinstruct.transfer.importing.row_values import RowOrigin, text_key
from selfinstruct.types import GENERATE, Decision, Instruction, Json, Message, Reply, Request, SeedTask, Similarity

Settled: TypeAlias = tuple[Request, Reply, Sequence[Decision]]
"""A request, its reply, and the decisions on its candidates."""

FILTER = "import"
"""The name of the filter that rejects candidates of an import."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instruction of an old file, with its line number."""

    text: str
    line: int
    similarity: Similarity | None = None


@dataclass(frozen=True, slots=True)
class ReplyGroup:
    """Instructions that came from one reply. `are_new` says for each whether it is new to the pool."""

    name: str
    origin: RowOrigin
    candidates: Sequence[Candidate]
    are_new: Sequence[bool]


class ImportedPool:
    """Gives each new instruction an id. Two texts that differ in white space only are the same instruction.

    Groups without a new instruction are settled before the last group with one, because a run whose last requests add
    nothing counts as saturated, and duplicates in old files do not mean that.
    """

    def __init__(self, seeds: Sequence[SeedTask]) -> None:
        self.ids: dict[str, str] = {}
        self._seeds = {text_key(seed.instruction): seed.id for seed in seeds}
        self._known = set(self._seeds)
        self._next = 0
        self._held: ReplyGroup | None = None

    def is_seed(self, text: str) -> bool:
        """Whether a text is a seed's instruction."""
        return text_key(text) in self._seeds

    def id_of(self, text: str) -> str | None:
        """The id of a machine instruction that is settled; `None` if it is not."""
        return self.ids.get(text_key(text))

    def add(
        self, name: str, origin: RowOrigin, candidates: Sequence[Candidate]
    ) -> tuple[ReplyGroup, Iterator[Settled]]:
        """Add the instructions of one reply; returns them with what is new, and the requests to record now."""
        are_new = []
        for candidate in candidates:
            key = text_key(candidate.text)
            are_new.append(key not in self._known)
            self._known.add(key)
        group = ReplyGroup(name, origin, candidates, are_new)
        return group, self._put(group)

    def flush(self) -> Iterator[Settled]:
        """The requests that are still to be recorded. After this, every instruction has its id."""
        if self._held is not None:
            yield self._settle(self._held)
            self._held = None

    def _put(self, group: ReplyGroup) -> Iterator[Settled]:
        if any(group.are_new):
            yield from self.flush()
            self._held = group
        else:
            yield self._settle(group)

    def _settle(self, group: ReplyGroup) -> Settled:
        index, origin = self._next, group.origin
        self._next += 1
        decisions = []
        for position, (candidate, is_new) in enumerate(zip(group.candidates, group.are_new, strict=True)):
            if is_new:
                self.ids[text_key(candidate.text)] = candidate_id(GENERATE, index, position)
                decisions.append(Decision(position, candidate.text, "accepted", similarity=candidate.similarity))
            else:
                decisions.append(self._duplicate(position, candidate, group.name))
        text = group.candidates[0].text if origin.reply is None else origin.reply
        request, reply = make_request(GENERATE, index, origin), make_reply(origin, text, group.name)
        return request, reply, decisions

    def _duplicate(self, position: int, candidate: Candidate, name: str) -> Decision:
        evidence: dict[str, Json] = {"file": name, "line": candidate.line}
        if self.is_seed(candidate.text):
            evidence["seed"] = self._seeds[text_key(candidate.text)]
        return Decision(position, candidate.text, "rejected", FILTER, "duplicate", evidence)


def make_request(stage: str, index: int, origin: RowOrigin, *, subjects: tuple[Instruction, ...] = ()) -> Request:
    """The request that an old row came from; without messages if its prompt was not kept."""
    return Request(stage, index, (Message("user", origin.prompt),) if origin.prompt else (), subjects=subjects)


def make_reply(origin: RowOrigin, text: str, name: str) -> Reply:
    """The reply that an old row came from, with the name of its file."""
    return Reply(text, origin.finish, created_at=origin.created_at, details={"imported": name})
