"""The batches of a run: which requests are with a provider, under which id, and what they cost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from selfinstruct.store.damage import insert
from selfinstruct.store.journal import answer_statement, request_statement
from selfinstruct.store.rows import now
from selfinstruct.store.writer import CommitFuture, Statement
from selfinstruct.types import STAGES, Failure, Reply, Request

Write = Callable[[Sequence[Statement]], CommitFuture]


@dataclass(frozen=True, slots=True)
class SentBatch:
    """A batch that may still bring results.

    key       our own name for it
    indexes   the requests in it
    provider  the provider's id; empty where a kill came before it was known
    sent_at   when it was sent, in UTC
    """

    key: str
    stage: str
    indexes: frozenset[int]
    provider: str
    sent_at: str


@dataclass(frozen=True, slots=True)
class BatchSpend:
    """What batches have cost at one share of the usual price."""

    price_share: float
    requests: int
    prompt_tokens: int
    completion_tokens: int


class BatchJournal:
    """Records batches. What is written is durable when the returned future is done."""

    def __init__(self, read: sqlite3.Connection, write: Write) -> None:
        self._read = read
        self._write = write

    def record_requests(self, requests: Sequence[Request]) -> CommitFuture:
        """Journal requests that are about to go into batches; one that is there already stays as it is."""
        return self._write([request_statement(request) for request in requests])

    def record_answers(self, answers: Sequence[tuple[Request, Reply | Failure]]) -> CommitFuture:
        """Journal what batches have brought for requests."""
        return self._write([answer_statement(request, answer) for request, answer in answers])

    def record(
        self, key: str, stage: str, indexes: Sequence[int], *, tokens: tuple[int, int], price_share: float
    ) -> CommitFuture:
        """Record a batch that is about to be sent; `tokens` are its estimated prompt and completion tokens."""
        values = (key, stage, json.dumps(list(indexes)), *tokens, float(price_share), "", now(), None)
        return self._write([insert("batches", values)])

    def confirm(self, key: str, provider: str) -> CommitFuture:
        """Record the provider's id of a batch."""
        return self._write([("UPDATE batches SET provider = ? WHERE key = ?", (provider, key))])

    def withdraw(self, key: str) -> CommitFuture:
        """Delete a batch that the provider never had, or refused."""
        return self._write([("DELETE FROM batches WHERE key = ?", (key,))])

    def end(self, key: str) -> CommitFuture:
        """Record that a batch will bring no more results."""
        return self._write([("UPDATE batches SET ended_at = ? WHERE key = ?", (now(), key))])

    def open(self, stage: str | None = None) -> list[SentBatch]:
        """The batches of a stage, or of all, that have not ended, in the order in which they were sent."""
        sql = (
            "SELECT key, stage, indexes, provider, sent_at FROM batches"
            " WHERE ended_at IS NULL AND stage LIKE ? ORDER BY sent_at, rowid"
        )
        if not self._exist():
            return []
        return [
            SentBatch(key, name, frozenset(json.loads(indexes)), provider, sent_at)
            for key, name, indexes, provider, sent_at in self._read.execute(sql, (stage or "%",)).fetchall()
        ]

    def waiting(self, stage: str | None = None) -> list[SentBatch]:
        """As `open`, but of each batch only the requests that have no answer yet."""
        return [replace(one, indexes=one.indexes.intersection(self.unanswered(one.stage))) for one in self.open(stage)]

    def _exist(self) -> bool:
        """Whether there is the table; an older run that is opened for reading only has none."""
        return self._read.execute("SELECT 1 FROM sqlite_master WHERE name = 'batches'").fetchone() is not None

    def unanswered(self, stage: str) -> list[int]:
        """The requests of a stage that have neither a reply nor a failure, in order."""
        sql = (
            "SELECT idx FROM requests LEFT JOIN replies USING (stage, idx)"
            " WHERE stage = ? AND replies.text IS NULL ORDER BY idx"
        )
        return [index for (index,) in self._read.execute(sql, (stage,)).fetchall()]

    def attempts(self, stage: str) -> dict[int, int]:
        """How many ended batches brought no answer to a request, for each that has been in one and still has none."""
        sql = (
            "SELECT value, count(*) FROM batches JOIN json_each(indexes)"
            " LEFT JOIN replies ON replies.stage = batches.stage AND idx = value"
            " WHERE batches.stage = ? AND ended_at IS NOT NULL AND replies.text IS NULL GROUP BY value"
        )
        return dict(self._read.execute(sql, (stage,)).fetchall())

    def spent(self, stages: Collection[str] = STAGES) -> list[BatchSpend]:
        """What the batches of some stages have cost: as billed, or as estimated while a batch is out."""
        if not self._exist():
            return []
        among = f"stage IN ({', '.join('?' * len(stages))})"
        sql = (
            "SELECT price_share, count(*), coalesce(sum(replies.prompt_tokens), 0),"  # noqa: S608 - only marks for values
            " coalesce(sum(replies.completion_tokens), 0) FROM"
            " (SELECT stage, json_each.value AS idx, price_share, max(sent_at) AS sent_at FROM batches,"
            f" json_each(indexes) WHERE ended_at IS NOT NULL AND {among} GROUP BY stage, idx)"  # the last one answered
            " JOIN replies USING (stage, idx)"
            " LEFT JOIN (SELECT stage, idx, max(at) AS at FROM calls WHERE NOT refused GROUP BY stage, idx)"
            " USING (stage, idx) WHERE failure = '' AND (at IS NULL OR at < (julianday(sent_at) - 2440587.5) * 86400)"
            " GROUP BY price_share UNION ALL"
            " SELECT price_share, sum(json_array_length(indexes)), sum(prompt_tokens), sum(completion_tokens)"
            f" FROM batches WHERE ended_at IS NULL AND {among} GROUP BY price_share"
        )
        return [BatchSpend(*row) for row in self._read.execute(sql, (*stages, *stages))]
