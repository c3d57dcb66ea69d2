"""What the samplers share: how many of each kind a prompt shows, and a bounded draw from a pool of any size."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from pydantic import Field, model_validator

from selfinstruct.api import Instruction, Options

MAX_DRAWN = 64
"""Members of a pool that one request looks at, so that a pool of a million costs no more than a small one."""


class MixOptions(Options):
    """How many instructions a prompt shows, and how many of them are machine-written."""

    total: int = Field(8, ge=1, le=64, description="How many instructions a prompt shows; fewer if there are fewer.")
    machine: int = Field(2, ge=0, description="How many of them are machine-written, at most.")

    @model_validator(mode="after")
    def _machine_fits(self) -> MixOptions:
        if self.machine > self.total:
            raise ValueError(f"machine ({self.machine}) must not be larger than total ({self.total})")
        return self


def some(rng: Random, pool: Sequence[Instruction], most: int) -> list[Instruction]:
    """At most so many members of a pool, in random order; costs the same for every larger pool."""
    return [pool[at] for at in rng.sample(range(len(pool)), min(most, len(pool)))]
