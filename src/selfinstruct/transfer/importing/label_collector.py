"""Collects labels from old files: which instructions are classification tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from selfinstruct.text.encoding import clean, dumps
from selfinstruct.transfer.importing.imported_pool import FILTER, Settled, make_reply, make_request
from selfinstruct.transfer.importing.report import FileReport
from selfinstruct.transfer.importing.row_values import RowOrigin, label_of
from selfinstruct.types import CLASSIFY, Decision, Instruction

BATCH = 50
"""Number of labels in one request."""

UNCLEAR = "neither yes nor no: still missing"
LATER_ROW = "another row labels the same instruction"


@dataclass(frozen=True, slots=True)
class _RowLabel:
    """One row's label: `yes`, `no` or empty, and the words it was read from. `report` is `None` for a hint."""

    name: str
    label: str
    words: str
    line: int = 0
    report: FileReport | None = None


class LabelCollector:
    """Keeps one label per instruction: the last that is yes or no, as the original scripts read them."""

    def __init__(self) -> None:
        self._said: dict[str, _RowLabel] = {}
        self._hints: dict[str, _RowLabel] = {}

    def add(self, identity: str, value: object, *, line: int, report: FileReport) -> None:
        """Keep a row's label, or count the row as skipped."""
        words = clean(value) if isinstance(value, str) else _words(value)
        new, old = _RowLabel(report.name, label_of(value), words, line, report), self._said.get(identity)
        if old is not None:
            loser = new if old.label and not new.label else old
            assert loser.report is not None
            loser.report.skip(loser.line, LATER_ROW)
            if loser is new:
                return
        self._said[identity] = new

    def hint(self, identity: str, value: object, name: str) -> None:
        """Keep the label of an example; it counts if no file of labels has a yes or no for the instruction."""
        if isinstance(value, bool):
            self._hints[identity] = _RowLabel(name, label_of(value), dumps(value))

    def settled(self) -> Iterator[Settled]:
        """Requests about `BATCH` instructions each; counts the rows of labels as imported or skipped."""
        for said in self._said.values():
            assert said.report is not None
            if said.label:
                said.report.taken += 1
            else:
                said.report.skip(said.line, UNCLEAR)
        clear = {identity for identity, said in self._said.items() if said.label}
        hinted = ((identity, said) for identity, said in self._hints.items() if identity not in clear)
        index = 0
        for name, entries in groupby([*self._said.items(), *hinted], lambda entry: entry[1].name):
            group = list(entries)
            for start in range(0, len(group), BATCH):
                yield _settled(index, name, group[start : start + BATCH])
                index += 1


def _words(value: object) -> str:
    return dumps(value) if value is None or isinstance(value, bool | int | float) else f"({type(value).__name__})"


def _settled(index: int, name: str, entries: list[tuple[str, _RowLabel]]) -> Settled:
    subjects = tuple(Instruction(identity, "") for identity, _ in entries)
    decisions = [
        Decision(position, said.label, "accepted", subject=identity)
        if said.label
        else Decision(
            position, "unknown", "rejected", FILTER, "neither-yes-nor-no", {"said": said.words[:200]}, subject=identity
        )
        for position, (identity, said) in enumerate(entries)
    ]
    reply = make_reply(RowOrigin(), "\n".join(said.words for _, said in entries), name)
    return make_request(CLASSIFY, index, RowOrigin(), subjects=subjects), reply, decisions
