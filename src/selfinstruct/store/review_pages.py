"""Lists a run's instructions and examples with their reviews, page by page, for the review page."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from selfinstruct.store.ids import candidate_id
from selfinstruct.store.review_items import example_digest, place_of, texts_of
from selfinstruct.store.reviews import LATEST, Reviews
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE, Json

Reviewed = Literal["", "none", "any", "accepted", "rejected", "edited"]

REQUESTS_AT_A_TIME = 512
"""Requests that are searched at a time."""

SEARCH_SECONDS = 0.025
"""Seconds after which a page is returned with the items found so far, so that no page is slow in a large run."""

_END = 10**9 - 1
"""A position after all positions of a request."""

SHOWN_CHARACTERS = 280
"""Characters of a text that a list shows."""

_ABOUT = "INDEXED BY decisions_by_subject"
_SCORE = (
    f"(SELECT min(j.text) FROM run.decisions AS j {_ABOUT} WHERE j.stage = '{JUDGE}'"  # noqa: S608 - our own words
    " AND j.subject = example_digest(d.text, d.payload) AND j.subject != '' AND j.fate = 'accepted')"
)
"""The score of an example, 0 to 3, the lowest if it was rated more than once; null if it has no rating."""

_COUNT = ("fate", "filter", "count")
_REVIEWED = {
    "": "1",
    "none": "coalesce(r.verdict, '') = '' AND coalesce(r.texts, '{}') = '{}'",
    "any": "(r.verdict != '' OR r.texts != '{}')",
    "accepted": "r.verdict = 'accepted'",
    "rejected": "r.verdict = 'rejected'",
    "edited": "r.texts != '{}'",
}
_COLUMNS = (
    "d.idx, d.position, d.text, d.payload, d.subject, d.fate, d.filter, d.reason,"
    " coalesce(r.verdict, ''), coalesce(r.reason, ''), coalesce(r.texts, '{}')"
)
_ON = (
    "r.stage = d.stage AND r.idx = d.idx AND r.position = d.position"
    f" AND {LATEST} AND r.fingerprint = item_digest(d.subject, d.text, d.payload)"
)
_ALL = f"run.decisions AS d LEFT JOIN reviews AS r ON {_ON}"
_SUBJECT = "stage = ? AND subject = ? AND subject != ''"
_EXAMPLES = _ALL.replace("AS d", f"AS d {_ABOUT}", 1)
"""The tables for a search by subject: without the named index SQLite reads the whole stage."""

_REVIEWED_ONLY = f"reviews AS r CROSS JOIN run.decisions AS d ON {_ON}"
"""The tables for reviewed items, reviews first because they are few; SQLite keeps the order of a cross join."""


@dataclass(frozen=True, slots=True)
class PageFilter:
    """The items that a list shows; an empty text does not restrict it. `text` is searched in all parts, ignoring case.

    `score` is the score of examples, or `none` for those without a rating.
    """

    stage: str = GENERATE
    fate: str = ""
    filter: str = ""
    reviewed: Reviewed = ""
    score: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class ItemLine:
    """An item in a list: the beginnings of its texts with edits, its fate and its review."""

    id: str
    texts: dict[str, str]
    fate: str
    filter: str
    reason: str
    verdict: str
    why: str
    edited: bool
    out_with: str
    """Why its instruction was rejected, which excludes an example too; empty if it was not."""


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Lines in the order of the run. `after` is the place after which the next page begins; empty on the last page."""

    lines: list[ItemLine]
    after: str


