"""A stage as a funnel: requests, replies, candidates, what each filter dropped in the order of the chain, accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from selfinstruct.errors import SelfInstructError
from selfinstruct.store import RunStore
from selfinstruct.types import ENGINE_STAGES, GENERATE

FIRST = ("", "import", "answered")
"""Who drops before the filters of a config: nobody (the request failed), an import, the rule of the asking stages."""


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One filter: how many it dropped, why, and how many candidates were left after it."""

    filter: str
    dropped: int
    reasons: Mapping[str, int]
    left: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """One stage over the whole run.

    unanswered  requests without a reply or a failure: they are under way, or wait for the next command
    waiting     replies that are not judged to the end: the stage stopped before, and a larger target takes them
    marks       replies that brought less than they should, as `StageSummary.marks`
    """

    stage: str
    requests: int
    unanswered: int
    failed: int
    replies: int
    marks: Mapping[str, int]
    waiting: int
    candidates: int
    steps: Sequence[FunnelStep]
    quarantined: int
    accepted: int

    def as_json(self) -> dict[str, Any]:
        """Everything, with shares of the candidates, for programs to read."""
        told = asdict(self)
        del told["stage"]
        for step in told["steps"]:
            step["share"] = share(step["dropped"], self.candidates)
        return told | {"accepted_share": share(self.accepted, self.candidates)}


def share(part: int, whole: int) -> float:
    """A part as a share, 0.0 of nothing."""
    return part / whole if whole else 0.0


def funnels(store: RunStore) -> list[Funnel]:
    """The funnel of generate, and of every other stage that has begun.

    Raises `SelfInstructError` if a request has not as many fates as candidates, which would be a bug.
    """
    if wrong := store.ledger().imbalances():
        told = "; ".join(wrong[:3])
        raise SelfInstructError(
            f"the ledger of {store.folder} does not add up: {told}", "This is a bug of selfinstruct. Please report it."
        )
    return [_funnel(store, stage) for stage in ENGINE_STAGES if stage == GENERATE or store.has_started(stage)]


def _funnel(store: RunStore, stage: str) -> Funnel:
    totals, flow = store.totals(stage), store.ledger().request_counts(stage)
    candidates = store.evaluated(stage)
    return Funnel(
        stage,
        flow.requests,
        max(0, flow.requests - flow.replies - flow.failed),
        flow.failed,
        flow.replies,
        store.marks(stage),
        flow.waiting,
        candidates,
        tuple(_steps(totals.drops, filter_names(store, stage), candidates)),
        totals.quarantined,
        totals.accepted,
    )


def filter_names(store: RunStore, stage: str) -> list[str]:
    """The filters of a stage in their order, as the run recorded them."""
    recorded = store.fact(f"config.{stage}") or {}
    return list(dict.fromkeys([*FIRST, *(entry["use"] for entry in recorded.get("filters", []))]))


def _steps(drops: Mapping[tuple[str, str], int], names: Sequence[str], candidates: int) -> Iterator[FunnelStep]:
    """The filters that dropped anything; those that the config does not name come last."""
    reasons: dict[str, dict[str, int]] = {}
    for (name, reason), count in sorted(drops.items(), key=lambda drop: (-drop[1], drop[0])):
        reasons.setdefault(name, {})[reason] = count
    left = candidates
    for name in [*names, *sorted(reasons.keys() - set(names))]:
        found = reasons.get(name, {})
        if found or name not in FIRST:
            left -= sum(found.values())
            yield FunnelStep(name, sum(found.values()), found, left)
