"""What the filter `containment` costs for a candidate, against a look at every entry, over pools of several sizes.

    python benchmarks/containment.py

Times are CPU time of this process; the ratio to brute force (the same comparison with every entry) is taken within one
run. Every decision that brute force makes in the time it has is compared.
"""

from __future__ import annotations

import platform
from time import process_time

from corpus import Corpus
from selfinstruct.api.similarity import ContainmentIndex, lcs_length, unicode_tokens

SIZES = (1_000, 10_000, 52_000)
THRESHOLD, FEWEST = 0.9, 5
PROBES, COMPARED = 2_000, 10


def main() -> None:
    print(f"{platform.machine()}, Python {platform.python_version()}, threshold {THRESHOLD}, at least {FEWEST} words\n")
    print("| entries | us/candidate | brute force, us | times | dropped | us to add |")
    print("| --- | --- | --- | --- | --- | --- |")
    corpus = Corpus(seed=7, duplicates=True)
    index, pool, spent = ContainmentIndex(THRESHOLD, FEWEST), [], 0.0
    for size in SIZES:
        before = len(pool)
        while len(pool) < size:
            tokens = unicode_tokens(corpus.draw())
            if index.most_contained(tokens) is None:
                started = process_time()
                index.add(tokens)
                spent += process_time() - started
                pool.append(tokens)
        fresh = [unicode_tokens(text) for text in corpus.take(PROBES)]
        started = process_time()
        found = [index.most_contained(tokens) for tokens in fresh]
        cost = (process_time() - started) / PROBES
        started = process_time()
        expected = [brute_force(pool, tokens) for tokens in fresh[:COMPARED]]
        brute = (process_time() - started) / COMPARED
        assert found[:COMPARED] == expected
        dropped = sum(one is not None for one in found) / PROBES
        adding = spent / (len(pool) - before) * 1e6
        spent = 0.0
        times = f"{cost * 1e6:,.0f} | {brute * 1e6:,.0f} | {brute / cost:,.0f}"
        print(f"| {size:,} | {times} | {dropped:.1%} | {adding:.0f} |")


def brute_force(pool: list[list[str]], tokens: list[str]) -> tuple[int, float] | None:
    """The same question, asked of every entry."""
    best = None
    for at, entry in enumerate(pool):
        shorter = min(len(entry), len(tokens))
        if shorter >= FEWEST:
            share = lcs_length(entry, tokens) / shorter
            if share >= THRESHOLD and (best is None or share > best[1]):
                best = at, share
    return best


if __name__ == "__main__":
    main()
