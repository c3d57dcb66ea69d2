"""Seconds that a large run's report takes, part by part, the memory, and the size of the file.

    python benchmarks/report.py [--instructions 50000]

The run is written straight into a store, every stage of it: instructions of the seeded corpus, a third as many
rejections, labels, raw instances, two examples for each, ratings, and similarities as large as real ones.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from corpus import Corpus
from selfinstruct.insight.report.collect import collect
from selfinstruct.insight.report.page import render
from selfinstruct.store import InitialFacts, RunStore
from selfinstruct.types import (
    CLASSIFY,
    GENERATE,
    INSTANCES,
    JUDGE,
    PREPARE,
    Decision,
    Example,
    Instance,
    Instruction,
    Message,
    Rating,
    Reply,
    Request,
    SeedTask,
    Similarity,
)

EACH, KEPT = 8, 6
"""Candidates of a reply, and how many of them are accepted."""

SEEDS = 175


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--instructions", type=int, default=50_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        make_run(run, given.instructions)
        size = (run / "run.sqlite").stat().st_size / 1e6
        print(f"{given.instructions:,} instructions, {2 * given.instructions:,} examples; {size:,.0f} MB")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        store = RunStore.open_readonly(run)
        report = collect(store)
        collected = time.perf_counter()
        page = render(report).encode()
        ended = time.perf_counter()
        store.close()
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(f"collect {collected - began:5.1f} s")
        print(f"render  {ended - collected:5.1f} s")
        print(f"file    {len(page) / 1e6:5.1f} MB")
        print(f"memory  {more / 1e3:5.0f} MB more than before")


def make_run(folder: Path, count: int) -> None:
    """Write a run with every stage."""
    texts, rng = Corpus(7, duplicates=False).take(count + SEEDS), Random(7)
    seeds, texts = texts[:SEEDS], texts[SEEDS:]
    store = RunStore.open(folder)
    store.create(
        [SeedTask(f"s{at}", text, (Instance("", "x"),), False) for at, text in enumerate(seeds)], InitialFacts()
    )
    shown = [Instruction(f"s{at}", text) for at, text in enumerate(seeds)]
    with store.transaction():
        for index, first in enumerate(range(0, count, KEPT)):
            kept = texts[first : first + KEPT]
            decisions = [
                Decision(at, text, "accepted", similarity=near(texts, rng)) for at, text in enumerate(kept)
            ] + [
                Decision(at, f"{kept[0]} again {at}", "rejected", "rouge-l", "not-novel")
                for at in range(len(kept), EACH)
            ]
            request = Request(GENERATE, index, (Message("user", "x" * 2000),), examples=tuple(rng.sample(shown, 8)))
            settle(store, request, decisions, first + len(kept))
            ids = [f"g{index}.{at}" for at in range(len(kept))]
            labels = [Decision(at, rng.choice(("yes", "no")), "accepted", subject=one) for at, one in enumerate(ids)]
            settle(store, Request(CLASSIFY, index, (Message("user", "x" * 1000),)), labels, first + len(kept))
            raw = [Decision(at, "x" * 300, "accepted", subject=one) for at, one in enumerate(ids)]
            settle(store, Request(INSTANCES, index, (Message("user", "x" * 1000),)), raw, first + len(kept))
            finish(store, index, [(one, text) for one, text in zip(ids, kept, strict=True)], rng, texts)
    store.close()


def finish(store: RunStore, index: int, kept: Sequence[tuple[str, str]], rng: Random, texts: Sequence[str]) -> None:
    """Two examples for each instruction, and a rating for each example."""
    examples = [
        Example(text, rng.choice(("", rng.choice(texts))), " ".join(rng.sample(texts, 4)), False, one)
        for one, text in kept
        for _ in range(2)
    ]
    made = [
        Decision(at, one.output, "accepted", subject=one.subject, payload=one.payload)
        for at, one in enumerate(examples)
    ]
    store.settle(Request(PREPARE, index, ()), made, evaluated=len(made), complete=True, accepted=0)
    ratings = [Rating("yes", "yes", rng.choice(("yes", "no")), one.digest) for one in examples]
    said = [
        Decision(at, one.text, "accepted", subject=one.subject, payload=one.payload) for at, one in enumerate(ratings)
    ]
    settle(store, Request(JUDGE, index, (Message("user", "x" * 2000),)), said, 0)


def settle(store: RunStore, request: Request, decisions: Sequence[Decision], accepted: int) -> None:
    store.record_request(request)
    store.record_answer(request, Reply("x" * 800, "stop", model="made up"))
    store.settle(request, decisions, evaluated=len(decisions), complete=True, accepted=accepted)


def near(texts: Sequence[str], rng: Random) -> Similarity:
    nearest = sorted(((rng.choice(texts), rng.betavariate(4, 8) * 0.7) for _ in range(10)), key=lambda one: -one[1])
    return Similarity(nearest[0][1], tuple(nearest), 0.1)


if __name__ == "__main__":
    main()
