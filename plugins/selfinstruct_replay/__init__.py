"""Recorded replies as a backend: request k is answered with row k of a file, and nothing is sent anywhere."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from selfinstruct.api import Backend, Component, Options, hookimpl

SELFINSTRUCT_API = 1


class ReplayOptions(Options):
    """Where the recorded replies are."""

    path: Path = Field(description="JSONL file; each row holds response.choices[0].text, and finish_reason if known.")


def build(options: ReplayOptions) -> Backend:
    """Read the whole file; raises `DataError`, with the line, for what is no recorded reply."""
    from selfinstruct_replay.backend import ReplayBackend

    return ReplayBackend(options)


@hookimpl
def selfinstruct_backends() -> list[Component[Backend]]:
    """Offer recorded replies."""
    return [Component("replay", "Recorded replies from a JSONL file, no network", ReplayOptions, build)]
