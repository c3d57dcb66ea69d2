"""What a program sees while a stage runs: one JSON object a line on standard output."""

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
    """A line that a person would have been told."""
    emit("note", text=line)


def files(paths: list[Path]) -> None:
    """Where the run's files are, at the very end."""
    emit("files", paths=[str(path) for path in paths])


class JsonEvents:
    """Observes a stage; each hook is an event of its own.

    `started`   stage, target, size, accepted, requests, prompt_tokens, completion_tokens
    `settled`   stage, request, accepted (in all), decisions (id, fate, filter, reason, text), failure, usage
    `retried`   stage, request, attempt, wait (seconds), message
    `finished`  the summary of the stage, with the reason for its end and the exit code
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
        """There is nothing to be left as it was."""

    def say(self, line: str) -> None:
        """A line that a person would have been told."""
        note(line)

    def selfinstruct_stage_started(self, stage: StageStart) -> None:
        """The stage is about to ask."""
        emit("started", **asdict(stage))

    def selfinstruct_settled(self, settlement: Settlement) -> None:
        """A reply's decisions are committed."""
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
        """A request will be asked again."""
        values = asdict(retry)
        emit("retried", request=values.pop("index"), **values)

    def selfinstruct_stage_finished(self, summary: StageSummary) -> None:
        """The stage has ended."""
        self.summary = summary
        emit("finished", **asdict(summary))
