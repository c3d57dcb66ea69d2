"""Precision and recall of the filter `unsafe` on requests and look-alikes that were written down by hand.

python benchmarks/unsafe.py            the figures
python benchmarks/unsafe.py --errors   and each text that is judged wrongly
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from selfinstruct.api import Draft
from selfinstruct_filters.unsafe import UnsafeFilter, UnsafeOptions

CORPUS = Path(__file__).parents[1] / "tests" / "corpus" / "unsafe.toml"


def main() -> None:
    corpus = tomllib.loads(CORPUS.read_text(encoding="utf-8"))
    one = UnsafeFilter(UnsafeOptions())
    for name, some in corpus["unsafe"].items():
        reasons = [one.evaluate(Draft(text)).reason for text in some]
        print(
            f"{name:<14} {sum(map(bool, reasons)):>3} of {len(some):>3} dropped, {reasons.count(name)} for that reason"
        )
    asked = [text for some in corpus["unsafe"].values() for text in some]
    report(one, "seen when the lists were written", asked, corpus["harmless"]["all"])
    report(one, "held out", corpus["held-out"]["unsafe"], corpus["held-out"]["harmless"])


def report(one: UnsafeFilter, title: str, unsafe: list[str], harmless: list[str]) -> None:
    """Print precision and recall on some texts."""
    wrong = [text for text in harmless if not one.evaluate(Draft(text)).keep]
    missed = [text for text in unsafe if one.evaluate(Draft(text)).keep]
    hits = len(unsafe) - len(missed)
    figures = f"precision {hits / (hits + len(wrong)):.3f}, recall {hits / len(unsafe):.3f}"
    print(f"{title}: {figures} ({hits} of {len(unsafe)} dropped, and {len(wrong)} of {len(harmless)} harmless ones)")
    if "--errors" in sys.argv:
        print(*(f"  wrongly dropped: {text} {dict(one.evaluate(Draft(text)).evidence)}" for text in wrong), sep="\n")
        print(*(f"  missed: {text}" for text in missed), sep="\n")


if __name__ == "__main__":
    main()
