"""The events of a running stage for other programs: one JSON object per line on standard output."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import click

from selfinstruct.store.ids import candidate_id
from selfinstruct.types import Retry, Settlement, StageStart, StageSummary


def emit(event: str, **values: Any) -> None:
    """Print one event."""
    click.echo(json.dumps({"event": event, **values}))  # ASCII: for any pipe, and for a terminal that shows it


def note(line: str) -> None:
    """Print a note that would otherwise be shown to a person."""
    emit("note", text=line)


def files(paths: list[Path]) -> None:
    """Print the paths of the run's files, as the last event."""
    emit("files", paths=[str(path) for path in paths])


class JsonEvents:
    """Observes a stage and prints an event for each hook.

    `started`   stage, target, size, accepted, requests, prompt_tokens, completion_tokens
    `settled`   stage, request, accepted (in all), decisions (id, fate, filter, reason, text), failure, usage
    `retried`   stage, request, attempt, wait (seconds), message
    `finished`  the summary of the stage, with the reason why it ended and the exit code
    `note`      text
    """

    def __init__(self) -> None:
        self.summary: StageSummary | None = None
        """How the stage ended, once it has."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def stop(self) -> None:
        """Do nothing: the terminal was not changed."""

    def say(self, line: str) -> None:
        """Print a note that would otherwise be shown to a person."""
        note(line)

    def selfinstruct_stage_started(self, stage: StageStart) -> None:
        """Print `started`."""
        emit("started", **asdict(stage))

    def selfinstruct_settled(self, settlement: Settlement) -> None:
        """Print `settled`."""
        request, reply = settlement.request, settlement.reply
        decisions = [
            {
                "id": candidate_id(request.stage, request.index, one.position),
                "fate": one.fate,
                "filter": one.filter,
                "reason": one.reason,
                "text": one.text,
                **({"about": one.subject} if one.subject else {}),
            }
            for one in settlement.decisions
        ]
        usage = {"usage": asdict(reply.usage)} if reply else {}
        failure = {"failure": settlement.failure} if settlement.failure else {}
        numbers = {"stage": request.stage, "request": request.index, "accepted": settlement.accepted}
        emit("settled", **numbers, decisions=decisions, **usage, **failure)

    def selfinstruct_request_retried(self, retry: Retry) -> None:
        """Print `retried`."""
        values = asdict(retry)
        emit("retried", request=values.pop("index"), **values)

    def selfinstruct_stage_finished(self, summary: StageSummary) -> None:
        """Print `finished`."""
        self.summary = summary
        emit("finished", **asdict(summary))
