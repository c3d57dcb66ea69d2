"""The process that is working on a run folder now, its stage and its pace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from selfinstruct.store import RunStore
from selfinstruct.store.lock import lock_holder

RECENT = 50
"""Number of recent replies from which the pace is computed."""


@dataclass(frozen=True, slots=True)
class CurrentWork:
    """The process that works on a run, the stage of its last reply, the seconds since then, and replies per second."""

    pid: int
    stage: str
    since: float
    per_second: float


def read_current_work(store: RunStore, folder: Path) -> CurrentWork | None:
    """The process that works on a run folder now, and how fast; `None` if there is none."""
    pid = lock_holder(folder)
    if pid is None:
        return None
    latest = store.growth().latest(RECENT)
    stage = latest[0][0] if latest else ""
    times = [datetime.fromisoformat(at) for name, at in latest if name == stage]
    if not times:
        return CurrentWork(pid, "", 0.0, 0.0)
    span = (times[0] - times[-1]).total_seconds()
    since = max(0.0, (datetime.now(UTC) - times[0]).total_seconds())
    return CurrentWork(pid, stage, since, (len(times) - 1) / span if span > 0 else 0.0)
