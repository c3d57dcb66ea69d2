"""The JSONL files that stand in a run folder whenever a command has ended; their keys are a contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selfinstruct.formats.files import write_jsonl
from selfinstruct.store import Row, RunStore
from selfinstruct.types import GENERATE, Reply, Request

INSTRUCTIONS = "machine_generated_instructions.jsonl"
REJECTED = "rejected.jsonl"


def write_contracts(store: RunStore, folder: Path) -> dict[str, int]:
    """Write every contract file of a run; returns the number of rows in each."""
    return {
        INSTRUCTIONS: write_jsonl(folder / INSTRUCTIONS, instruction_rows(store)),
        REJECTED: write_jsonl(folder / REJECTED, rejected_rows(store)),
    }


def instruction_rows(store: RunStore) -> Iterator[dict[str, Any]]:
    """Accepted instructions, oldest first, as `records.InstructionRecord` describes them."""
    for row, request, reply in store.sourced(GENERATE, "accepted"):
        near = row.decision.similarity
        yield {
            "instruction": row.decision.text,
            "most_similar": dict(near.nearest) if near else {},
            "avg_similarity_score": near.mean if near else 0.0,
            "metadata": _metadata(request, reply),
            "request_idx": row.index,
            "id": f"g{row.index}.{row.decision.position}",
        }


def rejected_rows(store: RunStore) -> Iterator[dict[str, Any]]:
    """Candidates that were not accepted, in order, as `records.RejectedRecord` describes them."""
    for row in store.rows(GENERATE, "rejected"):
        yield _rejected(row)
    for row in store.rows(GENERATE, "quarantined"):
        yield _rejected(row)


def _rejected(row: Row) -> dict[str, Any]:
    decision = row.decision
    return {
        "text": decision.text,
        "filter": decision.filter,
        "reason": decision.reason,
        "evidence": dict(decision.evidence),
        "request_idx": row.index,
        "position": decision.position,
    }


def _metadata(request: Request, reply: Reply) -> dict[str, Any]:
    return {
        "prompt": request.prompt,
        "response": {"choices": [{"text": reply.text, "finish_reason": reply.finish}]},
        "created_at": reply.created_at,
    }
