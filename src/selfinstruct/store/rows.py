"""Turns values into the columns of rows and back: decisions, requests, answers, similarities, seed tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from selfinstruct.store.damage import reads_row
from selfinstruct.text.encoding import clean, dumps
from selfinstruct.types import (
    Decision,
    Deferred,
    Example,
    Failure,
    Instance,
    Instruction,
    Json,
    Message,
    Rating,
    Reply,
    Request,
    Sampling,
    SeedTask,
    Similarity,
    Usage,
)

TOKEN_KINDS = ("cached_tokens", "reasoning_tokens")
"""Fields of `Usage` that stand in the column `details`, where they are known."""


def now() -> str:
    """The time now, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


@reads_row
def example_of(decision: Decision) -> Example:
    """The training example that a decision of the stage `prepare` accepts or drops."""
    parts = decision.payload
    return Example(
        str(parts["instruction"]),
        str(parts["input"]),
        decision.text,
        bool(parts["is_classification"]),
        decision.subject,
        decision.notes,
    )


@reads_row
def rating_of(decision: Decision) -> Rating:
    """The rating in a decision of the stage `judge`."""
    names = ("valid_task", "suitable_input", "correct_output", "remark")
    task, given, output, remark = (str(decision.payload[name]) for name in names)
    grade = decision.payload.get("grade")
    grade = int(str(grade)) if grade is not None else None
    return Rating(task, given, output, decision.subject, remark, decision.notes, grade)


def columns_of(decision: Decision) -> tuple[Any, ...]:
    """A decision as columns, without those of its stage and request."""
    return (
        decision.position,
        clean(decision.text),
        decision.fate,
        decision.filter,
        clean(decision.reason),
        _object_text(decision.evidence),
        _object_text(decision.notes),
        decision.subject,
        _object_text(decision.payload),
        near_text(decision.similarity) if decision.fate == "accepted" else "",
    )


def _object_text(values: Mapping[str, Json]) -> str:
    return dumps(dict(values)) if values else "{}"


def _object_of(text: str) -> dict[str, Json]:
    found: dict[str, Json] = {} if text == "{}" else json.loads(text)
    return found


@reads_row
def decision_of(columns: Sequence[Any]) -> Decision:
    """The decision that columns hold."""
    position, text, fate, name, reason, evidence, notes, subject, payload, similarity = columns
    _refuse_other_than_text(text, fate, name, reason, subject)
    parsed = (_object_of(evidence), similarity_of(similarity), _object_of(notes))
    return Decision(position, text, fate, name, reason, *parsed, subject, _object_of(payload))


def near_text(similarity: Similarity | Deferred | None) -> str:
    """A similarity as text; empty if there is none."""
    if similarity is None:
        return ""
    if isinstance(similarity, Deferred):
        names = ("pool", "tokeniser", "nearest", "ties")
        return dumps({"deferred": {name: getattr(similarity, name) for name in names}})
    return dumps({"mean": similarity.mean, "nearest": similarity.nearest})


@reads_row
def similarity_of(text: str) -> Similarity | Deferred | None:
    """The similarity that `near_text` wrote."""
    if not text:
        return None
    kept = json.loads(text)
    if "deferred" in kept:
        return Deferred(**kept["deferred"])
    nearest = tuple((entry, score) for entry, score in kept["nearest"])
    return Similarity(nearest[0][1] if nearest else 0.0, nearest, kept["mean"])


@reads_row
def seed_of(text: str) -> SeedTask:
    """The seed task in this JSON."""
    task = json.loads(text)
    return SeedTask(**{**task, "instances": tuple(Instance(**instance) for instance in task["instances"])})


def request_of(stage: str, index: int, body: dict[str, Any], *, known: Mapping[str, Instruction] | None) -> Request:
    """The request with this body; `known` gives the instructions that it names by id; `None` leaves them out."""
    shown = [_named(entry, known) for entry in body["examples"]] if known is not None else []
    named = [entry for entry in body["subjects"] if known is not None or isinstance(entry, dict)]
    subjects = [_named(entry, known or {}) for entry in named]
    sampling = body["sampling"] | {"stop": tuple(body["sampling"].get("stop", ()))}
    return Request(
        stage,
        index,
        tuple(Message(role, text) for role, text in body["messages"]),
        Sampling(**sampling),
        tuple(shown),
        tuple(subjects),
        body.get("schema"),
    )


def subject_entry(subject: Instruction) -> Json:
    """A subject as a body names it: by its id, or an example in full, since `prepare` may run again and replace it."""
    example = subject.example
    if example is None:
        return subject.id
    return {
        "id": subject.id,
        "text": subject.text,
        "of": example.subject,
        "input": example.input,
        "output": example.output,
        "is_classification": example.is_classification,
    }


def _named(entry: str | Mapping[str, Any], known: Mapping[str, Instruction]) -> Instruction:
    """An instruction of this run, by its id; one of the run that this one reprocesses, by its text; or an example."""
    if isinstance(entry, str):
        return known[entry]
    if "output" not in entry:
        return Instruction(entry["id"], entry["text"])
    is_classification = entry["is_classification"]
    example = Example(entry["text"], entry["input"], entry["output"], is_classification, entry["of"])
    return Instruction(entry["id"], entry["text"], None, is_classification, example)


@reads_row
def answer_of(columns: Sequence[Any]) -> Reply | Failure | None:
    """The answer in these columns; `None` if there is none yet."""
    text, finish, prompt, completion, model, created_at, details, failure = columns
    if text is None:
        return None
    _refuse_other_than_text(text, finish, model, created_at, failure)
    if failure:
        return Failure(cast(str, failure), bool(json.loads(details).get("may_pass")))
    kept = json.loads(details)
    usage = Usage(prompt, completion, *(kept.pop(name, None) for name in TOKEN_KINDS))
    return Reply(text, finish, usage, model, created_at, kept)


def _refuse_other_than_text(*columns: object) -> None:
    """Raise `TypeError` for a number in a column of texts, which only damage can put there."""
    for value in columns:
        if not isinstance(value, str):
            raise TypeError(f"a text is {type(value).__name__}")
