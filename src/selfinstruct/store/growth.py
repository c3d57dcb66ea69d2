"""How a run's pool has grown: sums over stretches of settled requests."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from selfinstruct.types import GENERATE

SAMPLED = 100
"""Accepted instructions of a stretch whose similarities are read, since each is a kilobyte or two."""


_GROUPED = (
    "SELECT max(0, ? - 1 - (? - 1 - idx) / ?) AS place, {} AND stage = ? AND idx < ? GROUP BY place ORDER BY place"
)
"""Sums by stretch. Its values are: stretches, requests, requests of a stretch, stage, requests."""

_SETTLED = "min(idx), count(*), sum(judged), max(accepted) FROM settlements WHERE complete"
_CALLS = "count(*), sum(prompt_tokens), sum(completion_tokens) FROM calls WHERE NOT refused"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive requests whose replies are completely evaluated, and their results.

    first       the index of the first request
    pool        accepted instructions before the first request
    candidates  evaluated; `accepted` of them joined the pool
    calls       to the model, with retries and failures, but without those that the provider refused unread
    nearest     mean ROUGE-L F1 of some accepted instructions to the nearest member of the pool; `None` if unknown
    mean        the same to all members of the pool

    `prompt_tokens` and `completion_tokens` are those of the calls: as billed, or estimated where the provider does not
    report them.
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

    @property
    def end(self) -> int:
        """Accepted instructions after the last request."""
        return self.pool + self.accepted

    @property
    def acceptance(self) -> float | None:
        """The share of candidates that joined the pool."""
        return self.accepted / self.candidates if self.candidates else None


class Growth:
    """Reads the growth in the stage `generate`, even while another process writes: settled requests do not change."""

    def __init__(self, read: sqlite3.Connection) -> None:
        self._read = read

    def latest(self, most: int) -> list[tuple[str, str]]:
        """Stage and time of at most `most` replies, newest first."""
        sql = "SELECT stage, created_at FROM replies WHERE failure = '' ORDER BY created_at DESC LIMIT ?"
        return self._read.execute(sql, (most,)).fetchall()

    def recent_candidate_counts(self, stage: str, most: int) -> list[int]:
        """The number of candidates of the last `most` completely settled requests of a stage, oldest first."""
        sql = "SELECT judged FROM settlements WHERE stage = ? AND complete ORDER BY idx DESC LIMIT ?"
        return [evaluated for (evaluated,) in self._read.execute(sql, (stage, most))][::-1]

    def stretches(self, most: int, least: int) -> list[Stretch]:
        """The settled requests in at most `most` stretches of at least `least` requests; a short run is one stretch.

        All have the same length but the first, which has the rest. Empty if nothing is settled.
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
        """Filter, reason and number of the rejected candidates since a request, the most frequent first."""
        sql = (
            "SELECT filter, reason, count(*) FROM decisions WHERE stage = ? AND idx >= ? AND +fate = 'rejected'"
            " GROUP BY filter, reason ORDER BY count(*) DESC, filter, reason"
        )
        return self._read.execute(sql, (GENERATE, first)).fetchall()

    def last_and_earlier(self, most: int, most_earlier: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Ids and texts of the last accepted instructions, a quarter of all at most, and of the rest, evenly spaced."""
        sql = "SELECT count(*) FROM instructions"
        (total,) = self._read.execute(sql).fetchone()
        start = total - min(most, total // 4)
        sql = (
            "SELECT place >= ?, id, text FROM (SELECT id, text, row_number() OVER (ORDER BY idx, position) - 1 AS place"
            " FROM instructions) WHERE place >= ? OR place % ? = 0 ORDER BY place"
        )
        parts: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
        for is_last, identity, text in self._read.execute(sql, (start, start, max(1, -(-start // most_earlier)))):
            parts[not is_last].append((identity, text))
        return parts

    def _near(self, first: int, end: int) -> tuple[float | None, float | None]:
        """Means over the first accepted instructions of a stretch; the `+` makes SQLite read them in stored order."""
        sql = (
            "SELECT avg(json_extract(near, '$.nearest[0][1]')), avg(json_extract(near, '$.mean')) FROM"
            " (SELECT nullif(similarity, '') AS near FROM decisions"
            " WHERE stage = ? AND idx BETWEEN ? AND ? AND +fate = 'accepted' AND similarity != '' LIMIT ?)"
        )
        nearest, mean = self._read.execute(sql, (GENERATE, first, end - 1, SAMPLED)).fetchone()
        return nearest, mean
