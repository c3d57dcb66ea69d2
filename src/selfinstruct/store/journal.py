"""A journal as rows that another run can take over: what was asked and answered, word for word and with its times."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from selfinstruct.store.writer import Statement
from selfinstruct.text.encoding import dumps

Named = str | Mapping[str, Any]
"""How a request names an instruction: by its id, or, where it is not one of the run's own, by id and text."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """An answered request; `body` holds messages, sampling, examples and subjects, `answer` the columns of its row."""

    stage: str
    index: int
    body: Mapping[str, Any]
    asked_at: str
    answer: Sequence[Any]


def exchanges_of(read: sqlite3.Connection, stage: str) -> Iterator[Exchange]:
    """Every request of a stage that has a reply, or failed, in order; those without either are left out."""
    sql = (
        "SELECT idx, body, asked_at, text, finish, prompt_tokens, completion_tokens, model, created_at, details,"
        " failure FROM requests JOIN replies USING (stage, idx) WHERE stage = ? ORDER BY idx"
    )
    for index, body, asked_at, *answer in read.execute(sql, (stage,)):
        yield Exchange(stage, index, json.loads(body), asked_at, answer)


def statements(exchange: Exchange) -> list[Statement]:
    """What writes an exchange into a run that does not have it."""
    key = (exchange.stage, exchange.index)
    return [
        ("INSERT INTO requests VALUES (?, ?, ?, ?)", (*key, dumps(dict(exchange.body)), exchange.asked_at)),
        ("INSERT INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*key, *exchange.answer)),
    ]
