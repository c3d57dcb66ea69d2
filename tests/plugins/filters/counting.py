"""Counts how well the chat parser and the default filters read replies whose tasks were written down by hand.

The test asserts what this counts, and `benchmarks/parsing.py` prints it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from selfinstruct.api import Draft
from selfinstruct.types import Decision, Finish

from .chain import Chain, read

CORPUS = Path(__file__).parents[2] / "corpus"


@dataclass(frozen=True, slots=True)
class LabelledReply:
    """A reply and what should be taken from it.

    `answered` are tasks with an answer glued on: the parser should read them, and the filter `answer` drop them.
    `known_misses` are kept and `known_losses` dropped, both wrongly: they count as wrong, and are named so that a
    test can tell a new fault from an old one.
    """

    style: str
    part: str
    model: str
    junk: Sequence[str]
    language: str
    finish: Finish
    examples: Sequence[str]
    reply: str
    accepted: Sequence[str]
    answered: Sequence[str] = ()
    known_misses: Sequence[str] = ()
    known_losses: Sequence[str] = ()

    def read(self) -> Sequence[Draft]:
        """The drafts that the parser reads."""
        return read(self.reply, self.examples, self.finish)

    def decide(self) -> Sequence[Decision]:
        """What becomes of them in a run whose seeds are the shown examples."""
        return Chain(self.examples).decide(self.read())


@dataclass(slots=True)
class ParserCounts:
    """Counts over some replies: first of the parser alone, then of parser and filters."""

    replies: int = 0
    tasks: int = 0
    tasks_read: int = 0
    drafts: int = 0
    drafts_right: int = 0
    wanted: int = 0
    kept: int = 0
    kept_right: int = 0
    drops_right: Counter[str] = field(default_factory=Counter)
    drops_wrong: Counter[str] = field(default_factory=Counter)

    def parser(self) -> tuple[float, float]:
        """Precision and recall of the parser alone, which hands on whatever looks like a candidate."""
        return _share(self.drafts_right, self.drafts), _share(self.tasks_read, self.tasks)

    def both(self) -> tuple[float, float]:
        """Precision and recall of parser and filters."""
        return _share(self.kept_right, self.kept), _share(self.kept_right, self.wanted)


def cases() -> dict[str, LabelledReply]:
    """The corpus, by the names of its files."""
    paths = sorted((CORPUS / "replies").glob("*.json"))
    return {path.stem: LabelledReply(**json.loads(path.read_text("utf-8"))) for path in paths}


def good_instructions() -> list[dict[str, str]]:
    """Instructions as many kinds of people write them, each with its language and its manner."""
    return [json.loads(line) for line in (CORPUS / "good_instructions.jsonl").read_text("utf-8").splitlines()]


def fates(texts: Iterable[str]) -> list[Decision]:
    """What the filters say of texts, each by itself: with nothing to remember, all are novel."""
    return [Chain().decide([Draft(text, ())])[0] for text in texts]


def count(corpus: Iterable[LabelledReply]) -> ParserCounts:
    """Read and judge every reply, and count. A repeated task is one task, and its second copy is rightly dropped."""
    total = ParserCounts()
    for case in corpus:
        decisions = case.decide()
        read_texts = [one.text for one in decisions]
        kept = [one.text for one in decisions if one.fate == "accepted"]
        wanted, tasks = set(case.accepted), {*case.accepted, *case.answered}
        total.replies += 1
        total.tasks += len(tasks)
        total.tasks_read += len(tasks & set(read_texts))
        total.drafts += len(read_texts)
        total.drafts_right += sum(text in tasks for text in read_texts)
        total.wanted += len(wanted)
        total.kept += len(kept)
        total.kept_right += len(wanted & set(kept))
        for one in decisions:
            if one.fate != "accepted":
                is_wrong = one.text in wanted and one.text not in kept
                (total.drops_wrong if is_wrong else total.drops_right)[one.filter] += 1
    return total


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
