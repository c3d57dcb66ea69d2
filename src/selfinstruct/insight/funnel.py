"""The funnel of a stage: requests, replies, candidates, the drops of each filter in order, and accepted candidates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from selfinstruct.files.names import RUN_FILE
from selfinstruct.store import RunStore
from selfinstruct.store.damage import damaged
from selfinstruct.store.totals import is_missing
from selfinstruct.types import ENGINE_STAGES, GENERATE

FIRST = ("", "import", "answered")
"""Names that can stand for a filter in a decision but are not in the config: a failed request, an import, and the
rule of the stages that ask about instructions."""


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """The drops of one filter by reason, and the number of candidates left after it."""

    filter: str
    dropped: int
    reasons: Mapping[str, int]
    left: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """One stage over the whole run.

    unanswered  requests without a reply or failure: under way, or asked again by the next command
    waiting     replies that are not fully processed, because the stage reached its target; a larger target uses them
    marks       counts of incomplete replies, as in `StageSummary.marks`
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

    @property
    def missing(self) -> int:
        """How many of the drops are answers that did not come or were unusable, and that are asked for again."""
        found = ((step.filter, reason, count) for step in self.steps for reason, count in step.reasons.items())
        return sum(count for name, reason, count in found if is_missing(name, reason))

    def as_json(self) -> dict[str, Any]:
        """The funnel as JSON objects, with shares of the candidates."""
        fields = asdict(self)
        del fields["stage"]
        for step in fields["steps"]:
            step["share"] = share(step["dropped"], self.candidates)
        return fields | {"accepted_share": share(self.accepted, self.candidates)}


def share(part: int, whole: int) -> float:
    """The share of a part, or 0.0 if `whole` is 0."""
    return part / whole if whole else 0.0


def funnels(store: RunStore) -> list[Funnel]:
    """The funnels of generate and of every other stage that has started.

    Raises `DamagedRunError` if the fates of a request do not match its candidates, since none are written so.
    """
    if wrong := store.ledger().imbalances():
        raise damaged(store.folder / RUN_FILE, f"its counts do not add up: {'; '.join(wrong[:3])}")
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
    """The filters of a stage in order, as recorded in the run."""
    recorded = store.facts.stage_config(stage) or {}
    return list(dict.fromkeys([*FIRST, *(entry["use"] for entry in recorded.get("filters", []))]))


def _steps(drops: Mapping[tuple[str, str], int], names: Sequence[str], candidates: int) -> Iterator[FunnelStep]:
    """The filters that dropped candidates. Those that are not in the config come last."""
    reasons: dict[str, dict[str, int]] = {}
    for (name, reason), count in sorted(drops.items(), key=lambda drop: (-drop[1], drop[0])):
        reasons.setdefault(name, {})[reason] = count
    left = candidates
    for name in [*names, *sorted(reasons.keys() - set(names))]:
        found = reasons.get(name, {})
        if found or name not in FIRST:
            left -= sum(found.values())
            yield FunnelStep(name, sum(found.values()), found, left)
