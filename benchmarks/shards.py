"""What a decision costs with the pool in this process, and over two Ray actors, asked one by one and a reply at a time.

    python benchmarks/shards.py [--sizes 10000,52000,200000] [--shards 2]

Wall time, since the actors are other processes; the least of several rounds, side by side in one run.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from corpus import Corpus
from selfinstruct.api import Draft, Filter
from selfinstruct.similarity import kernel
from selfinstruct_filters.rouge_l import RougeLFilter, RougeLOptions
from selfinstruct_ray import RougeLRayOptions, build

REPLY = 10
"""Drafts in a reply."""


def wall(work: Callable[[], object], rounds: int = 5) -> float:
    """Seconds, the least of several rounds."""
    best = math.inf
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def judge(rule: Filter[Draft], asked: Sequence[Draft], reply: int) -> None:
    """Judge drafts, so many to a reply."""
    for at in range(0, len(asked), reply):
        rule.prefetch(asked[at : at + reply])
        for draft in asked[at : at + reply]:
            rule.evaluate(draft)


def main() -> None:
    """Print one line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,52000,200000")
    parser.add_argument("--shards", type=int, default=2)
    given = parser.parse_args()
    start = time.perf_counter()
    sharded = build(RougeLRayOptions(shards=given.shards))
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, kernel {kernel()}, {given.shards} actors")
    print(f"Ray began in {time.perf_counter() - start:.1f} s")
    alone, corpus, size = RougeLFilter(RougeLOptions()), Corpus(1, duplicates=False), 0
    asked = [Draft(text) for text in corpus.take(500)]
    print(
        "us a decision: in this process | actors, one by one | actors, ten to a reply | ratio of the last to the first"
    )
    for target in map(int, given.sizes.split(",")):
        texts = [Draft(text) for text in corpus.take(target - size)]
        size = target
        alone.observe_all(texts)
        sharded.observe_all(texts)
        same = [alone.evaluate(draft) == sharded.evaluate(draft) for draft in asked]
        costs = [wall(lambda rule=rule, reply=reply: judge(rule, asked, reply)) / len(asked) * 1e6  # type: ignore[misc]
                 for rule, reply in ((alone, REPLY), (sharded, 1), (sharded, REPLY))]  # fmt: skip
        columns = " ".join(f"{cost:10,.1f}" for cost in costs)
        print(f"{target:>9,} entries {columns} {costs[2] / costs[0]:8.1f} x  same: {all(same)}", flush=True)


if __name__ == "__main__":
    main()
