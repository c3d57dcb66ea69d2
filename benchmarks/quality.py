"""Precision and recall of each filter of the default recipe, and of the whole, on good and plainly bad material.

    python benchmarks/quality.py            the figures
    python benchmarks/quality.py --wrong    and each text of the seen half that is kept or dropped wrongly

Precision is the share of bad texts among those that were dropped, recall the share of all bad texts that was. A filter
stands in the table of its stage as it works alone, so its recall is small by nature: it knows one fault of many.
The material is in tests/corpus/quality, tests/corpus/good_instructions.jsonl and data/seed_tasks.jsonl.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.plugins.filters.quality import PARTS, Tally, by_kind, filters, tally

STAGES = ("generate", "prepare")


def row(name: str, counts: Tally) -> str:
    """One line of a table."""
    good, bad = f"{counts.good_dropped} of {counts.good}", f"{counts.bad_dropped} of {counts.bad}"
    return f"| {name} | {good} | {bad} | {counts.precision:.3f} | {counts.recall:.3f} |"


def print_stage(stage: str) -> None:
    """The whole recipe for each part, then each filter alone, then the kinds that are confused."""
    head = "| {} | good dropped | bad dropped | precision | recall |\n| --- | --- | --- | --- | --- |"
    print(head.format(f"{stage}: the whole recipe"))
    for part in PARTS:
        print(row(part, tally(stage, part)))
    print(row("all", tally(stage)) + "\n")
    print(head.format(f"{stage}: a filter alone"))
    for name in filters(stage):
        counts = tally(stage, name=name)
        if counts.good_dropped + counts.bad_dropped:
            print(row(name, counts))
    print()
    print(head.format(f"{stage}: kinds with faults"))
    for part in PARTS:
        for kind, counts in by_kind(stage, part).items():
            if counts.good_dropped or counts.bad_dropped < counts.bad:
                print(row(f"{kind} ({part})", counts))
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--wrong", action="store_true", help="name each text of the seen half that went wrong")
    arguments = parser.parse_args()
    for stage in STAGES:
        print_stage(stage)
        if arguments.wrong:
            print(*(line for part in ("seen", "seeds") for line in tally(stage, part).wrong), "", sep="\n")


if __name__ == "__main__":
    main()
