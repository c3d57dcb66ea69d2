"""Reads decisions back: what a stage accepted, and what it dropped and why."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from selfinstruct.store.rows import decision_of, example_of, similarity_of
from selfinstruct.types import (
    GENERATE,
    INSTANCES,
    PREPARE,
    REQUEST_FAILED,
    Decision,
    Deferred,
    Example,
    Finish,
    Similarity,
)

COLUMNS = "position, text, fate, filter, reason, evidence, notes, subject, payload, similarity"
"""The columns of a decision after those of its request, in the order of `decision_of`."""


_PASSES = "coalesce(json_extract(details, '$.may_pass'), 0)"
"""Whether the failure in a row of `replies` has a cause that may pass."""


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision, and the index of the request whose reply it is about."""

    index: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted instruction, its request and position, and its similarity to the pool before it."""

    index: int
    position: int
    text: str
    similarity: Similarity | Deferred | None


def read_decisions(read: sqlite3.Connection, stage: str, fate: str) -> Iterator[DecisionRow]:
    """Every decision of one fate, in order of requests and positions."""
    sql = f"SELECT idx, {COLUMNS} FROM decisions WHERE stage = ? AND fate = ? ORDER BY idx, position"  # noqa: S608
    for index, *columns in read.execute(sql, (stage, fate)):
        yield DecisionRow(index, decision_of(columns))


def read_examples_including_dropped(read: sqlite3.Connection, name: str, reason: str) -> Iterator[Example]:
    """The training examples, and those that one filter dropped for one reason, all in order."""
    sql = (
        f"SELECT {COLUMNS} FROM decisions WHERE stage = ?"  # noqa: S608 - columns
        " AND (fate = 'accepted' OR (fate = 'rejected' AND filter = ? AND reason = ?)) ORDER BY idx, position"
    )
    for columns in read.execute(sql, (PREPARE, name, reason)):
        yield example_of(decision_of(columns))


def read_subject_fates(read: sqlite3.Connection, stage: str) -> dict[str, tuple[int, str]]:
    """Each subject with a fate in a stage: how often it got one, and the accepted text, if any.

    The fate of a failed request does not count if the cause of the failure may pass, so the subject is asked about
    again. Nor does a fate from before the stage was stopped because the model's replies brought nothing.
    """
    sql = (
        "SELECT subject, sum(fate = 'accepted' OR idx >= coalesce((SELECT CAST(value AS INTEGER) FROM run"  # noqa: S608 - columns
        " WHERE key = 'attempts_from.' || ?1), 0)),"
        " coalesce(max(CASE WHEN fate = 'accepted' THEN decisions.text END), '')"
        " FROM decisions LEFT JOIN replies USING (stage, idx) WHERE stage = ?1 AND subject != ''"
        f" AND NOT (reason = ?2 AND {_PASSES}) GROUP BY subject"
    )
    return {subject: (times, accepted) for subject, times, accepted in read.execute(sql, (stage, REQUEST_FAILED))}


def count_failed_requests(read: sqlite3.Connection, stage: str) -> tuple[int, int]:
    """The failed requests of a stage whose subjects have no answer, and how many of them failed by what may pass."""
    sql = (
        f"SELECT count(*), coalesce(sum({_PASSES}), 0) FROM replies WHERE stage = ? AND idx IN"  # noqa: S608 - columns
        " (SELECT max(idx) FROM decisions WHERE stage = ? AND reason = ? AND subject NOT IN"
        " (SELECT subject FROM decisions WHERE stage = ? AND fate = 'accepted') GROUP BY subject)"
    )
    failed, passing = read.execute(sql, (stage, stage, REQUEST_FAILED, stage)).fetchone()
    return failed, passing


def read_accepted_after(read: sqlite3.Connection, place: tuple[int, int], most: int) -> list[Accepted]:
    """At most `most` accepted instructions after a request and position, oldest first."""
    sql = (
        "SELECT idx, position, text, similarity FROM decisions WHERE stage = ? AND fate = 'accepted'"
        " AND (idx, position) > (?, ?) ORDER BY idx, position LIMIT ?"
    )
    rows = read.execute(sql, (GENERATE, *place, most))
    return [Accepted(index, position, text, similarity_of(near)) for index, position, text, near in rows]


def read_raw_text(read: sqlite3.Connection, index: int, position: int) -> tuple[str, Finish]:
    """Raw instances, and why the model stopped in the reply that held them."""
    sql = "SELECT raw, finish FROM instances JOIN replies USING (idx) WHERE stage = ? AND idx = ? AND position = ?"
    raw, finish = read.execute(sql, (INSTANCES, index, position)).fetchone()
    return raw, finish
