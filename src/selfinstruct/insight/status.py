"""The status of a run as one value, for the command `status` and for Python: progress, drops, failures, growth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from selfinstruct.insight.cost import Cost, read_cost
from selfinstruct.insight.coverage import coverage
from selfinstruct.insight.current_work import CurrentWork, read_current_work
from selfinstruct.insight.funnel import Funnel, funnels
from selfinstruct.insight.growth import GrowthStatus, read_growth
from selfinstruct.insight.notebook import html_heading, html_table
from selfinstruct.insight.ratings import RatingCounts, count_ratings
from selfinstruct.store import RunStore
from selfinstruct.store.batches import SentBatch
from selfinstruct.store.curated import CuratedRun
from selfinstruct.store.reviews import ReviewCounts
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE, Json, StageSummary


@dataclass(frozen=True, slots=True)
class StageStatus:
    """One stage over the whole run.

    done, total  for `generate`: accepted instructions, and `None`, since the target belongs to a call; for `classify`
                 and `instances`: instructions with an answer, of those accepted; for `prepare`: raw instances read, of
                 all; for `judge`: rated examples, of all
    summary      its totals
    funnel       its requests, replies and candidates, and the drops of each filter in order
    cost         what its calls and batches have cost
    failures     the number of failed requests by cause, the most frequent first
    coverage     a line on the instructions without a result, or with training examples; empty if there is none
    """

    done: int
    total: int | None
    summary: StageSummary
    funnel: Funnel
    cost: Cost
    failures: Mapping[str, int]
    coverage: str

    @property
    def stage(self) -> str:
        """The name of the stage."""
        return self.funnel.stage

    @property
    def accepted(self) -> int:
        """Accepted candidates."""
        return self.funnel.accepted

    @property
    def drops(self) -> Mapping[str, int]:
        """How many candidates each filter dropped, in the order of the filters."""
        return {step.filter: step.dropped for step in self.funnel.steps}

    @property
    def progress(self) -> str:
        """`done` and `total` in words: "12 of 20"."""
        return f"{self.done:,}" if self.total is None else f"{self.done:,} of {self.total:,}"


@dataclass(frozen=True, slots=True, repr=False)
class RunStatus:
    """The status of a run.

    stages        the stages that have started, in order, by name; always includes `generate`
    backend       what the run recorded of its backend, such as provider and model
    judge         the same of the judge's backend
    config        the frozen settings
    facts         the number of instructions with each value of each fact
    ratings       counts of the ratings; `None` if `judge` has not started
    growth        the growth of the pool, with a forecast if one was asked for
    current_work  the process that works on the run now, if there is one
    batches       the batches without results, oldest first
    """

    folder: Path
    stages: Mapping[str, StageStatus]
    backend: Mapping[str, Json]
    judge: Mapping[str, Json]
    config: Mapping[str, Any]
    facts: Mapping[str, Mapping[str, int]]
    ratings: RatingCounts | None
    reviews: Mapping[str, ReviewCounts]
    growth: GrowthStatus
    current_work: CurrentWork | None
    batches: Sequence[SentBatch]

    @property
    def backend_name(self) -> str:
        """The name of the backend, or `?` if none was recorded, as in an import."""
        return str((self.config.get("backend") or {}).get("use", "?"))

    @property
    def model(self) -> str:
        """The model of the backend, or an empty string if it is not known yet."""
        return str(self.backend.get("model") or "")

    def as_json(self) -> dict[str, Any]:
        """The status as JSON objects, as in `selfinstruct status --json`."""
        growth = asdict(self.growth)
        del growth["more"]
        found = {
            "stages": {name: _stage_as_json(stage) for name, stage in self.stages.items()},
            "backend": dict(self.backend),
            "config": dict(self.config),
            "growth": growth,
            "at_work": asdict(self.current_work) if self.current_work else None,
            "batches": [
                {"stage": one.stage, "requests": len(one.indexes), "sent_at": one.sent_at, "id": one.provider}
                for one in self.batches
            ],
            "reviews": {stage: asdict(counts) for stage, counts in self.reviews.items()},
        }
        if self.facts:
            found |= {"facts": self.facts}
        if self.ratings is not None:
            found |= {"ratings": asdict(self.ratings), "judge": dict(self.judge)}
        return found

    def __repr__(self) -> str:
        stages = "; ".join(f"{name} {stage.progress}" for name, stage in self.stages.items())
        return f"<RunStatus of {str(self.folder)!r}: {stages}>"

    def _repr_html_(self) -> str:
        """The status as HTML for notebooks."""
        model = f" ({self.model})" if self.model else ""
        header = ("stage", "done", "accepted", "dropped by", "requests", "failed")
        rows = (_html_row(stage) for stage in self.stages.values())
        return html_heading(str(self.folder), f"backend {self.backend_name}{model}") + html_table(header, rows)


def _stage_as_json(stage: StageStatus) -> dict[str, Any]:
    totals = asdict(stage.summary)
    del totals["stage"], totals["reason"], totals["exit_code"]
    progress = {"done": stage.done, "total": stage.total, "failure_causes": dict(stage.failures), "usd": stage.cost.usd}
    return totals | progress | {"coverage": stage.coverage, "funnel": stage.funnel.as_json()}


def _html_row(stage: StageStatus) -> tuple[str | int, ...]:
    drops = ", ".join(f"{name or 'no filter'}: {count:,}" for name, count in stage.drops.items() if count)
    failed = "; ".join(f"{count:,}: {cause}" for cause, count in stage.failures.items())
    return stage.stage, stage.progress, stage.accepted, drops, stage.funnel.requests, failed


def read_status(store: RunStore, more: int | None = None) -> RunStatus:
    """Read the status of a run at one moment, even while another process works on it.

    `more` asks for a forecast of the cost of that many more instructions.
    """
    with store.snapshot():
        stages = {stage.stage: stage for stage in _stages(store)}
        backend, judge, config = store.facts.run_backend, store.facts.backend(JUDGE), store.facts.config
        ratings = count_ratings(store.ratings().values()) if JUDGE in stages else None
        batches, facts = store.batches.waiting(), store.overview().fact_counts()
        growth, work = read_growth(store, more), read_current_work(store, store.folder)
    return RunStatus(
        folder=store.folder,
        stages=stages,
        backend=backend.description if backend else {},
        judge=judge.description if judge else {},
        config=config,
        facts=facts,
        ratings=ratings,
        reviews=CuratedRun(store).review_counts,
        growth=growth,
        current_work=work,
        batches=batches,
    )


def _stages(store: RunStore) -> Iterator[StageStatus]:
    for funnel in funnels(store):
        done, total = _progress(store, funnel)
        yield StageStatus(
            done=done,
            total=total,
            summary=store.summary(funnel.stage, "", 0),
            funnel=funnel,
            cost=read_cost(store, funnel.stage),
            failures=store.ledger().failure_counts(funnel.stage),
            coverage=coverage(store, funnel.stage),
        )


def _progress(store: RunStore, funnel: Funnel) -> tuple[int, int | None]:
    """`done` and `total` of a stage."""
    if funnel.stage in (CLASSIFY, INSTANCES):
        return funnel.accepted, store.totals(GENERATE).accepted
    if funnel.stage == PREPARE:
        includes_seeds = (store.facts.stage_config(PREPARE) or {}).get("include_seeds")
        total = sum(1 for _ in store.raw_instances()) + (len(store.seeds()) if includes_seeds else 0)
        return funnel.replies, total
    if funnel.stage == JUDGE:
        rated, digests = store.ratings(), {example.digest for _, example in store.examples()}
        return len(digests & rated.keys()), len(digests)
    return funnel.accepted, None
