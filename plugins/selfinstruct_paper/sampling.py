"""How the paper chooses what a prompt shows: tasks to continue, and answered seeds where it asks about one task."""

from __future__ import annotations

import random
from collections.abc import Sequence
from random import Random
from typing import TypeVar, cast

from pydantic import Field, model_validator

from selfinstruct.api import DataError, Instruction, Options, PoolView, Sampler, SeedTask, UsageError

T = TypeVar("T")


def shared_unless_given(rng: Random | None) -> Random:
    """Give `rng`, or else Python's shared generator, which `random.seed` seeds and the reference draws from."""
    return cast(Random, random) if rng is None else rng


def sample_machine_instructions(
    machine_instructions: Sequence[T], similarities: object, n: int, *, rng: Random | None = None
) -> list[T]:
    """Draw `n` machine instructions without replacement, or all of them in random order where there are fewer.

    `similarities` is ignored, as in the reference, whose signature has it. Raises `UsageError` for a negative `n`.
    Source: Wang et al. 2023, section 2.2, and the reference's function of this name.
    """
    del similarities
    if n < 0:
        raise UsageError(f"Cannot sample {n} machine instructions: the number must not be negative.")
    return shared_unless_given(rng).sample(machine_instructions, min(n, len(machine_instructions)))


def sample_prompt_instructions(
    seed_instructions: Sequence[T],
    machine_instructions: Sequence[T],
    num_prompt_instructions: int = 8,
    machine: int = 2,
    *,
    rng: Random | None = None,
) -> list[T]:
    """Draw the instructions of one prompt: at most `machine` machine-written ones, seeds for the rest, shuffled.

    The draws come in the reference's order (machine, seeds, shuffle), so equal seeds give equal prompts. Raises
    `UsageError` if the seeds are too few, or if `num_prompt_instructions` is smaller than the machine-written share.
    Source: Wang et al. 2023, section 2.2 (six seeds and two machine-written), and the main loop of the reference.
    """
    rng = shared_unless_given(rng)
    drawn = sample_machine_instructions(machine_instructions, None, machine, rng=rng)
    missing = num_prompt_instructions - len(drawn)
    if missing < 0:
        raise UsageError(f"A prompt of {num_prompt_instructions} has no room for {len(drawn)} machine instructions.")
    if missing > len(seed_instructions):
        raise UsageError(f"A prompt needs {missing} seed tasks, and there are only {len(seed_instructions)}.")
    drawn += rng.sample(seed_instructions, missing)
    rng.shuffle(drawn)
    return drawn


class PaperSamplerOptions(Options):
    """Options of the sampler `paper`."""

    total: int = Field(8, ge=1, description="How many instructions a prompt shows.")
    machine: int = Field(2, ge=0, description="How many of them are machine-written, at most.")

    @model_validator(mode="after")
    def _machine_fits(self) -> PaperSamplerOptions:
        if self.machine > self.total:
            raise ValueError(f"machine ({self.machine}) must not be larger than total ({self.total})")
        return self


class PaperSampler(Sampler):
    """Samples as the paper does; see `sample_prompt_instructions`."""

    def __init__(self, options: PaperSamplerOptions) -> None:
        self._options = options

    def sample(self, view: PoolView) -> Sequence[Instruction]:
        """Draw from the view with its generator; raises `UsageError` if too few seeds are left to draw from."""
        options = self._options
        return sample_prompt_instructions(view.seeds, view.machine, options.total, options.machine, rng=view.rng)

    def check(self, seeds: Sequence[SeedTask]) -> None:
        """Want as many seeds as a prompt shows instructions, since the first prompt shows nothing else."""
        if len(seeds) < self._options.total:
            raise DataError(
                f"there are {len(seeds)} seed tasks, and a prompt shows {self._options.total}",
                "Write more, or show fewer: --set generate.sampler.total=N --set generate.sampler.machine=M",
            )


class PaperDemonstrationsOptions(Options):
    """Options of the sampler `paper-demonstrations`; the defaults are as many as the reference shows of each kind."""

    classification: int = Field(12, ge=0, description="How many classification seeds are drawn, at most.")
    other: int = Field(19, ge=0, description="How many other seeds are drawn, at most.")


class PaperDemonstrations(Sampler):
    """Draws seeds of both kinds, in mixed order; the reference always shows the same ones, written into its code.

    Where the view's generator is the same for every request of a stage, so are the demonstrations.
    """

    def __init__(self, options: PaperDemonstrationsOptions) -> None:
        self._options = options

    def sample(self, view: PoolView) -> Sequence[Instruction]:
        """Draw from the view's seeds with its generator; fewer where there are fewer."""
        drawn: list[Instruction] = []
        for clf, wanted in ((True, self._options.classification), (False, self._options.other)):
            kind = [entry for entry in view.seeds if entry.seed is not None and entry.seed.is_classification == clf]
            drawn += view.rng.sample(kind, min(wanted, len(kind)))
        view.rng.shuffle(drawn)
        return drawn
