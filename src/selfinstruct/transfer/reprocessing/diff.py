"""Compares a reprocessed run with its source: added and removed instructions with causes, and reused answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from selfinstruct.store import Entry, RunStore
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE, Json

Elsewhere = Literal["rejected", "quarantined", "not evaluated", "not found"]
"""Why a run lacks an instruction: it was dropped, never evaluated, or not found in the reply."""


@dataclass(frozen=True, slots=True)
class Change:
    """An instruction that only one of the two runs has; `was` and what follows it are about the other run."""

    change: Literal["added", "removed"]
    id: str
    text: str
    was: Elsewhere
    filter: str = ""
    reason: str = ""
    evidence: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Reuse:
    """Counts of a later stage: instructions with an answer before, with one now, and without one.

    The stage `judge` counts examples.
    """

    stage: str
    before: int
    now: int
    missing: int


@dataclass(frozen=True, slots=True)
class Diff:
    """All differences.

    `pairs` maps old to new ids of instructions in both runs. `requests` is the number of requests read.
    """

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
        """The number of changes by cause, the most frequent first."""
        named = Counter(f"{one.filter}: {one.reason}" if one.filter else one.reason or one.was for one in changes)
        return dict(sorted(named.items(), key=lambda entry: (-entry[1], entry[0])))

    def as_json(self) -> dict[str, Any]:
        """The counts, causes and changes as JSON objects."""
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
        """One row for every instruction of both runs: added, removed or unchanged."""
        for change in (*self.added, *self.removed):
            yield asdict(change)
        for before, now in self.pairs.items():
            yield {"change": "unchanged", "id": now, "text": self.texts[now], "before": before}


def pairs_of(source: RunStore, store: RunStore) -> dict[str, str]:
    """The ids, in the source and in the reprocessed run, of each instruction that both accepted, by its text.

    If a text was accepted more than once, equal ids are paired, then the first with the first.
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
    """Compare a reprocessed run with its source, over the requests that it copied."""
    reprocessing = store.facts.reprocessing
    assert reprocessing is not None
    requests = reprocessing.requests
    old, new = (_by_fate(one, requests) for one in (source, store))
    pairs = pairs_of(source, store)
    kept = set(pairs.values())
    added = [_change("added", one, other=old, where=source) for one in new[0] if one.id not in kept]
    removed = [_change("removed", one, other=new, where=store) for one in old[0] if one.id not in pairs]
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


def _change(kind: Literal["added", "removed"], one: Entry, *, other: _Fates, where: RunStore) -> Change:
    """The change, with the fate of its text in the other run: at the same request, if it was found there."""
    text, index = one.row.decision.text, one.row.index
    found = other[1].get(text, [])
    if found:
        decision = next((entry for entry in found if entry.row.index == index), found[0]).row.decision
        assert decision.fate != "accepted"
        fate = (decision.filter, decision.reason, dict(decision.evidence))
        return Change(kind, one.id, text, decision.fate, *fate)
    held = where.journal_entry(GENERATE, index, None)
    evaluated = held is not None and held.complete
    return Change(kind, one.id, text, "not found" if evaluated else "not evaluated")


def _reuse(source: RunStore, store: RunStore, stage: str) -> Reuse:
    before, now = (sum(bool(text) for _, text in one.asked_about(stage).values()) for one in (source, store))
    if stage == JUDGE:
        rated = store.ratings()
        return Reuse(stage, before, now, sum(example.digest not in rated for _, example in store.examples()))
    return Reuse(stage, before, now, store.totals(GENERATE).accepted - now)
