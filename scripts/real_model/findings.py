"""What a run brought, read from the files that it exports, and what of it could not be read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Findings:
    """The rows of a run's files, as docs/reference/files.md describes them; empty where a stage has not run."""

    instructions: Sequence[Row]
    labels: Sequence[Row]
    instances: Sequence[Row]
    examples: Sequence[Row]
    ratings: Sequence[Row]
    rejected: Sequence[Row]

    def unlabelled(self) -> list[str]:
        """Accepted instructions that got neither yes nor no."""
        known = {row["id"] for row in self.labels if row["is_classification"] in ("Yes", "No")}
        return [str(row["instruction"]) for row in self.instructions if row["id"] not in known]

    def unanswered(self) -> list[str]:
        """Accepted instructions that got no instance reply with anything in it."""
        known = {row["id"] for row in self.instances}
        return [str(row["instruction"]) for row in self.instructions if row["id"] not in known]

    def unread(self) -> list[Row]:
        """Instance replies in which no example was found: the stage prepare made no candidate of them."""
        read = {int(str(row["id"])[1:].partition(".")[0]) for row in self.examples}
        read |= {row["request_idx"] for row in self.rejected if row["stage"] == "prepare"}
        return [row for number, row in enumerate(self.instances) if number not in read]

    def no_json(self) -> list[Row]:
        """Instance replies that ended by themselves and are not one JSON object, as a schema would have made them."""
        return [row for row in self.instances if not _cut(row) and not _is_object(_reply(row))]

    def cut(self) -> list[Row]:
        """Instance replies that their limit of tokens cut off."""
        return [row for row in self.instances if _cut(row)]


def read(out: Path) -> Findings:
    """Read a run folder's files; raises `OSError` or `ValueError` for one that cannot be read."""
    tuned = out / "finetuning"
    return Findings(
        _rows(out / "machine_generated_instructions.jsonl"),
        _rows(out / "is_clf_or_not.jsonl"),
        _rows(out / "machine_generated_instances.jsonl"),
        _rows(tuned / "all_generated_instances.jsonl"),
        _rows(tuned / "ratings.jsonl"),
        _rows(out / "rejected.jsonl"),
    )


def faults(found: Findings, ended: Mapping[str, int], structured: bool) -> list[str]:
    """What is wrong with a run, a sentence each: a stage that did not end, and with a schema every unreadable reply.

    `ended` has the exit codes of the stages that were run; nothing is said of what others would have read.
    """
    wrong = [f"{stage} did not end: exit code {code}" for stage, code in ended.items() if code]
    if not structured:
        return wrong
    if "classify" in ended:
        wrong += [f"no label: {text}" for text in found.unlabelled()]
    if "instances" in ended:
        wrong += [f"no instance reply: {text}" for text in found.unanswered()]
        wrong += [f"an instance reply that is not JSON: {row['instruction']}" for row in found.no_json()]
    if "prepare" in ended:
        wrong += [f"an instance reply without an example: {row['instruction']}" for row in found.unread()]
    unrated = len(found.examples) - len(found.ratings)
    if "judge" in ended and unrated:
        wrong.append(f"{unrated} of {len(found.examples)} examples have no rating")
    return wrong


def _rows(path: Path) -> list[Row]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _choice(row: Row) -> Row:
    choice: Row = row["instance_metadata"]["response"]["choices"][0]
    return choice


def _reply(row: Row) -> str:
    return str(_choice(row)["text"])


def _cut(row: Row) -> bool:
    return bool(_choice(row)["finish_reason"] == "length")


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
