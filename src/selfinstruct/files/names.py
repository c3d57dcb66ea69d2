"""The names of the files in a run folder."""

from __future__ import annotations

RUN_FILE = "run.sqlite"
REVIEW_FILE = "reviews.sqlite"
LOCK_FILE = "run.lock"
PID_FILE = "run.pid"
"""Holds the id of the process that has the lock; a locked file cannot be read on Windows, so it is another file."""

INSTRUCTIONS = "machine_generated_instructions.jsonl"
LABELS = "is_clf_or_not.jsonl"
RAW_INSTANCES = "machine_generated_instances.jsonl"
EXAMPLES = "finetuning/all_generated_instances.jsonl"
RATINGS = "finetuning/ratings.jsonl"
REJECTED = "rejected.jsonl"
CONTRACTS = (INSTRUCTIONS, LABELS, RAW_INSTANCES, EXAMPLES, RATINGS, REJECTED)
"""The JSONL files that a run writes; the original scripts use the same names."""


def with_sidecars(name: str) -> tuple[str, ...]:
    """A database file and those that SQLite keeps beside it."""
    return (name, *(f"{name}-{suffix}" for suffix in ("wal", "shm", "journal")))


DATABASES = (*with_sidecars(RUN_FILE), *with_sidecars(REVIEW_FILE), LOCK_FILE, PID_FILE)
"""The files that make up a run: they cannot be made again."""
