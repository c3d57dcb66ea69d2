"""How a run's pool has grown: read-only sums over stretches of settled requests, each small however long the run."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from selfinstruct.types import GENERATE

SAMPLED = 100
"""Accepted instructions of a stretch whose similarities are read; each is a kilobyte or two."""


_GROUPED = (
    "SELECT max(0, ? - 1 - (? - 1 - idx) / ?) AS place, {} AND stage = ? AND idx < ? GROUP BY place ORDER BY place"
)
"""Sums by stretch, counted from the newest one: stretches, requests, their length, the stage, requests again."""

_SETTLED = "min(idx), count(*), sum(judged), max(accepted) FROM settlements WHERE complete"
_CALLS = "count(*), sum(prompt_tokens), sum(completion_tokens) FROM calls WHERE NOT refused"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Requests one after the other, wholly settled, and what they brought.

    first       the index of the first of them
    pool        accepted instructions before the first of them
    candidates  judged; `accepted` of them joined the pool
    calls       to the model, retries and failed ones included, but for those the provider turned away unread
    nearest     mean over some of the accepted: ROUGE-L to the nearest member of the pool; `None` if not known
    mean        the same to the whole pool

    `prompt_tokens` and `completion_tokens` are those of the calls: as billed, or as reckoned where nobody tells.
    """

    first: int
    requests: int
    pool: int
    candidates: int
    accepted: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    nearest: float | None
    mean: float | None


class Growth:
    """Reads how the stage `generate` went. Another process may be writing: what is settled does not change any more."""

    def __init__(self, read: sqlite3.Connection) -> None:
        self._read = read

    def latest(self, most: int) -> list[tuple[str, str]]:
        """Stage and time of the last replies, at most so many, newest first."""
        sql = "SELECT stage, created_at FROM replies WHERE failure = '' ORDER BY created_at DESC LIMIT ?"
        return self._read.execute(sql, (most,)).fetchall()

    def recent_candidate_counts(self, stage: str, most: int) -> list[int]:
        """The candidates of the last wholly settled requests of a stage, at most so many, oldest first."""
        sql = "SELECT judged FROM settlements WHERE stage = ? AND complete ORDER BY idx DESC LIMIT ?"
        return [evaluated for (evaluated,) in self._read.execute(sql, (stage, most))][::-1]

    def stretches(self, most: int, least: int) -> list[Stretch]:
        """The settled requests in at most `most` stretches of at least `least` requests; a short run is one stretch.

        All are as long but the first, which takes what the others leave. Nothing if nothing is settled.
        """
        sql = "SELECT count(*) FROM settlements WHERE stage = ? AND complete"
        (count,) = self._read.execute(sql, (GENERATE,)).fetchone()
        if not count:
            return []
        width = max(least, -(-count // most))
        number = max(1, count // width)
        bounds = (number, count, width, GENERATE, count)
        calls = {row[0]: row[1:] for row in self._read.execute(_GROUPED.format(_CALLS), bounds)}
        found: list[Stretch] = []
        pool = 0
        for place, first, requests, candidates, accepted in self._read.execute(_GROUPED.format(_SETTLED), bounds):
            nearest, mean = self._near(first, first + requests)
            made, prompt, completion = calls.get(place, (0, 0, 0))
            gained = accepted - pool
            found.append(Stretch(first, requests, pool, candidates, gained, made, prompt, completion, nearest, mean))
            pool = accepted
        return found

    def drops(self, first: int) -> Sequence[tuple[str, str, int]]:
        """Filter, reason and number of what was rejected from a request on, the most frequent first."""
        sql = (
            "SELECT filter, reason, count(*) FROM decisions WHERE stage = ? AND idx >= ? AND +fate = 'rejected'"
            " GROUP BY filter, reason ORDER BY count(*) DESC, filter, reason"
        )
        return self._read.execute(sql, (GENERATE, first)).fetchall()

    def _near(self, first: int, end: int) -> tuple[float | None, float | None]:
        """Means over the first accepted instructions of a stretch; `+` keeps to the order in which they are stored."""
        sql = (
            "SELECT avg(json_extract(similarity, '$.nearest[0][1]')), avg(json_extract(similarity, '$.mean')) FROM"
            " (SELECT similarity FROM decisions WHERE stage = ? AND idx BETWEEN ? AND ? AND +fate = 'accepted'"
            " AND similarity != '' LIMIT ?)"
        )
        nearest, mean = self._read.execute(sql, (GENERATE, first, end - 1, SAMPLED)).fetchone()
        return nearest, mean
