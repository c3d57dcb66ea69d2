"""The calls to models that a run has paid for: what budgets and daily quotas are counted from."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from selfinstruct.store.writer import CommitFuture, Statement
from selfinstruct.types import STAGES

Write = Callable[[Sequence[Statement]], CommitFuture]


@dataclass(frozen=True, slots=True)
class SpentTotals:
    """What a run has spent, over all its commands; `seconds` are those in which calls were made."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0


class Calls:
    """Journals calls. Nobody waits for it: a kill within milliseconds of a call can cost its row, and no more.

    `clock` tells the time of day; where it jumps back, what was spent counts as spent now.
    """

    def __init__(self, read: sqlite3.Connection, write: Write, clock: Callable[[], float] = time.time) -> None:
        self._read = read
        self._write = write
        self._clock = clock
        sql = "SELECT coalesce(max(id), 0), coalesce(max(session), 0) FROM calls"
        last, before = read.execute(sql).fetchone()
        self._last, self._session = int(last), int(before) + 1

    def sent(self, stage: str, index: int, prompt_tokens: int, completion_tokens: int) -> int:
        """A call is about to be made, with what is reserved for it; returns its number."""
        self._last += 1
        values = (self._last, self._session, stage, index, self._clock(), None, prompt_tokens, completion_tokens, 0)
        self._write([("INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)])
        return self._last

    def ended(self, number: int, prompt_tokens: int, completion_tokens: int, refused: bool) -> None:
        """A call has ended, with what it has cost as far as that is known."""
        sql = "UPDATE calls SET ended = ?, prompt_tokens = ?, completion_tokens = ?, refused = ? WHERE id = ?"
        self._write([(sql, (self._clock(), prompt_tokens, completion_tokens, int(refused), number))])

    def spent(self, stages: Collection[str] = STAGES) -> SpentTotals:
        """The totals over the whole run, of some stages; the seconds are those of all."""
        sums = "count(*), coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0)"
        sql = f"SELECT {sums} FROM calls WHERE NOT refused AND {_among(stages)}"  # noqa: S608 - only marks for values
        spans = (
            "SELECT coalesce(sum(span), 0) FROM"
            " (SELECT max(coalesce(ended, at)) - min(at) AS span FROM calls GROUP BY session)"
        )
        requests, prompt, completion = self._read.execute(sql, tuple(stages)).fetchone()
        (seconds,) = self._read.execute(spans).fetchone()
        return SpentTotals(requests, prompt, completion, max(0.0, seconds))

    def recent(self, seconds: float, stages: Collection[str] = STAGES) -> Iterator[tuple[float, int]]:
        """Seconds ago and tokens of each call that some stages made in the last `seconds`, oldest first."""
        now = self._clock()
        sql = f"SELECT at, prompt_tokens + completion_tokens FROM calls WHERE {_among(stages)}"  # noqa: S608 - as above
        for at, tokens in self._read.execute(f"{sql} AND NOT refused AND at > ? ORDER BY at", (*stages, now - seconds)):
            yield max(0.0, now - at), tokens


def _among(stages: Collection[str]) -> str:
    return f"stage IN ({', '.join('?' * len(stages))})"