class Pages:
    """Reads the items of a run and their reviews."""

    def __init__(self, reviews: Reviews) -> None:
        self._reviews = reviews
        self._connection = reviews.connection
        self._counted: tuple[int, dict[str, list[dict[str, Json]]]] = (-1, {})
        self._connection.create_function("example_digest", 2, example_digest, deterministic=True)
        self._connection.create_function("holds", 4, _holds, deterministic=True)

    def page(self, wanted: PageFilter, after: str = "", most: int = 60) -> ItemPage:
        """At most `most` lines after a place. There may be fewer, even none, if time is up; then `after` is set."""
        index, position = place_of(after)[1:] if after else (0, -1)
        if position == _END:
            index, position = index + 1, -1
        found: list[ItemLine] = []
        until = time.monotonic() + SEARCH_SECONDS
        with self._reviews.exclusive():
            last = self._last(wanted.stage)
            if wanted.reviewed not in ("", "none"):
                found += self._find(wanted, after=(index, position), before=last + 1, most=most)
                return ItemPage(found, found[-1].id if len(found) == most else "")
            while index <= last:
                found += self._find(
                    wanted, after=(index, position), before=index + REQUESTS_AT_A_TIME, most=most - len(found)
                )
                if len(found) == most:
                    return ItemPage(found, found[-1].id)
                index, position = index + REQUESTS_AT_A_TIME, -1
                if time.monotonic() > until and index <= last:
                    return ItemPage(found, candidate_id(wanted.stage, index - 1, _END))
        return ItemPage(found, "")

    def _last(self, stage: str) -> int:
        (last,) = self._connection.execute("SELECT max(idx) FROM run.decisions WHERE stage = ?", (stage,)).fetchone()
        return -1 if last is None else int(last)

    def _find(self, wanted: PageFilter, *, after: tuple[int, int], before: int, most: int) -> Iterator[ItemLine]:
        source, by = (_ALL, "d") if wanted.reviewed in ("", "none") else (_REVIEWED_ONLY, "r")
        place = f"{by}.idx, {by}.position"
        conditions = [f"{by}.stage = ?", f"({place}) > (?, ?)", f"{by}.idx < ?", _REVIEWED[wanted.reviewed]]
        values: list[Any] = [wanted.stage, *after, before]
        for column in ("fate", "filter"):
            if value := getattr(wanted, column):
                conditions.append(f"+d.{column} = ?")  # the plus keeps SQLite on the index of the order
                values.append(value)
        if wanted.score and wanted.stage == PREPARE:
            conditions.append(f"coalesce({_SCORE}, 'none') = ?")
            values.append(wanted.score)
        if wanted.text:
            conditions.append("holds(?, d.text, d.payload, r.texts)")
            values.append(wanted.text.casefold())
        sql = (
            f"SELECT {_COLUMNS} FROM {source} WHERE {' AND '.join(conditions)}"  # noqa: S608 - our own words
            f" ORDER BY {place} LIMIT ?"
        )
        for row in self._connection.execute(sql, (*values, most)):
            yield self._line(wanted.stage, row)

    def _line(self, stage: str, row: tuple[Any, ...]) -> ItemLine:
        index, position, text, payload, subject, fate, name, reason, verdict, why, edited = row
        changed, parent = json.loads(edited), self._reviews.parent(stage, subject)
        inherited = {part: text for part, text in parent.texts.items() if part == "instruction"}
        shown = {**texts_of(stage, text, payload), **inherited, **changed}
        texts = {part: text[:SHOWN_CHARACTERS] for part, text in shown.items()}
        out_with = parent.reason if parent.verdict == "rejected" else ""
        identity = candidate_id(stage, index, position)
        return ItemLine(identity, texts, fate, name, reason, verdict, why, bool(changed), out_with)

    def item(self, name: str) -> dict[str, Json]:
        """Everything about an item, for its page; raises `NoSuchItemError`."""
        stage, index, position = place_of(name)
        with self._reviews.exclusive():
            held = self._reviews.item(name)
            texts = {**held.base, **held.state.texts}
            sql = (
                "SELECT fate, filter, reason, evidence, subject, similarity, text, payload FROM run.decisions"
                " WHERE stage = ? AND idx = ? AND position = ?"
            )
            row = self._connection.execute(sql, (stage, index, position)).fetchone()
            fate, filter_name, reason, evidence, subject, similarity = row[:6]
            about = subject if stage == PREPARE else name
            label, known = self._label(about)
            state, near = held.state, json.loads(similarity) if similarity else {}
            return {
                "id": name,
                "stage": stage,
                "fate": fate,
                "filter": filter_name,
                "reason": reason,
                "evidence": json.loads(evidence),
                "original": dict(held.texts),
                "texts": texts,
                "edited": [part for part, text in held.texts.items() if texts[part] != text],
                "version": state.version,
                "verdict": state.verdict,
                "why": state.reason,
                "out_with": held.parent.reason if held.parent.verdict == "rejected" else "",
                "nearest": near.get("nearest", [])[:3],
                "subject": subject,
                "label": label,
                "facts": known,
                "ratings": self._ratings(example_digest(row[6], row[7])) if stage == PREPARE else [],
                "history": [list(entry) for entry in self._reviews.history(name)],
                "examples": [asdict(line) for line in self._examples(name)] if stage == GENERATE else [],
                "source": self._source(stage, index, subject),
            }

    def _label(self, instruction: str) -> tuple[str, dict[str, str]]:
        """The label of an instruction and the facts about it; empty where it has none."""
        sql = f"SELECT text, notes FROM run.decisions {_ABOUT} WHERE {_SUBJECT} AND fate = 'accepted'"  # noqa: S608 - our own words
        row = self._connection.execute(sql, (CLASSIFY, instruction)).fetchone()
        return (str(row[0]), json.loads(row[1]).get("facts", {})) if row else ("", {})

    def _ratings(self, subject: str) -> list[Json]:
        sql = f"SELECT payload FROM run.decisions {_ABOUT} WHERE {_SUBJECT} AND fate = 'accepted'"  # noqa: S608
        return [json.loads(payload) for (payload,) in self._connection.execute(sql, (JUDGE, subject))]

    def _examples(self, instruction: str) -> Iterator[ItemLine]:
        sql = (
            f"SELECT {_COLUMNS} FROM {_EXAMPLES} WHERE d.stage = ? AND d.subject = ? AND d.subject != ''"  # noqa: S608
            " ORDER BY d.idx, d.position LIMIT 50"
        )
        for row in self._connection.execute(sql, (PREPARE, instruction)):
            yield self._line(PREPARE, row)

    def _source(self, stage: str, index: int, subject: str) -> dict[str, Json]:
        """The reply that holds an item; for an example, the reply with the raw instances of its instruction."""
        place = (stage, index)
        if stage == PREPARE:
            sql = f"SELECT idx FROM run.decisions {_ABOUT} WHERE {_SUBJECT} AND fate = 'accepted'"  # noqa: S608 - our own words
            found = self._connection.execute(sql, (INSTANCES, subject)).fetchone()
            place = (INSTANCES, found[0] if found else -1)
        sql = "SELECT text, finish, model, created_at FROM run.replies WHERE stage = ? AND idx = ?"
        row = self._connection.execute(sql, place).fetchone()
        if row is None:
            return {}
        return {**dict(zip(("reply", "finish", "model", "created_at"), row, strict=True)), "request": place[1]}

    def has_ratings(self) -> bool:
        """Whether any example has a rating."""
        sql = "SELECT EXISTS (SELECT 1 FROM run.decisions WHERE stage = ? AND fate = 'accepted')"
        with self._reviews.exclusive():
            return bool(self._connection.execute(sql, (JUDGE,)).fetchone()[0])

    def counts(self) -> dict[str, list[dict[str, Json]]]:
        """The number of items by fate and filter, for each stage that reviewers see."""
        sql = "SELECT fate, filter, count(*) FROM run.decisions WHERE stage = ? GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2"
        with self._reviews.exclusive():
            (changes,) = self._connection.execute("PRAGMA run.data_version").fetchone()
            if changes != self._counted[0]:  # another process has written to the run
                rows = {stage: self._connection.execute(sql, (stage,)).fetchall() for stage in (GENERATE, PREPARE)}
                named = {stage: [dict(zip(_COUNT, row, strict=True)) for row in rows[stage]] for stage in rows}
                self._counted = (changes, named)
            return self._counted[1]


def _holds(needle: str, text: str, payload: str, edited: str | None) -> bool:
    """Whether any part of an item, original or edited, contains a text, ignoring case."""
    if needle in text.casefold():
        return True
    parts = json.loads(payload) if payload != "{}" else {}
    others = [parts.get("instruction"), parts.get("input"), *(json.loads(edited).values() if edited else ())]
    return any(needle in str(other).casefold() for other in others if other)
