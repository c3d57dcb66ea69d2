"""The paper's choice of tasks for a prompt: examples of new tasks, or seeds with answers about one task."""

from __future__ import annotations

import random
from collections.abc import Sequence
from random import Random
from typing import TypeVar, cast

from pydantic import Field, model_validator

from selfinstruct.api import DataError, Instruction, Options, PoolView, Sampler, SeedTask, UsageError

T = TypeVar("T")


def generator_or_shared(rng: Random | None) -> Random:
    """`rng`, or else Python's shared generator, which `random.seed` seeds and the reference uses."""
    return cast(Random, random) if rng is None else rng


def sample_machine_instructions(
    machine_instructions: Sequence[T], similarities: object, n: int, *, rng: Random | None = None
) -> list[T]:
    """`n` machine instructions drawn without replacement, or all in random order if there are fewer.

    `similarities` is ignored, as in the reference, whose signature has it. Raises `UsageError` for a negative `n`.
    Source: Wang et al. 2023, section 2.2, and the reference's function of this name.
    """
    del similarities
    if n < 0:
        raise UsageError(f"Cannot sample {n} machine instructions: the number must not be negative.")
    return generator_or_shared(rng).sample(machine_instructions, min(n, len(machine_instructions)))


def sample_prompt_instructions(
    seed_instructions: Sequence[T],
    machine_instructions: Sequence[T],
    num_prompt_instructions: int = 8,
    machine: int = 2,
    *,
    rng: Random | None = None,
) -> list[T]:
    """The instructions of one prompt: at most `machine` machine-written ones, and seeds for the rest, shuffled.

    Draws are made in the reference's order (machine, seeds, shuffle), so equal random seeds give equal prompts.
    Raises `UsageError` if there are too few seeds, or more machine-written instructions than the prompt shows.
    Source: Wang et al. 2023, section 2.2 (six seeds and two machine-written), and the main loop of the reference.
    """
    rng = generator_or_shared(rng)
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

    total: int = Field(8, ge=1, description="Number of instructions in a prompt.")
    machine: int = Field(2, ge=0, description="Largest number of machine-written instructions among them.")

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
        """Draw from the view with its generator. Raises `UsageError` if there are too few seeds."""
        options = self._options
        return sample_prompt_instructions(view.seeds, view.machine, options.total, options.machine, rng=view.rng)

    def check(self, seeds: Sequence[SeedTask]) -> None:
        """Raise `DataError` if the seeds are too few for the first prompt, which shows nothing else."""
        count, options = len(seeds), self._options
        if count < options.total:
            fewer = (
                f"--set generate.sampler.total={count} --set generate.sampler.machine={min(options.machine, count - 1)}"
            )
            raise DataError(
                f"a prompt shows {options.total} seed tasks, and the run has only {count}",
                f"Write more, or show fewer: {fewer}" if count else "Write more.",
            )


class PaperDemonstrationsOptions(Options):
    """Options of the sampler `paper-demonstrations`. The defaults are the numbers of the reference."""

    classification: int = Field(12, ge=0, description="Largest number of classification seeds.")
    other: int = Field(19, ge=0, description="Largest number of other seeds.")


class PaperDemonstrations(Sampler):
    """Draws seeds of both kinds, in mixed order. The reference always shows the same ones, which are part of its code.

    If the generator of the view is the same for every request of a stage, so are the demonstrations.
    """

    def __init__(self, options: PaperDemonstrationsOptions) -> None:
        self._options = options

    def sample(self, view: PoolView) -> Sequence[Instruction]:
        """Draw from the seeds of the view with its generator. There are fewer if the view has fewer."""
        drawn: list[Instruction] = []
        for clf, wanted in ((True, self._options.classification), (False, self._options.other)):
            kind = [entry for entry in view.seeds if entry.seed is not None and entry.seed.is_classification == clf]
            drawn += view.rng.sample(kind, min(wanted, len(kind)))
        view.rng.shuffle(drawn)
        return drawn
