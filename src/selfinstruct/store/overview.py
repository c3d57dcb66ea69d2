"""Counts over a whole run, made by the database, so that a long run needs little memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from selfinstruct.types import CLASSIFY, GENERATE, JUDGE, TASK_FACTS

_NEAREST_TEXT = "json_extract(nullif(similarity, ''), '$.nearest[0][0]')"
_NEAREST = "json_extract(nullif(similarity, ''), '$.nearest[0][1]')"
_ACCEPTED = "decisions WHERE stage = ? AND fate = 'accepted'"


@dataclass(frozen=True, slots=True)
class NearestPair:
    """An accepted instruction and the nearest member of the pool before it, with their ROUGE-L F1."""

    id: str
    text: str
    nearest: str
    score: float


class Overview:
    """Counts over a whole run; `RunStore.overview` makes it."""

    def __init__(self, read: sqlite3.Connection) -> None:
        self._read = read

    def asked_between(self) -> tuple[str, str]:
        """When the first and the last request were journalled, ISO 8601, UTC; empty if there is none."""
        sql = "SELECT coalesce(min(asked_at), ''), coalesce(max(asked_at), '') FROM requests"
        first, last = self._read.execute(sql).fetchone()
        return first, last

    def nearness(self, bins: int) -> tuple[list[int], int]:
        """A histogram of accepted instructions by ROUGE-L F1 to the nearest one before, in equal bins from 0 to 1.

        The second value counts those whose similarity is not known yet. A score of 1 is in the last bin.
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
        """The accepted instructions with the highest scores, highest first; of equal ones the older first."""
        sql = (
            f"SELECT 'g' || idx || '.' || position, text, {_NEAREST_TEXT}, score FROM"  # noqa: S608 - no values
            f" (SELECT idx, position, {_NEAREST} AS score FROM {_ACCEPTED} AND similarity != ''"
            "  ORDER BY score DESC, idx, position LIMIT ?)"
            " JOIN decisions USING (idx, position) WHERE stage = ? AND score > 0 ORDER BY score DESC, idx, position"
        )
        return [NearestPair(*row) for row in self._read.execute(sql, (GENERATE, most, GENERATE))]

    def labels(self) -> dict[str, int]:
        """The number of instructions labelled `yes` and `no`, and as `unknown` those without an answer."""
        sql = (
            "SELECT coalesce(label, 'unknown'), count(*) FROM"
            " (SELECT max(CASE WHEN fate = 'accepted' THEN text END) AS label FROM decisions"
            "  WHERE stage = ? AND subject != '' GROUP BY subject) GROUP BY 1"
        )
        return dict(self._read.execute(sql, (CLASSIFY,)))

    def fact_counts(self) -> dict[str, dict[str, int]]:
        """How many instructions have each value of each fact, the most frequent value first."""
        sql = (
            "SELECT key, value, count(*) FROM decisions, json_each(notes, '$.facts')"
            " WHERE stage = ? AND fate = 'accepted' GROUP BY 1, 2 ORDER BY 3 DESC, 2"
        )
        found: dict[str, dict[str, int]] = {}
        for name, value, count in self._read.execute(sql, (CLASSIFY,)):
            found.setdefault(name, {})[value] = count
        return {name: found[name] for name in TASK_FACTS if name in found}

    def example_texts(self) -> Iterator[tuple[str, str]]:
        """Input and output of every training example."""
        yield from self._read.execute("SELECT input, output FROM examples")

    def with_instances(self) -> int:
        """How many instructions have raw instances."""
        return int(self._read.execute("SELECT count(DISTINCT subject) FROM instances").fetchone()[0])

    def with_results(self, stage: str) -> int:
        """How many instructions of the run have something that this stage accepted; seed tasks are not counted."""
        ids = f"SELECT 'g' || idx || '.' || position FROM {_ACCEPTED}"  # noqa: S608 - no values
        sql = f"SELECT count(DISTINCT subject) FROM {_ACCEPTED} AND subject IN ({ids})"  # noqa: S608 - no values
        return int(self._read.execute(sql, (stage, GENERATE)).fetchone()[0])

    def grades(self) -> dict[int, int]:
        """How often the judge gave each grade, the best grade first."""
        sql = (
            "SELECT json_extract(payload, '$.grade') AS grade, count(*) FROM decisions"
            " WHERE stage = ? AND fate = 'accepted' AND grade IS NOT NULL GROUP BY 1 ORDER BY 1 DESC"
        )
        return dict(self._read.execute(sql, (JUDGE,)))

    def ratings(self) -> dict[tuple[str, str, str], int]:
        """How often the judge gave each combination of its three answers, by the last rating of each example."""
        parts = ", ".join(f"json_extract(payload, '$.{name}')" for name in _QUESTIONS)
        sql = (
            f"SELECT {parts}, count(*) FROM (SELECT payload, max(idx * 100000 + position) FROM {_ACCEPTED}"  # noqa: S608
            " GROUP BY subject) GROUP BY 1, 2, 3"
        )
        return {(task, given, output): count for task, given, output, count in self._read.execute(sql, (JUDGE,))}


_QUESTIONS = ("valid_task", "suitable_input", "correct_output")
