"""Prints what a run brought, for a person to read: a figure says little before somebody has looked at the texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.real_model.findings import Findings

INDENT = "    "


def lines(found: Findings, status: Mapping[str, Any]) -> Iterator[str]:
    """Every accepted instruction, every example with its rating, the counts of each stage, and what was readable."""
    yield from _instructions(found)
    yield from _examples(found)
    for stage, totals in status["stages"].items():
        yield from _stage(stage, totals)
    yield from _readable(found)


def _instructions(found: Findings) -> Iterator[str]:
    labels = {row["id"]: row["is_classification"] for row in found.labels}
    yield f"== {len(found.instructions)} accepted instructions, with their labels (classification task or not)"
    for row in found.instructions:
        yield from _text(f"{row['id']:>6} {labels.get(row['id'], 'no label'):8}", row["instruction"])


def _examples(found: Findings) -> Iterator[str]:
    scores = {(row["instruction"], row["input"], row["output"]): row["score"] for row in found.ratings}
    yield ""
    yield f"== {len(found.examples)} examples, with the judge's score of 0 to 3"
    for row in found.examples:
        score = scores.get((row["instruction"], row["input"], row["output"]), "none")
        yield f"{row['id']}  score: {score}"
        yield from _text(f"{INDENT}task:  ", row["instruction"])
        yield from _text(f"{INDENT}input: ", row["input"])
        yield from _text(f"{INDENT}output:", row["output"])


def _text(head: str, text: str) -> Iterator[str]:
    """A text behind its head, its further lines below one another."""
    first, *others = text.splitlines() or ["(empty)"]
    yield f"{head} {first}"
    yield from ((" " * len(head) + f" {line}").rstrip() for line in others)


def _stage(stage: str, totals: Mapping[str, Any]) -> Iterator[str]:
    usage, funnel = totals["usage"], totals["funnel"]
    tokens = f"{usage['prompt_tokens']:,} prompt and {usage['completion_tokens']:,} completion tokens"
    yield ""
    yield f"== {stage}: {totals['requests']} requests ({totals['failures']} failed), {tokens}"
    yield from (f"{count:6}  replies marked: {mark}" for mark, count in funnel["marks"].items())
    yield f"{funnel['candidates']:6}  candidates"
    for step in funnel["steps"]:
        reasons = ", ".join(f"{reason} {count}" for reason, count in step["reasons"].items())
        yield f"{step['dropped']:6}  dropped by {step['filter']}" + (f" ({reasons})" if reasons else "")
    yield f"{funnel['accepted']:6}  accepted"


def _readable(found: Findings) -> Iterator[str]:
    wanted, replies = len(found.instructions), len(found.instances)
    examples = replies - len(found.unread())
    yield ""
    yield "== what could be read"
    yield f"labels:    {wanted - len(found.unlabelled())} of {wanted} instructions"
    yield f"instances: {examples} of {replies} replies hold an example; {len(found.cut())} replies were cut off"
    yield f"ratings:   {len(found.ratings)} of {len(found.examples)} examples"
