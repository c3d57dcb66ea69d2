"""Precision and recall of the chat parser, and of parser and default filters, on the corpus of chat replies.

    python benchmarks/parsing.py [--rounds 5]

Counts with the function that the test uses: tests/plugins/filters/counting.py. The corpus has four parts. The first
was written together with the parser, the second without sight of it; the third (odd forms) and the fourth (ordinary
replies) after it had been fixed by the one before. What each gave at first sight stands in docs/benchmarks.md.

Two more parts are scored by tests/plugins/chat/scoring.py: `seen`, written together with the readers, and `unseen`,
which whoever works on the readers does not look at. `--wrong` names what was read wrongly in the part `seen`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.plugins.chat.scoring import KINDS, PARTS, score
from tests.plugins.filters.chain import ORDER, Chain
from tests.plugins.filters.counting import LabelledReply, ParserCounts, cases, count, fates, good_instructions

HEAD = """| {} | replies | tasks | parser: precision | recall | with filters: precision | recall |
| --- | --- | --- | --- | --- | --- | --- |"""


def row(name: str, tally: ParserCounts) -> str:
    """One line of a table."""
    figures = (*tally.parser(), *tally.both())
    return f"| {name} | {tally.replies} | {tally.wanted} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |"


def table(title: str, corpus: Iterable[LabelledReply], families: Callable[[LabelledReply], Iterable[str]]) -> None:
    """A line for each family; a reply may belong to several."""
    by_name: dict[str, list[LabelledReply]] = {}
    for case in corpus:
        for name in families(case):
            by_name.setdefault(name, []).append(case)
    print(HEAD.format(title))
    for name, some in sorted(by_name.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        print(row(name, count(some)))
    print()


def print_parts(show_wrong: bool) -> None:
    """Precision and recall of the readers alone, for the parts seen and unseen apart."""
    print("| part | replies of | replies | expected | precision | recall |\n| --- | --- | --- | --- | --- | --- |")
    wrong: list[str] = []
    for part in PARTS:
        for kind in KINDS:
            found = score(part, kind)
            figures = f"{found.replies} | {found.expected} | {found.precision:.3f} | {found.recall:.3f}"
            print(f"| {part} | {kind} | {figures} |" if found.replies else f"| {part} | {kind} | none | | | |")
            if show_wrong and part == "seen":
                wrong += [f"{kind}: {line}" for line in found.wrong]
    print("\n" + "\n".join(wrong))


def print_drops(total: ParserCounts) -> None:
    """What each filter dropped, in the order in which they judge."""
    print("| filter | dropped rightly | dropped wrongly |\n| --- | --- | --- |")
    for name in ORDER:
        print(f"| {name} | {total.drops_right[name]} | {total.drops_wrong[name]} |")
    print(f"| all | {total.drops_right.total()} | {total.drops_wrong.total()} |\n")


def print_good() -> None:
    """How many good instructions the filters keep, each judged by itself."""
    good = good_instructions()
    decisions = fates(row["instruction"] for row in good)
    dropped = [one for one in decisions if one.fate != "accepted"]
    kept = len(good) - len(dropped)
    print(
        f"Good instructions by many hands, each judged by itself: {kept} of {len(good)} kept ({kept / len(good):.3f})"
    )
    for one in dropped:
        print(f"  {one.filter} ({one.reason}): {one.text}")
    print()


def print_speed(corpus: list[LabelledReply], rounds: int) -> None:
    """Replies a second: the least time of several rounds on one core."""
    reading, judging = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        drafts = [case.read() for case in corpus]
        reading.append(time.perf_counter() - start)
        chains = [Chain(case.examples) for case in corpus]
        start = time.perf_counter()
        for chain, some in zip(chains, drafts, strict=True):
            chain.decide(some)
        judging.append(time.perf_counter() - start)
    read, judge = min(reading), min(judging)
    total = len(corpus)
    print(f"{total} replies: parser {total / read:,.0f} a second, filters {total / judge:,.0f} a second,")
    print(f"each against the examples it was shown; filters take {judge / read:.1f} times as long as the parser")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds; the fastest is printed")
    parser.add_argument("--wrong", action="store_true", help="name what was read wrongly in the part seen")
    parser.add_argument("--parts", action="store_true", help="score the parts seen and unseen, and nothing else")
    arguments = parser.parse_args()
    print_parts(arguments.wrong)
    if arguments.parts:
        return
    corpus = list(cases().values())
    total = count(corpus)
    print(HEAD.format("all"))
    print(row("all", total) + "\n")
    table("part", corpus, lambda case: [case.part])
    table("model", corpus, lambda case: [case.model])
    table("language", corpus, lambda case: [case.language])
    table("form or junk", corpus, lambda case: case.junk or ["none"])
    print_drops(total)
    print_good()
    print_speed(corpus, arguments.rounds)


if __name__ == "__main__":
    main()
