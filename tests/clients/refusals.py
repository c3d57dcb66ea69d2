"""What providers answer to requests that they refuse: most as quoted in public, the others from descriptions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.servers.loopback import ServerFault


@dataclass(frozen=True)
class Refusal:
    """The answer of a client's provider, what it is about, and what a run makes of it."""

    client: str
    about: str
    answer: ServerFault
    means: str


def _read(line: str) -> Refusal:
    row = json.loads(line)
    answer = ServerFault(row["status"], json.dumps(row["body"]), row.get("headers", {}))
    return Refusal(row["client"], row["about"], answer, row["means"])


REFUSALS = tuple(map(_read, Path(__file__).with_name("refusals.jsonl").read_text("utf-8").splitlines()))
