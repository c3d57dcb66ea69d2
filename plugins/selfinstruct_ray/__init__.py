"""The novelty filter over Ray actors, for pools that do not fit into one process."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from selfinstruct.api import GENERATE, Component, Filter, Options, hookimpl

SELFINSTRUCT_API = 1


class RougeLRayOptions(Options):
    """Options of the filter `rouge-l-ray`: those of `rouge-l`, and the number of shards."""

    unfrozen: ClassVar[frozenset[str]] = frozenset({"shards"})

    threshold: float = Field(0.7, ge=0, le=1, description="Drop a draft whose ROUGE-L F1 with any entry is above this.")
    tokeniser: Literal["unicode", "classical"] = Field(
        "unicode", description="unicode: text of any script; classical: a-z and 0-9 only, like rouge_score."
    )
    ties: Literal["older", "numpy"] = Field(
        "older", description="Order of equally near entries: older first, or numpy: as in the reference code."
    )
    nearest: int = Field(10, ge=1, description="How many of the nearest entries are recorded.")
    shards: int = Field(2, ge=1, description="Parts of the pool. Each is a Ray actor.")


def build(options: RougeLRayOptions) -> Filter[Any]:
    """Create the filter. Starts Ray or connects to the cluster at RAY_ADDRESS, which takes some seconds."""
    from selfinstruct_ray.rouge_l import RougeLRay

    return RougeLRay(options)


@hookimpl
def selfinstruct_filters() -> list[Component[Filter[Any]]]:
    """Register the filter `rouge-l-ray`."""
    summary = "Like rouge-l, with a pool that is spread over Ray actors"
    return [Component("rouge-l-ray", summary, RougeLRayOptions, build, (GENERATE,), "ray")]
