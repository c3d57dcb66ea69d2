"""Precision and recall of each filter of the default recipe, and of the whole, on good and plainly bad material.

    python benchmarks/quality.py            the figures
    python benchmarks/quality.py --wrong    and each text of the seen half that is kept or dropped wrongly
    python benchmarks/quality.py --instructions FILE    what the recipe drops of good prompts of your own

Precision is the share of bad texts among those that were dropped, recall the share of all bad texts that was. A filter
stands in the table of its stage as it works alone, so its recall is small by nature: it knows one fault of many.
The material is in tests/corpus/quality, tests/corpus/good_instructions.jsonl and data/seed_tasks.jsonl.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.plugins.filters.quality import PARTS, Case, Tally, by_kind, filters, messages, tally, why_dropped

from selfinstruct.api import Draft

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


def read_instructions(path: Path) -> list[str]:
    """The texts of JSON Lines: strings, or objects with `instruction`, `prompt` or `question`; each text once."""
    found = []
    for number, line in enumerate(filter(str.strip, path.read_text("utf-8").splitlines()), 1):
        row = json.loads(line)
        keys = [key for key in ("instruction", "prompt", "question") if isinstance(row, dict) and key in row]
        if not keys and not isinstance(row, str):
            sys.exit(f"{path}: row {number} is neither a string nor an object with instruction, prompt or question")
        found.append(row[keys[0]] if keys else row)
    return list(dict.fromkeys(text.strip() for text in found))


def print_dropped(texts: Sequence[str]) -> None:
    """How many of some good prompts the recipe drops, by filter, and each of them with its reason."""
    cases = [Case("generate", "seen", "own", True, Draft(text, messages=messages())) for text in texts]
    whys = {text: why for text, case in zip(texts, cases, strict=True) if (why := why_dropped(case))}
    print(f"{len(whys)} of {len(texts)} dropped ({len(whys) / max(1, len(texts)):.2%})")
    for name, count in Counter(why.partition(":")[0] for why in whys.values()).most_common():
        print(f"  {name}: {count}")
    print(*(f"{why} | {text[:200]!r}" for text, why in whys.items()), sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--wrong", action="store_true", help="name each text of the seen half that went wrong")
    parser.add_argument("--instructions", type=Path, help="JSON Lines with good prompts of your own: what is dropped")
    arguments = parser.parse_args()
    if arguments.instructions:
        print_dropped(read_instructions(arguments.instructions))
        return
    for stage in STAGES:
        print_stage(stage)
        if arguments.wrong:
            print(*(line for part in ("seen", "seeds") for line in tally(stage, part).wrong), "", sep="\n")


if __name__ == "__main__":
    main()
