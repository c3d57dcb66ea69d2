"""What a replay made different: instructions added and removed, and why, and how much of the rest could be reused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from selfinstruct.run.settings import REPROCESSING
from selfinstruct.store import Entry, RunStore
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE, Json

Elsewhere = Literal["rejected", "quarantined", "not judged", "not found"]
"""What became of an instruction in the run that does not have it: dropped, never judged, or not read out of a reply."""


@dataclass(frozen=True, slots=True)
class Change:
    """An instruction that one of the two runs has and the other has not; what follows `was` is of the other one."""

    change: Literal["added", "removed"]
    id: str
    text: str
    was: Elsewhere
    filter: str = ""
    reason: str = ""
    evidence: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Reuse:
    """A later stage: how many instructions had its answer before, how many have it now, and how many have none.

    Of the stage `judge`, how many examples.
    """

    stage: str
    before: int
    now: int
    missing: int


@dataclass(frozen=True, slots=True)
class Diff:
    """The whole of it. `pairs` are the ids before and now of what both runs have; `requests` those that were read."""

    before: int
    now: int
    pairs: Mapping[str, str]
    texts: Mapping[str, str]
    added: Sequence[Change]
    removed: Sequence[Change]
    reuse: Sequence[Reuse]
    examples_before: int
    examples_now: int
    requests: int

    def causes(self, changes: Sequence[Change]) -> dict[str, int]:
        """How many changes have which cause, the most frequent first."""
        named = Counter(f"{one.filter}: {one.reason}" if one.filter else one.reason or one.was for one in changes)
        return dict(sorted(named.items(), key=lambda entry: (-entry[1], entry[0])))

    def as_json(self) -> dict[str, Any]:
        """Counts, causes, and every change, for programs to read."""
        return {
            "instructions": {
                "before": self.before,
                "now": self.now,
                "unchanged": len(self.pairs),
                "added": len(self.added),
                "removed": len(self.removed),
            },
            "added_because": self.causes(self.added),
            "removed_because": self.causes(self.removed),
            "added": [asdict(one) for one in self.added],
            "removed": [asdict(one) for one in self.removed],
            "stages": {one.stage: {"before": one.before, "now": one.now, "missing": one.missing} for one in self.reuse},
            "examples": {"before": self.examples_before, "now": self.examples_now},
            "requests": self.requests,
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every instruction of both runs, one row each: added, removed, unchanged."""
        for change in (*self.added, *self.removed):
            yield asdict(change)
        for before, now in self.pairs.items():
            yield {"change": "unchanged", "id": now, "text": self.texts[now], "before": before}


def pairs_of(source: RunStore, store: RunStore) -> dict[str, str]:
    """The ids, in the source and in the replay, of each instruction that both accepted, by its text.

    Where a text was accepted more than once, the same place goes with the same place, then the first with the first.
    """
    waiting: dict[str, list[str]] = {}
    for instruction in store.instructions():
        waiting.setdefault(instruction.text, []).append(instruction.id)
    before = [(one.id, one.text) for one in source.instructions()]
    pairs: dict[str, str] = {}
    for same_place in (True, False):
        for identity, text in before:
            left = waiting.get(text, [])
            if identity not in pairs and left and (identity in left or not same_place):
                pairs[identity] = identity if same_place else left[0]
                left.remove(pairs[identity])
    return {identity: pairs[identity] for identity, _ in before if identity in pairs}


def diff_of(source: RunStore, store: RunStore) -> Diff:
    """Compare a replay with the run that it is of, over the requests that it took over."""
    requests = int(store.fact(REPROCESSING)["requests"])
    old, new = (_by_fate(one, requests) for one in (source, store))
    pairs = pairs_of(source, store)
    kept = set(pairs.values())
    added = [_change("added", one, old, source) for one in new[0] if one.id not in kept]
    removed = [_change("removed", one, new, store) for one in old[0] if one.id not in pairs]
    texts = {one.id: one.row.decision.text for one in new[0]}
    here = {before: now for before, now in pairs.items() if now in texts}
    return Diff(
        len(old[0]),
        len(new[0]),
        here,
        texts,
        added,
        removed,
        [_reuse(source, store, stage) for stage in (CLASSIFY, INSTANCES, JUDGE) if source.has_started(stage)],
        source.totals(PREPARE).accepted,
        store.totals(PREPARE).accepted,
        requests,
    )


_Fates = tuple[list[Entry], dict[str, list[Entry]]]
"""Accepted candidates, and the others by their text."""


def _by_fate(store: RunStore, requests: int) -> _Fates:
    accepted: list[Entry] = []
    others: dict[str, list[Entry]] = {}
    for entry in store.ledger().of_stage(GENERATE):
        decision = entry.row.decision
        if entry.row.index >= requests:
            break
        if decision.fate == "accepted":
            accepted.append(entry)
        else:
            others.setdefault(decision.text, []).append(entry)
    return accepted, others


def _change(kind: Literal["added", "removed"], one: Entry, other: _Fates, where: RunStore) -> Change:
    """The change, with what became of the text in the other run: at the same request, if it was found there."""
    text, index = one.row.decision.text, one.row.index
    found = other[1].get(text, [])
    if found:
        decision = next((entry for entry in found if entry.row.index == index), found[0]).row.decision
        assert decision.fate != "accepted"
        told = (decision.filter, decision.reason, dict(decision.evidence))
        return Change(kind, one.id, text, decision.fate, *told)
    held = where.journal_entry(GENERATE, index, None)
    evaluated = held is not None and held.complete
    return Change(kind, one.id, text, "not found" if evaluated else "not judged")


def _reuse(source: RunStore, store: RunStore, stage: str) -> Reuse:
    before, now = (sum(bool(text) for _, text in one.asked_about(stage).values()) for one in (source, store))
    if stage == JUDGE:
        rated = store.ratings()
        return Reuse(stage, before, now, sum(example.digest not in rated for _, example in store.examples()))
    return Reuse(stage, before, now, store.totals(GENERATE).accepted - now)
