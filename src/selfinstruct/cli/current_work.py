"""What `selfinstruct status` says of a run that another process is working on: who, on what, and how fast."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from selfinstruct.cli.board import duration
from selfinstruct.store import RunStore
from selfinstruct.store.lock import holder

RECENT = 50
"""Replies that the pace is taken over."""


@dataclass(frozen=True, slots=True)
class CurrentWork:
    """The process at work, the stage of its last reply, the seconds since then, and replies a second."""

    pid: int
    stage: str
    since: float
    per_second: float


def read_current_work(store: RunStore, folder: Path) -> CurrentWork | None:
    """Look who is at work; `None` if nobody is."""
    pid = holder(folder)
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


def as_json(now: CurrentWork | None) -> dict[str, Any] | None:
    """The same for programs."""
    return asdict(now) if now else None


def print_current_work(now: CurrentWork | None) -> None:
    """One line, if somebody is at work."""
    if now is None:
        return
    last = f", last reply {duration(now.since)} ago" if now.stage else ", no reply yet"
    pace = f", lately {now.per_second:.1f} replies a second" if now.per_second else ""
    click.echo(f"  process {now.pid} is at work on it" + (f": {now.stage}" if now.stage else "") + last + pace)
