"""The options of the demo backend: its seed, its latency, and how often it makes each mistake of a real model."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from selfinstruct.api import Options


class DemoOptions(Options):
    """Options of `demo`. A rate is the probability of one mistake, per reply or per task as described."""

    unfrozen: ClassVar[frozenset[str]] = frozenset({"latency"})

    seed: int = Field(0, description="Another seed gives different replies to the same prompts.")
    latency: float = Field(0.0, ge=0, description="Average seconds that a reply takes.")
    preamble: float = Field(0.06, ge=0, le=1, description="Per reply: starts with a phrase.")
    outro: float = Field(0.08, ge=0, le=1, description="Per reply: ends with a remark to the user.")
    markers: float = Field(0.15, ge=0, le=1, description="Per reply: marks items in another way.")
    refusal: float = Field(0.02, ge=0, le=1, description="Per reply: refuses the request.")
    cut: float = Field(0.06, ge=0, le=1, description="Per reply: ends inside an item.")
    near_duplicate: float = Field(0.12, ge=0, le=1, description="Per task: restates an example, or lengthens it.")
    echo: float = Field(0.06, ge=0, le=1, description="Per task: copies an example word for word.")
    answer: float = Field(0.06, ge=0, le=1, description="Per task: is an answer, or followed by one.")
    unsuitable: float = Field(0.06, ge=0, le=1, description="Per task: is too short, or cannot be answered in text.")
    label_faults: float = Field(
        0.03, ge=0, le=1, description="Per line of a classification: leaves it out, or writes 'maybe'."
    )
    judge_faults: float = Field(
        0.03, ge=0, le=1, description="Per line of a review: leaves it out, omits an answer, or writes 'maybe'."
    )
    instance_faults: float = Field(
        0.08,
        ge=0,
        le=1,
        description="Per reply with instances: other markers, contradictory outputs, an empty output, or a refusal.",
    )
    wrong_output: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Per instance of a task that states what to add, count, sort or compare: a wrong result.",
    )
    foreign_label: float = Field(0.0, ge=0, le=1, description="Per classification instance: a label of no such task.")
    broken_code: float = Field(0.0, ge=0, le=1, description="Per instance with Python code: code that does not parse.")
    missing_input: float = Field(0.0, ge=0, le=1, description="Per instance with an input: leaves the input out.")
    echoed_input: float = Field(0.0, ge=0, le=1, description="Per instance: repeats the input, or the task, as output.")
    cut_output: float = Field(
        0.0, ge=0, le=1, description="Per instance with a longer output: breaks off within a word."
    )
