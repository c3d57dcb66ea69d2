"""What providers answer to requests that they refuse, in the forms and words that users have quoted in public."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.loopback import ServerFault

NAMES = ("metadata", "raw", "message", "detail", "error", "fault", "faultstring", "msg", "title")
"""What bodies call the part with the message, the most telling first."""

MOST_WORDS = 16
"""Words of a message that the page of the documentation shows."""


@dataclass(frozen=True)
class Refusal:
    """The answer of a client's provider, what it is about, and what a run makes of it."""

    client: str
    about: str
    answer: ServerFault
    means: str

    @property
    def words(self) -> str:
        """The first words of its message."""
        said = next(_messages(json.loads(str(self.answer.body)))).split()
        return " ".join(said[:MOST_WORDS]) + (" …" if len(said) > MOST_WORDS else "")


def _messages(body: object) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, list):
        yield from (message for one in body for message in _messages(one))
    elif isinstance(body, dict):
        yield from (message for name in NAMES for message in _messages(body.get(name)))


def _read(line: str) -> Refusal:
    row = json.loads(line)
    answer = ServerFault(row["status"], json.dumps(row["body"]), row.get("headers", {}))
    return Refusal(row["client"], row["about"], answer, row["means"])


REFUSALS = tuple(map(_read, Path(__file__).with_name("refusals.jsonl").read_text("utf-8").splitlines()))
