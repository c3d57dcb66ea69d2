"""Answers questions about candidates: their fates, their replies and the requests they came from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from selfinstruct.errors import pluralize
from selfinstruct.store.decisions import COLUMNS, DecisionRow, count_failed_requests
from selfinstruct.store.ids import candidate_id
from selfinstruct.store.rows import decision_of
from selfinstruct.types import CLASSIFY, GENERATE

_ROW = f"idx, {COLUMNS}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A candidate with its stage and its fate."""

    stage: str
    row: DecisionRow

    @property
    def id(self) -> str:
        """The id of the candidate, such as `g12.3`."""
        return candidate_id(self.stage, self.row.index, self.row.decision.position)


@dataclass(frozen=True, slots=True)
class ShownInstruction:
    """An instruction as a request names it; `text` is set only if it is not one of this run's own."""

    id: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class JournalledRequest:
    """A journalled request: its time, the instructions its prompt showed, and those it asked about."""

    asked_at: str
    examples: Sequence[ShownInstruction]
    subjects: Sequence[ShownInstruction]


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Requests of a stage and their replies; `waiting` counts replies that are not completely evaluated."""

    requests: int
    replies: int
    failed: int
    settled: int
    waiting: int


class Ledger:
    """Reads candidates and requests of a run; `RunStore.ledger` makes it."""

    def __init__(self, read: sqlite3.Connection) -> None:
        self._read = read

    def entry_at(self, stage: str, index: int, position: int) -> Entry | None:
        """The candidate at a place; `None` if there is none."""
        sql = f"SELECT {_ROW} FROM decisions WHERE stage = ? AND idx = ? AND position = ?"  # noqa: S608 - columns
        return next(self._entries(stage, sql, (stage, index, position)), None)

    def of_reply(self, stage: str, index: int) -> list[Entry]:
        """All candidates of one reply, in order."""
        sql = f"SELECT {_ROW} FROM decisions WHERE stage = ? AND idx = ? ORDER BY position"  # noqa: S608 - columns
        return list(self._entries(stage, sql, (stage, index)))

    def entries_about(self, stage: str, subject: str) -> list[Entry]:
        """All candidates of a stage about one instruction, in order."""
        table = "decisions INDEXED BY decisions_by_subject"  # left to itself, SQLite reads the whole stage
        where = "stage = ? AND subject = ? AND subject != ''"
        sql = f"SELECT {_ROW} FROM {table} WHERE {where} ORDER BY idx, position"  # noqa: S608 - columns
        return list(self._entries(stage, sql, (stage, subject)))

    def with_text(self, stage: str, text: str) -> list[Entry]:
        """All candidates of a stage with exactly this text, in order."""
        sql = f"SELECT {_ROW} FROM decisions WHERE stage = ? AND text = ? ORDER BY idx, position"  # noqa: S608 - columns
        return list(self._entries(stage, sql, (stage, text)))

    def of_stage(self, stage: str) -> Iterator[Entry]:
        """All candidates of a stage, in order."""
        sql = f"SELECT {_ROW} FROM decisions WHERE stage = ? ORDER BY idx, position"  # noqa: S608 - columns
        return self._entries(stage, sql, (stage,))

    def texts(self, stage: str) -> Iterator[tuple[int, int, str]]:
        """Request, position and text of each candidate of a stage, in order."""
        sql = "SELECT idx, position, text FROM decisions WHERE stage = ? ORDER BY idx, position"
        yield from self._read.execute(sql, (stage,))

    def task_facts(self) -> dict[str, dict[str, str]]:
        """The facts about each instruction that the stage `classify` found any about, by name (`TASK_FACTS`)."""
        sql = (
            "SELECT subject, json_extract(notes, '$.facts') AS facts FROM decisions"
            " WHERE stage = ? AND fate = 'accepted' AND facts IS NOT NULL"
        )
        return {subject: json.loads(facts) for subject, facts in self._read.execute(sql, (CLASSIFY,))}

    def request(self, stage: str, index: int) -> JournalledRequest | None:
        """A request without its prompt; `None` if it is not in the journal."""
        sql = "SELECT body, asked_at FROM requests WHERE stage = ? AND idx = ?"
        found = self._read.execute(sql, (stage, index)).fetchone()
        if found is None:
            return None
        body = json.loads(found[0])
        examples, subjects = ([_shown(entry) for entry in body[key]] for key in ("examples", "subjects"))
        return JournalledRequest(found[1], examples, subjects)

    def requests_showing(self, identity: str) -> list[int]:
        """The requests of generate whose prompts showed an instruction of this run."""
        sql = "SELECT idx FROM requests, json_each(body, '$.examples') WHERE stage = ? AND value = ? ORDER BY idx"
        return [index for (index,) in self._read.execute(sql, (GENERATE, identity))]

    def request_counts(self, stage: str) -> RequestCounts:
        """The stage's requests and replies; `prepare` has no requests, and its replies are raw texts."""
        sql = (
            "SELECT count(*), count(text) FILTER (WHERE failure = ''), count(text) FILTER (WHERE failure != ''),"
            " count(text) FILTER (WHERE NOT coalesce(complete, 0))"
            " FROM requests LEFT JOIN replies USING (stage, idx) LEFT JOIN settlements USING (stage, idx)"
            " WHERE stage = ?"
        )
        requests, replies, failed, waiting = self._read.execute(sql, (stage,)).fetchone()
        (settled,) = self._read.execute("SELECT count(*) FROM settlements WHERE stage = ?", (stage,)).fetchone()
        return RequestCounts(requests, replies or (settled if not requests else 0), failed, settled, waiting)

    def failed_requests(self, stage: str) -> tuple[int, int]:
        """The failed requests whose subjects have no answer, and how many of them failed by what may pass."""
        return count_failed_requests(self._read, stage)

    def failure_counts(self, stage: str) -> dict[str, int]:
        """Why requests of a stage failed, with the number of requests, the most frequent cause first."""
        sql = (
            "SELECT failure, count(*) FROM replies WHERE stage = ? AND failure != ''"
            " GROUP BY failure ORDER BY count(*) DESC, failure"
        )
        return dict(self._read.execute(sql, (stage,)).fetchall())

    def imbalances(self) -> list[str]:
        """A sentence about each request whose candidates and fates differ in number. There must be none."""
        sql = (
            "SELECT stage, idx, coalesce(judged, 0), coalesce(fates, 0) FROM"
            " (SELECT stage, idx, judged, fates FROM settlements LEFT JOIN"
            "  (SELECT stage, idx, count(*) AS fates FROM decisions GROUP BY stage, idx) USING (stage, idx)"
            "  UNION SELECT stage, idx, judged, count(*) FROM decisions LEFT JOIN settlements USING (stage, idx)"
            "  GROUP BY stage, idx)"
            " WHERE coalesce(judged, 0) != coalesce(fates, 0) ORDER BY stage, idx"
        )
        return [
            f"request {index} of {stage} has {pluralize(candidates, 'candidate')} and {pluralize(fates, 'fate')}"
            for stage, index, candidates, fates in self._read.execute(sql)
        ]

    def _entries(self, stage: str, sql: str, values: Sequence[object]) -> Iterator[Entry]:
        for index, *columns in self._read.execute(sql, values):
            yield Entry(stage, DecisionRow(index, decision_of(columns)))


def _shown(entry: str | Mapping[str, str]) -> ShownInstruction:
    return ShownInstruction(entry) if isinstance(entry, str) else ShownInstruction(entry["id"], entry["text"])
