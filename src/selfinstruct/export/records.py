"""Pydantic models of each JSONL contract file, one class for each kind of line."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class Choice(BaseModel):
    """One answer of a model, in the shape the original scripts recorded."""

    text: str
    finish_reason: str | None = None


class Response(BaseModel):
    """The response of a model."""

    choices: list[Choice]


class Metadata(BaseModel):
    """The origin of a generated text."""

    prompt: str
    response: Response
    created_at: str


class InstructionRecord(BaseModel):
    """One line of `machine_generated_instructions.jsonl`."""

    instruction: str
    most_similar: dict[str, float]
    avg_similarity_score: float
    metadata: Metadata
    request_idx: int
    id: str


class LabelRecord(BaseModel):
    """One line of `is_clf_or_not.jsonl`; `is_classification` is `Yes`, `No` or `Unknown`.

    `facts` is only there if `classify` found any.
    """

    instruction: str
    is_classification: str
    id: str
    facts: dict[str, str] = Field(default_factory=dict)


class RawInstancesRecord(BaseModel):
    """One line of `machine_generated_instances.jsonl`."""

    instruction: str
    raw_instances: str
    instance_metadata: Metadata
    id: str


class ExampleRecord(BaseModel):
    """One line of `finetuning/all_generated_instances.jsonl`."""

    instruction: str
    input: str
    output: str
    is_classification: bool
    id: str


class RatingRecord(BaseModel):
    """One line of `finetuning/ratings.jsonl`: what a judge said of an example; answers are `yes` or `no`."""

    instruction: str
    input: str
    output: str
    valid_task: Literal["yes", "no"]
    suitable_input: Literal["yes", "no"]
    correct_output: Literal["yes", "no"]
    score: int = Field(ge=0, le=3)
    reason: str
    model: str
    grade: int | None = Field(None, ge=1, le=5)


class RejectedRecord(BaseModel):
    """One line of `rejected.jsonl`; `fate` is `rejected`, or `quarantined` where a plugin failed on the candidate."""

    text: str
    filter: str
    reason: str
    evidence: dict[str, Any]
    request_idx: int
    position: int
    stage: str
    fate: str
