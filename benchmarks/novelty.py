"""What novelty costs, side by side in one run: rouge_score, the reference's process pool, rapidfuzz, and our kernels.

    python benchmarks/novelty.py                 1k, 10k, 52k, 200k entries, and a whole run to 52k
    python benchmarks/novelty.py --million       1M entries too
    python benchmarks/novelty.py --ground-truth  the reference's loop to 1,000 accepted, and ours: everything equal?
    python benchmarks/novelty.py --run 1000000 --sampled 40
                                                 statistics of 40 batches, evenly spread over the run: a projection
    python benchmarks/novelty.py --exactness [N] N random pairs (a million), and every tie at 0.7, against rouge_score

Times are CPU times of all threads, the least of several rounds. Ratios are taken within the run.
"""

from __future__ import annotations

import argparse
import gc
import math
import multiprocessing
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from exactness import check_ground_truth, check_pairs, scorer

from corpus import Corpus
from selfinstruct.similarity import Pool, classical_tokens, kernel
from selfinstruct.similarity.native import LEVELS, use_instructions

THRESHOLD = 0.7
PAIRS, DECISIONS = 1000, 500
BATCH = {"native": 512, "rapidfuzz": 128}


def cpu(work: Callable[[], object], rounds: int = 3) -> float:
    """CPU seconds, the least of several rounds."""
    best = math.inf
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def rouge_pair(entries: list[str], asked: list[str]) -> float:
    """CPU seconds of one call of rouge_score, over random pairs."""
    rng = Random(7)
    pairs = [(rng.choice(entries), rng.choice(asked)) for _ in range(PAIRS)]
    return cpu(lambda: [scorer().score(entry, text) for entry, text in pairs]) / PAIRS


def process_pool(entries: list[str], text: str) -> float:
    """CPU seconds of what the reference does for one candidate: a new pool of four processes, then every entry."""
    best = math.inf
    for _ in range(2):
        start = sum(os.times()[:4])
        with multiprocessing.get_context("fork").Pool(4) as workers:
            workers.map(partial(scorer().score, text), entries)
            workers.close()
            workers.join()
        best = min(best, sum(os.times()[:4]) - start)
    return best


def rapidfuzz_alone(entries: list[str], asked: list[str]) -> float:
    """CPU seconds for a candidate of rapidfuzz as it comes: 64 at once, lengths only, no ranking and no mean."""
    import numpy as np
    from rapidfuzz.distance import LCSseq
    from rapidfuzz.process import cdist

    numbers: dict[str, str] = {}

    def encode(text: str) -> str:
        return "".join(
            numbers.setdefault(token, chr(n if (n := len(numbers) + 1) < 0xD800 else n + 0x800))
            for token in classical_tokens(text)
        )

    encoded, batch = [encode(text) for text in entries], [encode(text) for text in asked[:64]]
    return cpu(lambda: cdist(batch, encoded, scorer=LCSseq.similarity, dtype=np.uint8)) / len(batch)


def ours(name: str, entries: list[str], asked: list[str], threshold: float) -> tuple[float, float]:
    """CPU seconds for a candidate: the decision, and the full statistics in a batch."""
    os.environ["SELFINSTRUCT_KERNEL"] = name
    pool = Pool(classical_tokens)
    pool.extend(entries)
    few = asked[:DECISIONS]
    pool.decide(few[0], threshold)
    decision = cpu(lambda: [pool.decide(text, threshold) for text in few], 4) / len(few)
    batch = asked[: BATCH[name]]
    return decision, cpu(lambda: pool.compare_all(batch), 2 if len(entries) > 100_000 else 3) / len(batch)


class Joined(Corpus):
    """Long texts: so many instructions make one."""

    def __init__(self, seed: int, duplicates: bool, many: int) -> None:
        super().__init__(seed, duplicates)
        self._many = many

    def draw(self) -> str:
        """The next one."""
        return " ".join(super(Joined, self).draw() for _ in range(self._many))


def side_by_side(sizes: list[int], names: list[str], join: int, threshold: float) -> None:
    """The table of costs and ratios."""
    os.environ.pop("SELFINSTRUCT_KERNEL", None)
    corpus = Joined(1, False, join)
    asked = corpus.take(600)
    entries: list[str] = []
    grown = Pool(classical_tokens)
    taken: dict[tuple[str, str], dict[int, float]] = {}
    print("\nCPU for a candidate in us, against a pool of novel entries (x times rouge_score)")
    for size in sizes:
        grow(grown, entries, corpus, size, threshold)
        base = rouge_pair(entries, asked) * size
        print(f"\n{size:,} entries")
        row("rouge_score, one pair sampled and scaled: a projection", base, base)
        if size == 1000:
            row("the reference's process pool of 4", process_pool(entries, asked[0]), base)
        row("rapidfuzz cdist alone, 64 at once", rapidfuzz_alone(entries, asked), base)
        for name in names:
            decision, statistics = ours(name, entries, asked, threshold)
            gc.collect()
            for what, seconds in (("decision", decision), ("statistics", statistics)):
                row(f"{name}: {what}", seconds, base)
                taken.setdefault((name, what), {})[size] = seconds
    print("\nGrowth exponents (cost ~ entries^x)")
    for (name, what), found in taken.items():
        for low, high in pairwise(sizes):
            if low >= 10_000:
                print(f"  {name}: {what}, {low:,} to {high:,}: {exponent(found, low, high):.2f}")
        if len(sizes) > 3 and sizes[-1] > 500_000:
            print(f"  {name}: {what}, 52,000 to {sizes[-1]:,}: {exponent(found, 52_000, sizes[-1]):.2f}")


