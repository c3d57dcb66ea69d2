"""Finds candidates by id or text, with their fates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from selfinstruct.errors import DataError, shorten
from selfinstruct.insight.fates import CandidateFate, History
from selfinstruct.similarity import Pool
from selfinstruct.store import Entry, RunStore
from selfinstruct.store.ids import parse_candidate_id
from selfinstruct.text.encoding import clean
from selfinstruct.types import GENERATE, INSTANCES, PREPARE, SeedTask

NEAREST = 5
"""Number of similar texts that are listed if no candidate has the text."""

Match = Literal["id", "exact", "loose"]


@dataclass(frozen=True, slots=True)
class WhyResult:
    """The result of a search.

    `match` says how the text was found, `fates` are in order, `seeds` are seed tasks with the text.
    """

    query: str
    match: Match
    fates: Sequence[CandidateFate] = ()
    seeds: Sequence[SeedTask] = ()

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs to read."""
        return asdict(self)


def why(store: RunStore, query: str) -> WhyResult:
    """Find the fate of the candidate with an id, or of every candidate with a text.

    A text is compared exactly, then ignoring case and spaces. Raises `DataError` for an unknown id, an empty text, and
    a text that no candidate has, with the nearest candidates by ROUGE-L.
    """
    query = clean(query).strip()
    if not query:
        raise DataError("the id or text is empty", "Give an id such as g12.3, or a text in quotes.")
    history = History(store)
    if query in history.seeds:
        return WhyResult(query, "id", seeds=[history.seeds[query]])
    if parse_candidate_id(query):
        return WhyResult(query, "id", [history.fate(history.entry(query))])
    seeds = [seed for seed in history.seeds.values() if seed.instruction == query]
    entries = [entry for stage in (GENERATE, INSTANCES, PREPARE) for entry in history.ledger.with_text(stage, query)]
    if seeds or entries:
        return WhyResult(query, "exact", [history.fate(entry) for entry in entries], seeds)
    return _by_folded_text(history, query)


def _by_folded_text(history: History, query: str) -> WhyResult:
    key = _key(query)
    seeds = [seed for seed in history.seeds.values() if _key(seed.instruction) == key]
    entries = list(_same_text(history, key))
    if seeds or entries:
        return WhyResult(query, "loose", [history.fate(entry) for entry in entries], seeds)
    raise DataError(f"there is no candidate '{_one_line(query)}' in {history.store.folder}", _nearest(history, query))


def _same_text(history: History, key: str) -> Iterator[Entry]:
    for stage in (GENERATE, INSTANCES, PREPARE):
        places = [(index, position) for index, position, text in history.ledger.texts(stage) if _key(text) == key]
        for index, position in places:
            entry = history.ledger.entry_at(stage, index, position)
            assert entry is not None
            yield entry


def _nearest(history: History, query: str) -> str:
    """A hint with the nearest texts of the pool and of dropped candidates. Texts without a common word are left out.

    Texts that begin with the query come first, then those that contain it, then those nearest by ROUGE-L.
    """
    named = {seed.instruction: seed.id for seed in history.seeds.values()}
    for index, position, text in history.ledger.texts(GENERATE):
        named.setdefault(text, f"g{index}.{position}")
    pool = Pool(nearest=NEAREST)
    pool.extend(named)
    key = _key(query)
    containing = sorted((text for text in named if key in _key(text)), key=lambda text: not _key(text).startswith(key))
    near = list(dict.fromkeys([*containing, *(text for text, score in pool.compare(query).nearest if score > 0)]))
    if not near:
        return "No candidate shares a word with it. Give the text of a candidate, or an id such as g12.3."
    lines = [f"  {named[text]:<10} {_one_line(text)}" for text in near[:NEAREST]]
    return "\n".join(["Give the id of one of the nearest:", *lines])


def _one_line(text: str) -> str:
    return shorten(" ".join(text.split()))


def _key(text: str) -> str:
    return " ".join(text.casefold().split())
