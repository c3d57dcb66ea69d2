"""What both samplers use: their options, and a draw whose cost does not depend on the size of the pool."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from pydantic import Field, model_validator

from selfinstruct.api import Instruction, Options

MAX_DRAWN = 64
"""Members of a pool that one request reads, at most, so that a large pool costs no more than a small one."""


class MixOptions(Options):
    """Options of both samplers: how many instructions a prompt shows, and how many of them are machine-written."""

    total: int = Field(8, ge=1, le=64, description="Number of instructions in a prompt.")
    machine: int = Field(2, ge=0, description="Largest number of machine-written instructions among them.")

    @model_validator(mode="after")
    def _machine_fits(self) -> MixOptions:
        if self.machine > self.total:
            raise ValueError(f"machine ({self.machine}) must not be larger than total ({self.total})")
        return self


def draw_some(rng: Random, pool: Sequence[Instruction], most: int) -> list[Instruction]:
    """At most `most` members of a pool, in random order. The cost does not depend on the size of the pool."""
    return [pool[at] for at in rng.sample(range(len(pool)), min(most, len(pool)))]
