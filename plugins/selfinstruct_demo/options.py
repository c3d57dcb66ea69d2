"""What the demo backend can be told: its seed, its pace, and how often it makes each mistake of a real model."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from selfinstruct.api import Options


class DemoOptions(Options):
    """Options of `demo`. Every rate is the chance of one mistake: per reply or per task, as its description says."""

    unfrozen: ClassVar[frozenset[str]] = frozenset({"latency"})

    seed: int = Field(0, description="Another seed gives other replies to the same prompts.")
    latency: float = Field(0.0, ge=0, description="Seconds a reply takes on average; each takes 0.5 to 1.5 times that.")
    preamble: float = Field(
        0.06, ge=0, le=1, description="Per reply: opens with a phrase such as 'Here are the tasks:'."
    )
    outro: float = Field(0.08, ge=0, le=1, description="Per reply: ends with a remark to the user.")
    markers: float = Field(
        0.15, ge=0, le=1, description="Per reply: marks items as 9), **9.**, Task 9:, -, or as JSON."
    )
    refusal: float = Field(0.02, ge=0, le=1, description="Per reply: refuses, and writes nothing else.")
    cut: float = Field(0.06, ge=0, le=1, description="Per reply: breaks off inside an item, finish reason 'length'.")
    near_duplicate: float = Field(0.12, ge=0, le=1, description="Per task: restates an example, or lengthens it.")
    echo: float = Field(0.06, ge=0, le=1, description="Per task: copies an example word for word.")
    answer: float = Field(0.06, ge=0, le=1, description="Per task: an answer in place of a task, or glued to it.")
    unsuitable: float = Field(0.06, ge=0, le=1, description="Per task: too short, or needs what text cannot give.")
    label_faults: float = Field(0.03, ge=0, le=1, description="Per line of a classification: left out, or 'maybe'.")
    judge_faults: float = Field(
        0.03, ge=0, le=1, description="Per line of a review: left out, an answer missing, or 'maybe'."
    )
    instance_faults: float = Field(
        0.08, ge=0, le=1, description="Per reply with instances: other markers, a conflict, an empty output, a refusal."
    )


FAULTS = tuple(name for name in DemoOptions.model_fields if name not in ("seed", "latency"))
"""The names of all rates."""


def faultless(**changes: float) -> DemoOptions:
    """Give options with every rate at 0 but those named."""
    return DemoOptions.model_validate(dict.fromkeys(FAULTS, 0.0) | changes)
