"""A backend of recorded replies: row k of a file answers request k, and nothing is sent over the network."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from selfinstruct.api import Backend, Component, Options, hookimpl

SELFINSTRUCT_API = 1


class ReplayOptions(Options):
    """Options of the backend `replay`."""

    path: Path = Field(description="JSONL file of replies.")


def build(options: ReplayOptions) -> Backend:
    """Create the backend from the whole file. Raises `DataError` with the line that is not a recorded reply."""
    from selfinstruct_replay.backend import ReplayBackend

    return ReplayBackend(options)


@hookimpl
def selfinstruct_backends() -> list[Component[Backend]]:
    """Register the backend `replay`."""
    return [Component("replay", "Recorded replies from a JSONL file, without a network", ReplayOptions, build)]
