"""How different the instructions are that each sampler brings at equal requests, with and without topics in prompts.

    python benchmarks/diversity.py [--requests 200] [--seeds 5]     the imitation of benchmarks/imitator.py answers
    python benchmarks/diversity.py --backend demo                   or any backend, with the config of this folder
    python benchmarks/diversity.py --forecast                       forecasts from part of a run, held to the rest
    python benchmarks/diversity.py --phrases                        how often verb and object are found, and are right

Every figure is a mean over the seeds, with the standard deviation behind it. Verbs and pairs are counted twice: among
all that was accepted, and among the first so many, as many for each way of a seed as the poorest one accepted.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from imitator import Imitator, topics_by_field

from selfinstruct.config.seeds import read_seeds
from selfinstruct.errors import Stopped
from selfinstruct.insight.growth_forecast import forecast
from selfinstruct.run.run import Run, Settings
from selfinstruct.similarity import Pool
from selfinstruct.text.phrases import Phrase, verb_and_object
from selfinstruct.types import GENERATE

SAMPLERS = ("paper", "spread", "coverage")
LABELLED = Path(__file__).parents[1] / "tests" / "api" / "phrases.tsv"


@dataclass(frozen=True, slots=True)
class GrowthResult:
    """What a run of so many requests brought."""

    accepted: list[str]
    candidates: int


def topics() -> list[str]:
    """Ten of every field of life."""
    return [topic for topics in topics_by_field().values() for topic in topics[-10:]]


def grow(sampler: str, hints: bool, requests: int, seed: int, backend: str | None) -> GrowthResult:
    """Run the recipe `chat` with a sampler for so many requests."""
    generate: dict[str, Any] = {"sampler": {"use": sampler, "total": 8, "machine": 2}, "patience": requests}
    if hints:
        generate["encoder"] = {"use": "chat-tasks", "count": 10, "topics": topics()}
    tree: dict[str, Any] = {"generate": generate, "budget": {"max_requests": requests}, "run": {"seed": seed}}
    if backend:
        tree["backend"] = {"use": backend}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder) / "run", overrides=tree)
        with Run(settings, backend=None if backend else Imitator(seed), say=lambda _: None) as run:
            with suppress(Stopped):
                asyncio.run(run.stage(GENERATE, 10**9))
            totals = run.store.totals(GENERATE)
            return GrowthResult([entry.text for entry in run.store.instructions()], totals.candidates)


def nearness(texts: Sequence[str]) -> float:
    """The mean ROUGE-L of a text to its nearest other; the nearest of all is itself."""
    pool = Pool(nearest=2)
    pool.extend(texts)
    return mean(near.nearest[1][1] for near in pool.compare_all(texts))


def kinds(texts: Sequence[str]) -> tuple[int, int]:
    """Distinct verbs, and distinct pairs of a verb and an object."""
    phrases = [verb_and_object(text) for text in texts]
    pairs = {phrase for phrase in phrases if phrase.verb and phrase.noun}
    return len({phrase.verb for phrase in phrases} - {""}), len(pairs)


def compare(requests: int, seeds: int, backend: str | None) -> None:
    """The table of samplers and hints."""
    ways = [(sampler, hints) for hints in (False, True) for sampler in SAMPLERS]
    rows: dict[tuple[str, bool], list[list[float]]] = {way: [] for way in ways}
    for seed in range(seeds):
        grown = {way: grow(*way, requests, seed, backend) for way in ways}
        fewest = min(len(one.accepted) for one in grown.values())
        for way, one in grown.items():
            some = one.accepted[:fewest]
            shares = [len(one.accepted), 100 * len(one.accepted) / max(1, one.candidates)]
            rows[way].append([*shares, *kinds(one.accepted), *kinds(some), nearness(some)])
    print(f"{requests} requests, {seeds} seeds, {backend or 'the imitation'} answers\n")
    print("| sampler | topics | accepted | of candidates, % | verbs | pairs | verbs, equal | pairs, equal | nearest |")
    print("|---|---|---|---|---|---|---|---|---|")
    for (sampler, hints), figures in rows.items():
        cells = [cell(column, 3 if at == 6 else 1) for at, column in enumerate(zip(*figures, strict=True))]
        print(f"| {sampler} | {'yes' if hints else 'no'} | {' | '.join(cells)} |")
    print("\nagainst paper with the same seed (mean difference, standard error):")
    for sampler, hints in ways:
        pairs = zip(rows[sampler, hints], rows["paper", False], strict=True)
        gaps = list(zip(*[[a - b for a, b in zip(one, other, strict=True)] for one, other in pairs], strict=True))
        if (sampler, hints) != ("paper", False):
            told = ", ".join(f"{mean(gap):+.3g} ({error(gap):.2g})" for gap in gaps)
            print(f"  {sampler}{', topics' if hints else ''}: {told}")


def cell(column: Sequence[float], digits: int) -> str:
    spread = stdev(column) if len(column) > 1 else 0.0
    return f"{mean(column):.{digits}f} ± {spread:.{digits}f}"


def error(column: Sequence[float]) -> float:
    return stdev(column) / len(column) ** 0.5 if len(column) > 1 else 0.0


def hold_forecasts(seeds: int) -> None:
    """Forecasts made on the way, held to what the run then took."""
    print("| seed | accepted | more | foretold | range | taken |")
    print("|---|---|---|---|---|---|")
    held: list[bool] = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(Path(folder) / "run", overrides={"run": {"seed": seed}})
            told, before = None, 0
            for target in (500, 1000, 2000, 4000):
                with Run(settings, backend=Imitator(seed), say=lambda _: None) as run:
                    asyncio.run(run.stage(GENERATE, target))
                    count = len(run.store.accepted_totals(GENERATE))
                    taken, before = count - before, count
                    if told is not None:
                        held.append(told.low <= taken <= told.high)
                        figures = f"{told.requests} | {told.low} to {told.high} | {taken}"
                        print(f"| {seed} | {target - told.more} | {told.more} | {figures} |", flush=True)
                    told = forecast(run.store.growth().stretches(12, 10), len(run.seeds), target)
    print(f"\nin the range: {sum(held)} of {len(held)}")


def print_phrases() -> None:
    """Coverage on the seeds, accuracy on what was labelled by hand, and the time of one."""
    seeds = [seed.instruction for seed in read_seeds("builtin")]
    found = [verb_and_object(text) for text in seeds]
    verbs, nouns = sum(bool(one.verb) for one in found), sum(bool(one.noun) for one in found)
    print(f"{len(seeds)} seeds: a verb in {verbs / len(seeds):.0%}, an object too in {nouns / len(seeds):.0%}")
    labelled = [line.split("\t") for line in LABELLED.read_text("utf-8").splitlines()]
    right = [verb_and_object(text) == Phrase(*said) for *said, text in labelled]
    right_verbs = [verb_and_object(text).verb == verb for verb, _, text in labelled]
    print(f"{len(labelled)} labelled texts: {mean(right_verbs):.1%} of the verbs, {mean(right):.1%} of both are right")
    rounds = []
    for _ in range(20):
        start = time.process_time()
        for text in seeds:
            verb_and_object(text)
        rounds.append((time.process_time() - start) / len(seeds) * 1e6)
    print(f"{min(rounds):.1f} us each")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--backend", help="Default: the imitation.")
    parser.add_argument("--forecast", action="store_true")
    parser.add_argument("--phrases", action="store_true")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    if given.phrases:
        print_phrases()
    elif given.forecast:
        hold_forecasts(given.seeds)
    else:
        compare(given.requests, given.seeds, given.backend)


if __name__ == "__main__":
    main()
