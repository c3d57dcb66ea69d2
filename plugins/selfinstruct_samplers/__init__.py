"""Samplers that show a model more different examples than chance does."""

from __future__ import annotations

from selfinstruct.api import GENERATE, Component, Sampler, hookimpl
from selfinstruct_samplers.options import MixOptions

SELFINSTRUCT_API = 1


def build_spread(options: MixOptions) -> Sampler:
    """Build `spread`."""
    from selfinstruct_samplers.spread import Spread

    return Spread(options)


def build_coverage(options: MixOptions) -> Sampler:
    """Build `coverage`."""
    from selfinstruct_samplers.coverage import Coverage

    return Coverage(options)


@hookimpl
def selfinstruct_samplers() -> list[Component[Sampler]]:
    """Offer both for the stage `generate`."""
    spread = "Examples that share few words; every seed once before any comes twice"
    coverage = "Examples of the kinds that the pool has few of: verbs, topics, lengths"
    return [
        Component("spread", spread, MixOptions, build_spread, stages=(GENERATE,)),
        Component("coverage", coverage, MixOptions, build_coverage, stages=(GENERATE,)),
    ]
