"""Writes and reads the journal of a run: its requests and their answers.

A request is in the database before it is sent, and its answer before anything evaluates it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from selfinstruct.store.damage import insert, reads_row
from selfinstruct.store.rows import TOKEN_KINDS, answer_of, columns_of, now, request_of, subject_entry
from selfinstruct.store.writer import Statement
from selfinstruct.text.encoding import clean, dumps
from selfinstruct.types import Decision, Failure, Instruction, Reply, Request, Retry

DELETE_UNANSWERED = "DELETE FROM requests WHERE stage = ?1 AND idx NOT IN (SELECT idx FROM replies WHERE stage = ?1)"
DELETE_DECISIONS = ("DELETE FROM decisions WHERE stage = ?", "DELETE FROM settlements WHERE stage = ?")

NamedInstruction = str | Mapping[str, Any]
"""How a request names an instruction: by its id, or, where it is not one of the run's own, by id and text."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A request as the journal holds it.

    answer      the reply or failure; `None` if there is none yet
    evaluated   how many candidates of the reply have a fate, and `complete` whether that is all of them
    """

    request: Request
    answer: Reply | Failure | None
    evaluated: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """An answered request; `body` is the request as its row has it, `answer` the columns of the reply."""

    stage: str
    index: int
    body: Mapping[str, Any]
    asked_at: str
    answer: Sequence[Any]


# --- writing ----------------------------------------------------------------------------------------------------------


def request_statement(request: Request) -> Statement:
    """Journals a request, unless it is there already: a command that continues after a kill asks it again."""
    body = {
        "messages": [[message.role, message.text] for message in request.messages],
        "sampling": {key: value for key, value in asdict(request.sampling).items() if value not in (None, ())},
        "examples": [example.id for example in request.examples],
        "subjects": [subject_entry(subject) for subject in request.subjects],
    }
    if request.schema is not None:
        body["schema"] = request.schema
    return insert("requests", (request.stage, request.index, dumps(body), now()), "INSERT OR IGNORE")


def answer_statement(request: Request, answer: Reply | Failure) -> Statement:
    """Journals the reply to a request, or its failure."""
    if isinstance(answer, Failure):
        why = clean(answer.message) or "no reason was given"  # an empty one would read as an answer
        details = dumps({"may_pass": True} if answer.may_pass else {})
        values: tuple[Any, ...] = ("", "unknown", None, None, "", now(), details, why)
    else:
        usage = answer.usage
        tokens = (usage.prompt_tokens, usage.completion_tokens)
        kinds = {name: count for name in TOKEN_KINDS if (count := getattr(usage, name)) is not None}
        origin = (clean(answer.model), answer.created_at, dumps(kinds | dict(answer.details)))
        values = (clean(answer.text), answer.finish, *tokens, *origin, "")
    return insert("replies", (request.stage, request.index, *values))


def retry_statement(retry: Retry) -> Statement:
    """Journals an attempt that will be repeated."""
    values = (None, retry.stage, retry.index, retry.attempt, float(retry.wait), clean(retry.message), now())
    return insert("retries", values)


def settlement_statements(
    request: Request, decisions: Sequence[Decision], *, evaluated: int, complete: bool, accepted: int
) -> list[Statement]:
    """Write the decisions on one reply."""
    key = (request.stage, request.index)
    rows = [insert("decisions", (*key, *columns_of(decision))) for decision in decisions]
    return [*rows, insert("settlements", (*key, evaluated, int(complete), accepted), "INSERT OR REPLACE")]


def exchange_statements(exchange: Exchange) -> list[Statement]:
    """Write an exchange into a run that does not have it."""
    key = (exchange.stage, exchange.index)
    return [
        insert("requests", (*key, dumps(dict(exchange.body)), exchange.asked_at)),
        insert("replies", (*key, *exchange.answer)),
    ]


# --- reading back -----------------------------------------------------------------------------------------------------


def read_entry(
    read: sqlite3.Connection, stage: str, index: int, *, known: Mapping[str, Instruction] | None
) -> JournalEntry | None:
    """What the journal holds about one request; `known` gives the instructions it names by id, if wanted."""
    row = read.execute(
        "SELECT body, text, finish, prompt_tokens, completion_tokens, model, created_at, details, failure,"
        " coalesce(judged, 0), coalesce(complete, 0)"
        " FROM requests LEFT JOIN replies USING (stage, idx) LEFT JOIN settlements USING (stage, idx)"
        " WHERE stage = ? AND idx = ?",
        (stage, index),
    ).fetchone()
    return None if row is None else _entry(stage, index, row, known=known)


@reads_row
def _entry(stage: str, index: int, row: Sequence[Any], *, known: Mapping[str, Instruction] | None) -> JournalEntry:
    request = request_of(stage, index, json.loads(row[0]), known=known)
    return JournalEntry(request, answer_of(row[1:9]), row[9], bool(row[10]))


def next_index(read: sqlite3.Connection, stage: str) -> int:
    """The index after the last request that the journal holds."""
    sql = "SELECT coalesce(max(idx) + 1, 0) FROM requests WHERE stage = ?"
    return int(read.execute(sql, (stage,)).fetchone()[0])


def has_started(read: sqlite3.Connection, stages: str) -> bool:
    """Whether a stage has asked or decided anything; `stages` is its name, or a pattern of SQL's LIKE."""
    sql = (
        "SELECT EXISTS (SELECT 1 FROM requests WHERE stage LIKE ?)"
        " OR EXISTS (SELECT 1 FROM settlements WHERE stage LIKE ?)"
    )
    return bool(read.execute(sql, (stages,) * 2).fetchone()[0])


def read_accepted_totals(read: sqlite3.Connection, stage: str) -> list[int]:
    """The accepted total after each completely settled request of a stage, in order of requests."""
    sql = "SELECT accepted FROM settlements WHERE stage = ? AND complete ORDER BY idx"
    return [accepted for (accepted,) in read.execute(sql, (stage,))]


def has_results(read: sqlite3.Connection) -> bool:
    """Whether any request of the run has an answer, or any candidate a fate."""
    sql = "SELECT EXISTS (SELECT 1 FROM replies) OR EXISTS (SELECT 1 FROM settlements)"
    return bool(read.execute(sql).fetchone()[0])


def read_exchanges(read: sqlite3.Connection, stage: str) -> Iterator[Exchange]:
    """Every request of a stage that has a reply, or failed, in order; those without either are left out."""
    sql = (
        "SELECT idx, body, asked_at, text, finish, prompt_tokens, completion_tokens, model, created_at, details,"
        " failure FROM requests JOIN replies USING (stage, idx) WHERE stage = ? ORDER BY idx"
    )
    for index, body, asked_at, *answer in read.execute(sql, (stage,)):
        yield Exchange(stage, index, _body(body), asked_at, answer)


@reads_row
def _body(text: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(text)
    return body
