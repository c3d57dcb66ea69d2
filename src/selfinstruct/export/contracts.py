"""Writes the JSONL files of a run folder after each command. Their keys are a contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from heapq import merge
from pathlib import Path
from typing import Any

from selfinstruct.files.atomic import write_jsonl
from selfinstruct.files.names import EXAMPLES, INSTRUCTIONS, LABELS, RATINGS, RAW_INSTANCES, REJECTED
from selfinstruct.store import DecisionRow, RunStore
from selfinstruct.store.backfill import SimilarityCalculator, in_batches
from selfinstruct.store.curated import FATES, REVIEW, CuratedRun, place
from selfinstruct.store.ids import candidate_id
from selfinstruct.store.rows import rating_of
from selfinstruct.types import CLASSIFY, ENGINE_STAGES, GENERATE, INSTANCES, JUDGE, PREPARE, Reply, Request, Similarity


def present(folder: Path) -> list[Path]:
    """The contract files that exist in the folder."""
    return [folder / name for name in FILES if (folder / name).is_file()]


def write_contracts(store: RunStore, folder: Path) -> dict[str, int]:
    """Write the contract files of every stage that has started, after reviews. Returns the number of rows in each."""
    started = {stage for stage in ENGINE_STAGES if store.has_started(stage)}
    run = CuratedRun(store)
    return {
        name: write_jsonl(folder / name, rows(run))
        for name, (stage, rows) in FILES.items()
        if stage in (GENERATE, *started)
    }


def instruction_rows(run: CuratedRun) -> Iterator[dict[str, Any]]:
    """Accepted instructions, oldest first, as `records.InstructionRecord` describes them.

    Similarity is that of the model's text to the pool at that time. Restored instructions have none.
    """
    for row, request, reply, similarity in merge(
        _measured(run), _restored_rows(run), key=lambda found: place(found[0])
    ):
        identity = candidate_id(GENERATE, row.index, row.decision.position)
        if not run.is_rejected(identity):
            yield {
                "instruction": run.instruction_text(identity, row.decision.text),
                "most_similar": dict(similarity.nearest) if similarity else {},
                "avg_similarity_score": similarity.mean if similarity else 0.0,
                "metadata": _metadata(request, reply),
                "request_idx": row.index,
                "id": identity,
            }


def label_rows(run: CuratedRun) -> Iterator[dict[str, Any]]:
    """A label for every accepted instruction that was asked about, as `records.LabelRecord` describes it."""
    labels, facts = run.store.asked_about(CLASSIFY), run.store.ledger().task_facts()
    for instruction in run.instructions():
        if instruction.id in labels:
            _, label = labels[instruction.id]
            said = label.capitalize() or "Unknown"
            row = {"instruction": instruction.text, "is_classification": said, "id": instruction.id}
            yield row | ({"facts": facts[instruction.id]} if instruction.id in facts else {})


def raw_instance_rows(run: CuratedRun) -> Iterator[dict[str, Any]]:
    """Raw instances in order of requests, as `records.RawInstancesRecord` describes them."""
    texts = {instruction.id: instruction.text for instruction in run.instructions()}
    for row, request, reply in run.store.decisions_with_replies(INSTANCES, "accepted"):
        if not run.is_rejected(row.decision.subject):
            yield {
                "instruction": texts.get(row.decision.subject, ""),
                "raw_instances": row.decision.text,
                "instance_metadata": _metadata(request, reply),
                "id": row.decision.subject,
            }


def example_rows(run: CuratedRun) -> Iterator[dict[str, Any]]:
    """Training examples in order, as `records.ExampleRecord` describes them."""
    for one in run.examples():
        example = one.example
        yield {
            "instruction": example.instruction,
            "input": example.input,
            "output": example.output,
            "is_classification": example.is_classification,
            "id": one.id,
        }


def rating_rows(run: CuratedRun) -> Iterator[dict[str, Any]]:
    """All ratings in order of requests, also of dropped examples, as `records.RatingRecord` describes them."""
    for row, request, reply in run.store.decisions_with_replies(JUDGE, "accepted"):
        example = next(one.example for one in request.subjects if one.id == row.decision.subject)
        assert example is not None, "a judge is asked about examples"
        rating = rating_of(row.decision)
        yield {
            "instruction": example.instruction,
            "input": example.input,
            "output": example.output,
            "valid_task": rating.valid_task,
            "suitable_input": rating.suitable_input,
            "correct_output": rating.correct_output,
            "score": rating.score,
            "reason": rating.reason,
            "model": reply.model,
            **({} if rating.grade is None else {"grade": rating.grade}),
        }


def rejected_rows(run: CuratedRun) -> Iterator[dict[str, Any]]:
    """Candidates that were not accepted, stage by stage, as `records.RejectedRecord` describes them."""
    texts = {instruction.id: instruction.text for instruction in run.store.instructions()}
    for stage in ENGINE_STAGES:
        for fate in FATES[1:]:
            for row in run.store.decisions(stage, fate):
                if not run.state(stage, row).verdict:
                    yield _rejected(stage, row, texts)
        for row, why in run.excluded(stage):
            decision = row.decision
            evidence = {"fate": decision.fate, "filter": decision.filter, "reason": decision.reason}
            said = {"filter": REVIEW, "reason": why, "evidence": evidence, "fate": "rejected"}
            yield {**_rejected(stage, row, texts), **said}


FILES: Mapping[str, tuple[str, Callable[[CuratedRun], Iterator[dict[str, Any]]]]] = {
    INSTRUCTIONS: (GENERATE, instruction_rows),
    LABELS: (CLASSIFY, label_rows),
    RAW_INSTANCES: (INSTANCES, raw_instance_rows),
    EXAMPLES: (PREPARE, example_rows),
    RATINGS: (JUDGE, rating_rows),
    REJECTED: (GENERATE, rejected_rows),
}
"""Each contract file with its stage and its rows."""


_Found = tuple[DecisionRow, Request, Reply, Similarity | None]


def _measured(run: CuratedRun) -> Iterator[_Found]:
    """The accepted instructions with similarities, including those that reviewers rejected."""
    calculator = SimilarityCalculator(seed.instruction for seed in run.store.seeds())
    for batch in in_batches(run.store.decisions_with_replies(GENERATE, "accepted")):
        near = calculator.compute([(row.decision.text, row.decision.similarity) for row, _, _ in batch])
        for (row, request, reply), similarity in zip(batch, near, strict=True):
            yield row, request, reply, similarity


def _restored_rows(run: CuratedRun) -> Iterator[_Found]:
    for row in run.restored(GENERATE):
        held = run.store.journal_entry(GENERATE, row.index, None)
        assert held is not None
        assert isinstance(held.answer, Reply), "a decision has a reply"
        yield row, held.request, held.answer, None


def _rejected(stage: str, row: DecisionRow, texts: Mapping[str, str]) -> dict[str, Any]:
    decision = row.decision
    about = {"subject": decision.subject, "instruction": texts.get(decision.subject, "")} if decision.subject else {}
    return {
        "text": decision.text,
        "filter": decision.filter,
        "reason": decision.reason,
        "evidence": dict(decision.evidence),
        "request_idx": row.index,
        "position": decision.position,
        "stage": stage,
        "fate": decision.fate,
        **about,
        **decision.payload,
    }


def _metadata(request: Request, reply: Reply) -> dict[str, Any]:
    return {
        "prompt": request.prompt,
        "response": {"choices": [{"text": reply.text, "finish_reason": reply.finish}]},
        "created_at": reply.created_at,
    }