def grow(pool: Pool, entries: list[str], corpus: Corpus, size: int, threshold: float) -> None:
    """Let texts join that are not too near to one that is there, as in a run, until there are so many."""
    while len(entries) < size:
        text = corpus.draw()
        if pool.decide(text, threshold) is None:
            pool.add(text)
            entries.append(text)


def exponent(found: dict[int, float], low: int, high: int) -> float:
    """How cost grew between two sizes."""
    return math.log(found[high] / found[low]) / math.log(high / low)


def row(what: str, seconds: float, base: float) -> None:
    """One line of the table."""
    print(f"  {what:<56}{seconds * 1e6:>16,.1f}{base / seconds:>12,.0f} x", flush=True)


def whole_run(target: int, name: str, sampled: int) -> tuple[float, Any]:
    """All similarity work of a run to `target` accepted: decisions inline, then everybody's statistics.

    With `sampled`, the statistics of so many batches are computed, evenly spread, and scaled up.
    """
    os.environ["SELFINSTRUCT_KERNEL"] = name
    corpus = Corpus(2)
    pool = Pool(classical_tokens)
    pool.extend(corpus.take(175))
    accepted: list[str] = []
    seen = 0
    spent = drawing = 0.0
    while len(accepted) < target:
        drawn = time.process_time()
        text = corpus.draw()
        start = time.process_time()
        drawing += start - drawn
        seen += 1
        if pool.decide(text, THRESHOLD) is None:
            accepted.append(text)
            pool.add(text)
        spent += time.process_time() - start
    decided = spent
    size = BATCH[name]
    digest = hash(tuple(accepted))
    start = time.process_time()
    batches = range(0, len(accepted), size)
    few = [batches[(2 * place + 1) * len(batches) // (2 * sampled)] for place in range(sampled)] or batches
    for at in few:
        near = pool.compare_all(accepted[at : at + size], [175 + rank for rank in range(at, at + size)][: target - at])
        for one in near:
            digest = hash((digest, one.nearest, one.mean, one.containment))
    spent += (time.process_time() - start) * len(batches) / len(few)
    print(f"  {name}: {spent:.1f} s CPU ({decided:.1f} decisions, {spent - decided:.1f} statistics"
          f"{f', a projection from {sampled} of {len(batches):,} batches' if sampled else ''}),"
          f" {len(accepted):,} accepted of {seen:,}", flush=True)  # fmt: skip
    return spent, (seen, digest)


def memory(name: str, count: int) -> None:
    """Bytes for an entry in a process of its own: text, tokens, vocabulary, index."""
    code = (
        "import sys, gc, resource, time; sys.path.insert(0, sys.argv[1])\n"
        "from corpus import Corpus\n"
        "from selfinstruct.similarity import Pool, classical_tokens\n"
        "import numpy, rapidfuzz.process\n"
        "def used(): return int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize()\n"
        "count = int(sys.argv[2]); corpus = Corpus(1, False)\n"
        "warm = Pool(classical_tokens); warm.extend(['a b', 'c d']); warm.compare('a'); warm.decide('a', 0.7)\n"
        "gc.collect(); before = used(); pool = Pool(classical_tokens)\n"
        "for _ in range(count): pool.add(corpus.draw())\n"
        "start = time.process_time(); pool.decide('x', 0.7); spent = time.process_time() - start\n"
        "gc.collect(); print(f'{(used() - before) / count:.0f} B, index built in {spent:.1f} s CPU')\n"
    )
    arguments = [sys.executable, "-c", code, str(Path(__file__).parent), str(count)]
    said = subprocess.run(
        arguments, env={**os.environ, "SELFINSTRUCT_KERNEL": name}, capture_output=True, text=True, check=True
    )
    print(f"  {name}, {count:,} entries: {said.stdout.strip()}", flush=True)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--ground-truth", action="store_true")
    parser.add_argument("--exactness", type=int, nargs="?", const=1_000_000)
    parser.add_argument("--kernels", default="rapidfuzz,native")
    parser.add_argument("--sizes", default="1000,10000,52000,200000")
    parser.add_argument("--run", type=int, default=52_000, help="Accepted instructions of the whole run; 0: none.")
    parser.add_argument("--sampled", type=int, default=0, help="Batches whose statistics stand for all; 0: all do.")
    parser.add_argument("--threshold", type=float, default=THRESHOLD, help="Of the table's decisions.")
    parser.add_argument("--join", type=int, default=1, help="Instructions that make one text, in the table.")
    parser.add_argument(
        "--level", type=int, default=len(LEVELS) - 1, help=f"Vector instructions: {dict(enumerate(LEVELS))}."
    )
    given = parser.parse_args()
    names = given.kernels.split(",")
    instructions = use_instructions(given.level)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"kernel here: {kernel()} ({instructions or 'nothing compiled'})")
    if given.exactness is not None:
        sys.exit(check_pairs(given.exactness, names))
    if given.ground_truth:
        sys.exit(check_ground_truth(names))
    sizes = [int(size) for size in given.sizes.split(",") if size] + [1_000_000] * given.million
    if sizes:
        side_by_side(sizes, names, given.join, given.threshold)
    if sizes and given.join == 1 and given.threshold == THRESHOLD:
        print("\nMemory for an entry: text, tokens, vocabulary and index")
        for name in names:
            for count in (52_000, 1_000_000) if given.million else (52_000, 200_000):
                memory(name, count)
    if given.run:
        print(f"\nAll similarity work of a run to {given.run:,} accepted")
        results = {name: whole_run(given.run, name, given.sampled)[1] for name in names}
        if len(names) > 1:
            print("  every decision and every statistic is the same:", len(set(results.values())) == 1)


if __name__ == "__main__":
    main()
