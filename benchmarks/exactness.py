"""Holds our scores and decisions to rouge_score: random pairs, every tie at the threshold, and the reference's loop."""

from __future__ import annotations

import os
import time
from functools import cache
from random import Random
from typing import Any

from corpus import Corpus
from selfinstruct.similarity import Pool, classical_tokens

THRESHOLD = 0.7


@cache
def scorer() -> Any:
    """The reference's scorer."""
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=False)


def reference(entry: str, text: str) -> float:
    """The reference's score of two texts."""
    score: float = scorer().score(entry, text)["rougeL"].fmeasure
    return score


def words(*numbers: int) -> str:
    """A text of numbered words."""
    return " ".join(f"w{number}" for number in numbers)


def tie(common: int, left: int, right: int) -> tuple[str, str]:
    """Two texts of those lengths that share that many words, in order."""
    shared = range(common)
    return words(*shared, *range(1000, 1000 + left - common)), words(*shared, *range(2000, 2000 + right - common))


def groups(count: int, rng: Random) -> Any:
    """Groups of entries and texts to compare all with all, `count` pairs or a little more; then the special ones."""
    corpus = Corpus(3)
    made = 0
    while made < count:
        kind = rng.random()
        if kind < 0.5:
            entries, asked = corpus.take(25), corpus.take(20)
        else:
            most, vocabulary = rng.choice([3, 16, 17, 33, 64, 66, 130]), rng.choice([2, 9, 60, 400])
            entries, asked = (
                [words(*rng.choices(range(vocabulary), k=rng.randint(0, most))) for _ in range(size)]
                for size in (10, 5)
            )
        made += len(entries) * len(asked)
        yield [*entries, "", "one"], [*asked, "", "one"]
    lengths = range(1, 161)
    for m in lengths:
        for n in lengths:
            common = 7 * (m + n) // 20
            if 7 * (m + n) % 20 == 0 and common <= min(m, n):
                left, right = tie(common, m, n)
                yield [left], [right]
    for length in (64, 65, 128, 129, 1001, 1025):
        yield [words(*range(length))], [words(*range(3, length + 9)), words(*rng.choices(range(50), k=length))]


def check_pairs(count: int, names: list[str]) -> int:
    """Compare scores, means and decisions; the number of differences."""
    rng = Random(11)
    pairs = differences = ties = 0
    for entries, asked in groups(count, rng):
        expected = [[reference(entry, text) for entry in entries] for text in asked]
        pairs += len(entries) * len(asked)
        ties += sum(abs(score - THRESHOLD) < 1e-12 for scores in expected for score in scores)
        for name in names:
            os.environ["SELFINSTRUCT_KERNEL"] = name
            pool = Pool(classical_tokens, nearest=len(entries))
            pool.extend(entries)
            for text, scores, near in zip(asked, expected, pool.compare_all(asked), strict=True):
                order = sorted(range(len(entries)), key=lambda at: (-scores[at], at))
                differences += [(entries[at], scores[at]) for at in order] != list(near.nearest)
                differences += abs(near.mean - sum(scores) / len(scores)) > 1e-12
                match = pool.decide(text, THRESHOLD)
                nearest = (entries[order[0]], scores[order[0]]) if scores[order[0]] > THRESHOLD else None
                differences += (match and (match.text, match.score)) != nearest
    compared = f"{pairs:,} pairs with rouge_score, {ties} of them exactly 0.7 on paper"
    print(f"{compared}: {differences} differences ({', '.join(names)})")
    return min(differences, 1)


def literal_loop(seeds: list[str], corpus: Corpus, target: int) -> list[tuple[Any, ...]]:
    """The reference's rule as it is written, without its processes: every candidate scored with the whole pool."""
    import numpy as np

    pool, found = list(seeds), []
    while len(pool) < len(seeds) + target:
        text = corpus.draw()
        scores = [reference(text, entry) for entry in pool]
        if max(scores) > THRESHOLD:
            found.append((text, max(scores)))
            continue
        order = sorted(range(len(pool)), key=lambda at: (-scores[at], at))[:10]
        found.append((text, tuple((pool[at], scores[at]) for at in order), float(np.mean(scores))))
        pool.append(text)
    return found


def check_ground_truth(names: list[str], target: int = 1000) -> int:
    """Run the reference's loop and ours on the same candidates, and compare everything; the number of differences."""
    start = time.process_time()
    corpus = Corpus(4)
    seeds = corpus.take(175)
    expected = literal_loop(seeds, corpus, target)
    spent = time.process_time() - start
    print(f"rouge_score: {spent:.1f} s CPU for {target:,} accepted of {len(expected):,}, nothing projected")
    differences = 0
    for name in names:
        os.environ["SELFINSTRUCT_KERNEL"] = name
        start = time.process_time()
        pool = Pool(classical_tokens)
        pool.extend(seeds)
        found = [pool.decide(row[0], THRESHOLD) or pool.add(row[0]) for row in expected]
        kept = [row for row in expected if len(row) == 3]
        near = pool.compare_all([row[0] for row in kept], [len(seeds) + rank for rank in range(len(kept))])
        ours = time.process_time() - start
        for row, match in zip(expected, found, strict=True):
            differences += (match is None) != (len(row) == 3) or (match is not None and match.score != row[1])
        for row, one in zip(kept, near, strict=True):
            differences += one.nearest != row[1] or abs(one.mean - row[2]) > 1e-12
        print(f"{name}: {ours:.2f} s CPU, {spent / ours:,.0f} x, {differences} differences")
    return min(differences, 1)
