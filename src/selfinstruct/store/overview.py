"""A run summed up: read-only counts over all of it, made by the database, so that a long run stays small in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from selfinstruct.types import CLASSIFY, GENERATE, JUDGE

_NEAREST = "json_extract(similarity, '$.nearest[0][1]')"
_ACCEPTED = "decisions WHERE stage = ? AND fate = 'accepted'"


@dataclass(frozen=True, slots=True)
class NearestPair:
    """An accepted instruction and the member of the pool that it was nearest to, with their ROUGE-L F1."""

    id: str
    text: str
    nearest: str
    score: float


class Overview:
    """Sums up a run; `RunStore.overview` gives one."""

    def __init__(self, read: sqlite3.Connection) -> None:
        self._read = read

    def asked_between(self) -> tuple[str, str]:
        """When the first and the last request were journalled, ISO 8601, UTC; empty where there is none."""
        sql = "SELECT coalesce(min(asked_at), ''), coalesce(max(asked_at), '') FROM requests"
        first, last = self._read.execute(sql).fetchone()
        return first, last

    def nearness(self, bins: int) -> tuple[list[int], int]:
        """Accepted instructions by their ROUGE-L to the nearest before them, in so many equal bins from 0 to 1.

        The second value counts those whose similarity is not known (yet). A score of 1 is in the last bin.
        """
        sql = f"SELECT min(? - 1, CAST({_NEAREST} * ? AS INTEGER)), count(*) FROM {_ACCEPTED} GROUP BY 1"  # noqa: S608
        counts, unknown = [0] * bins, 0
        for place, count in self._read.execute(sql, (bins, bins, GENERATE)):
            if place is None:
                unknown = count
            else:
                counts[place] = count
        return counts, unknown

    def closest(self, most: int) -> list[NearestPair]:
        """The accepted instructions that were nearest to one before them, the nearest first, of equals the older."""
        sql = (
            "SELECT 'g' || idx || '.' || position, text, json_extract(similarity, '$.nearest[0][0]'), score FROM"  # noqa: S608 - no values
            f" (SELECT idx, position, {_NEAREST} AS score FROM {_ACCEPTED} AND similarity != ''"
            "  ORDER BY score DESC, idx, position LIMIT ?)"
            " JOIN decisions USING (idx, position) WHERE stage = ? AND score > 0 ORDER BY score DESC, idx, position"
        )
        return [NearestPair(*row) for row in self._read.execute(sql, (GENERATE, most, GENERATE))]

    def labels(self) -> dict[str, int]:
        """How many instructions are labelled `yes` or `no`; those asked about without an answer are `unknown`."""
        sql = (
            "SELECT coalesce(said, 'unknown'), count(*) FROM"
            " (SELECT max(CASE WHEN fate = 'accepted' THEN text END) AS said FROM decisions"
            "  WHERE stage = ? AND subject != '' GROUP BY subject) GROUP BY 1"
        )
        return dict(self._read.execute(sql, (CLASSIFY,)))

    def example_texts(self) -> Iterator[tuple[str, str]]:
        """Input and output of every training example."""
        yield from self._read.execute("SELECT input, output FROM examples")

    def with_instances(self) -> int:
        """How many instructions have raw instances."""
        return int(self._read.execute("SELECT count(DISTINCT subject) FROM instances").fetchone()[0])

    def ratings(self) -> dict[tuple[str, str, str], int]:
        """How often the judge gave each three answers, the last rating of an example counting."""
        parts = ", ".join(f"json_extract(payload, '$.{name}')" for name in _QUESTIONS)
        sql = (
            f"SELECT {parts}, count(*) FROM (SELECT payload, max(idx * 100000 + position) FROM {_ACCEPTED}"  # noqa: S608
            " GROUP BY subject) GROUP BY 1, 2, 3"
        )
        return {(task, given, output): count for task, given, output, count in self._read.execute(sql, (JUDGE,))}


_QUESTIONS = ("valid_task", "suitable_input", "correct_output")
