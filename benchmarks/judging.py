"""What judging costs: CPU time per candidate for the parser and for each filter of the recipe `chat`.

    python benchmarks/judging.py [--pool 8000 100000] [--replies 200]

A reply is a numbered list of ten tasks of the seeded corpus, which repeats and varies some of them; its prompt shows
six of the seeds that the recipe ships, and two tasks of the pool. Replies are judged over the same pool without clocks,
which gives the sum, and as many others with a clock around each filter, which gives the lines; the cost of a filter
that does nothing is taken off them. The pool holds the seeds too. Times are CPU time of this process.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from time import process_time_ns

from corpus import Corpus
from selfinstruct.api import Draft, Filter, Instruction, Item, PostProcessor, Reply, Request, Verdict, keep
from selfinstruct.config import read_recipe, resolve
from selfinstruct.engine.filter_chain import FilterChain, NamedFilter
from selfinstruct.plugins.registry import Registry
from selfinstruct.types import GENERATE

EACH = 10
"""Tasks of a reply."""

SEEDS = Path(__file__).parents[1] / "data" / "seed_tasks.jsonl"
Case = tuple[Request, Reply]


NOTHING = "nothing"


class KeepFilter(Filter[Item]):
    """Keeps all: what its line costs is the clock, which is taken off the others."""

    def evaluate(self, item: Item) -> Verdict:  # noqa: ARG002 - any
        return keep()


class TimedFilter(Filter[Item]):
    """A filter with a clock around it; `spent` holds nanoseconds by name, and `asked` how many items each has seen."""

    def __init__(self, name: str, inner: Filter[Item], spent: Counter[str], asked: Counter[str]) -> None:
        self._name, self._inner, self._spent, self._asked = name, inner, spent, asked

    def prefetch(self, items: Sequence[Item]) -> None:
        started = process_time_ns()
        self._inner.prefetch(items)
        self._spent[self._name] += process_time_ns() - started

    def evaluate(self, item: Item) -> Verdict:
        started = process_time_ns()
        verdict = self._inner.evaluate(item)
        self._spent[self._name] += process_time_ns() - started
        self._asked[self._name] += 1
        return verdict

    def observe(self, item: Item) -> None:
        started = process_time_ns()
        self._inner.observe(item)
        self._spent[self._name] += process_time_ns() - started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pool", type=int, nargs="+", default=[8_000, 100_000])
    parser.add_argument("--replies", type=int, default=200)
    given = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, recipe chat, {given.replies} replies of {EACH}\n")
    for size in given.pool:
        print_costs(size, given.replies)


def print_costs(size: int, count: int) -> None:
    """The table for a pool of this size."""
    registry = Registry.load()
    stage = resolve(read_recipe("chat"), registry).stages[GENERATE]
    reader: PostProcessor = stage.post_processor.build(registry)
    rng, corpus = Random(11), Corpus(7)
    seeds = [json.loads(line)["instruction"] for line in SEEDS.read_text("utf-8").splitlines()]
    pool = [*seeds, *corpus.take(size - len(seeds))]
    replies = [make_case(at, corpus.take(EACH), seeds, pool, rng) for at in range(2 * count)]
    spent: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    costs = []
    for timed in (False, True):
        rules = [NamedFilter(one.name, one.build(registry)) for one in stage.filters]
        if timed:
            rules.insert(1, NamedFilter(NOTHING, KeepFilter()))  # not first: the first meets a new item
            rules = [NamedFilter(rule.name, TimedFilter(rule.name, rule.filter, spent, asked)) for rule in rules]
        chain = FilterChain(rules)
        chain.observe(Draft(text, (), {"seed": True} if at < len(seeds) else {}) for at, text in enumerate(pool))
        own = replies[timed::2]
        judge(chain, reader, own[:1])  # builds the indexes
        spent.clear()
        if timed:
            asked.clear()
        started = process_time_ns()
        judged = judge(chain, reader, own[1:], spent if timed else None)
        costs.append((process_time_ns() - started) / judged / 1000)
        if timed:
            idle = spent.pop(NOTHING) / asked.pop(NOTHING)
            lines = [("parser", spent["parser"] / judged / 1000, judged)]
            lines += [(name, (spent[name] - idle * seen) / judged / 1000, seen) for name, seen in asked.items()]
    print(f"pool of {size:,}\n\n| | us/candidate | judged |\n| --- | --- | --- |")
    for name, cost, seen in lines:
        print(f"| {name} | {cost:.1f} | {seen:,} |")
    print(f"| all, without clocks | {costs[0]:.1f} | {judged:,} |\n")


def make_case(index: int, tasks: Sequence[str], seeds: Sequence[str], pool: Sequence[str], rng: Random) -> Case:
    """A reply of so many tasks, and the request that it answers."""
    shown = [*rng.sample(seeds, 6), *rng.sample(pool, 2)]
    examples = tuple(Instruction(f"s{at}", text) for at, text in enumerate(shown))
    text = "\n".join(f"{number}. {task}" for number, task in enumerate(tasks, 1))
    return Request(GENERATE, index, (), examples=examples), Reply(text, "stop")


def judge(chain: FilterChain, reader: PostProcessor, cases: Sequence[Case], spent: Counter[str] | None = None) -> int:
    """Read and judge the replies; returns how many candidates they held."""
    judged = 0
    for request, reply in cases:
        started = 0 if spent is None else process_time_ns()  # the clock costs as much as a filter
        items = reader.process(request, reply)
        if spent is not None:
            spent["parser"] += process_time_ns() - started
        judged += len(chain.evaluate(lambda items=items: items, reply.text, 0, room=None, most=None).decisions)  # type: ignore[misc]
    return judged


if __name__ == "__main__":
    main()
