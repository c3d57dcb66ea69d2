"""Samplers that show a model more diverse examples than a random choice does."""

from __future__ import annotations

from selfinstruct.api import GENERATE, Component, Sampler, hookimpl
from selfinstruct_samplers.options import MixOptions

SELFINSTRUCT_API = 1


def build_spread(options: MixOptions) -> Sampler:
    """Create the sampler `spread`."""
    from selfinstruct_samplers.spread import SpreadSampler

    return SpreadSampler(options)


def build_coverage(options: MixOptions) -> Sampler:
    """Create the sampler `coverage`."""
    from selfinstruct_samplers.coverage import CoverageSampler

    return CoverageSampler(options)


@hookimpl
def selfinstruct_samplers() -> list[Component[Sampler]]:
    """Register both samplers for the stage `generate`."""
    spread = "Examples that share few words; every seed is shown once before any is shown again"
    coverage = "Examples of verbs, topics and lengths that are rare in the pool"
    return [
        Component("spread", spread, MixOptions, build_spread, stages=(GENERATE,)),
        Component("coverage", coverage, MixOptions, build_coverage, stages=(GENERATE,)),
    ]
