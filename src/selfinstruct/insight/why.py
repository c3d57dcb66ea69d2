"""Finds a candidate by its id or its text, and tells its fate, or its fates where the text came more than once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from selfinstruct.errors import DataError
from selfinstruct.insight.fates import CandidateFate, History
from selfinstruct.similarity import Pool
from selfinstruct.store import Entry, RunStore
from selfinstruct.store.ids import parse_candidate_id
from selfinstruct.text.encoding import clean
from selfinstruct.types import GENERATE, INSTANCES, PREPARE, SeedTask

NEAREST = 5
"""How many texts are named where none is the one that was asked for."""

Match = Literal["id", "exact", "loose", "nearest"]


@dataclass(frozen=True, slots=True)
class NearMatch:
    """A text like the one that was asked for, with its ROUGE-L F1 to it."""

    id: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class WhyResult:
    """An answer: `match` says how the question was met. `fates` are in order; `seeds` are tasks with the text."""

    asked: str
    match: Match
    fates: Sequence[CandidateFate] = ()
    seeds: Sequence[SeedTask] = ()
    near: Sequence[NearMatch] = ()

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs to read."""
        return asdict(self)


def why(store: RunStore, asked: str) -> WhyResult:
    """What became of the candidate of an id, or of every candidate of a text.

    A text is looked for as it is, then whatever its case and spaces, then by its nearest by ROUGE-L. Raises
    `DataError` for an id that is not there, and for nothing at all.
    """
    asked = clean(asked).strip()
    if not asked:
        raise DataError("there is nothing to look for", "Give an id such as g12.3, or a text in quotes.")
    history = History(store)
    if asked in history.seeds:
        return WhyResult(asked, "id", seeds=[history.seeds[asked]])
    if parse_candidate_id(asked):
        return WhyResult(asked, "id", [history.fate(history.entry(asked))])
    seeds = [seed for seed in history.seeds.values() if seed.instruction == asked]
    entries = [entry for stage in (GENERATE, INSTANCES, PREPARE) for entry in history.ledger.with_text(stage, asked)]
    if seeds or entries:
        return WhyResult(asked, "exact", [history.fate(entry) for entry in entries], seeds)
    return _by_folded_text(history, asked)


def _by_folded_text(history: History, asked: str) -> WhyResult:
    key = _key(asked)
    seeds = [seed for seed in history.seeds.values() if _key(seed.instruction) == key]
    entries = list(_same_text(history, key))
    if seeds or entries:
        return WhyResult(asked, "loose", [history.fate(entry) for entry in entries], seeds)
    return WhyResult(asked, "nearest", near=_nearest(history, asked))


def _same_text(history: History, key: str) -> Iterator[Entry]:
    for stage in (GENERATE, INSTANCES, PREPARE):
        places = [(index, position) for index, position, text in history.ledger.texts(stage) if _key(text) == key]
        for index, position in places:
            entry = history.ledger.entry_at(stage, index, position)
            assert entry is not None
            yield entry


def _nearest(history: History, asked: str) -> list[NearMatch]:
    """The texts of the pool and of dropped candidates that are nearest; those with nothing in common are none."""
    named = {seed.instruction: seed.id for seed in history.seeds.values()}
    for index, position, text in history.ledger.texts(GENERATE):
        named.setdefault(text, f"g{index}.{position}")
    pool = Pool(nearest=NEAREST)
    pool.extend(named)
    return [NearMatch(named[text], text, score) for text, score in pool.compare(asked).nearest if score > 0]


def _key(text: str) -> str:
    return " ".join(text.casefold().split())
