"""Turns the rows of old files into requests, replies and decisions, each stage's in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from selfinstruct.text.encoding import clean
from selfinstruct.transfer.importing.example_collector import ExampleCollector
from selfinstruct.transfer.importing.files import (
    EXAMPLES,
    INSTRUCTIONS,
    LABELS,
    RAW_INSTANCES,
    ImportFile,
    JsonRow,
    rows,
)
from selfinstruct.transfer.importing.imported_pool import (
    FILTER,
    Candidate,
    ImportedPool,
    Settled,
    make_reply,
    make_request,
)
from selfinstruct.transfer.importing.label_collector import LabelCollector
from selfinstruct.transfer.importing.report import FileReport
from selfinstruct.transfer.importing.row_values import RowOrigin, clean_text, row_origin, similarity_of
from selfinstruct.types import INSTANCES, Decision, Fate, Instruction, SeedTask

DUPLICATE = "the instruction is there already"
A_SEED = "the instruction is a seed task's"
UNKNOWN = "no file has the instruction"
NOT_TAKEN = {"empty": "no instances: still open", "duplicate": "the same instances again"}
NEEDED: Mapping[str, Sequence[str]] = {
    INSTRUCTIONS: (),
    LABELS: ("is_classification",),
    RAW_INSTANCES: ("raw_instances",),
    EXAMPLES: ("input", "output"),
}


class Importer:
    """Takes over sources, in the order of their kinds; what it yields is to be settled in that order."""

    def __init__(self, seeds: Sequence[SeedTask]) -> None:
        self.reports: list[FileReport] = []
        self._pool = ImportedPool(seeds)
        self._labels = LabelCollector()
        self._cases = ExampleCollector()
        self._raw: dict[str, set[int]] = {}
        self._instances = 0

    def import_sources(self, sources: Sequence[ImportFile]) -> Iterator[Settled]:
        """Everything that the sources hold; the reports are whole when this has ended. Raises `DataError`."""
        takes = {INSTRUCTIONS: self._instructions, RAW_INSTANCES: self._raw_instances, EXAMPLES: self._examples}
        for source in sources:
            report = FileReport(source.name, source.kind)
            self.reports.append(report)
            if source.kind in takes:
                yield from takes[source.kind](source, report)
            elif source.kind == LABELS:
                self._read_labels(source, report)
        for identity, text, name in self._cases.raw_texts():
            yield self._settle_raw(identity, RowOrigin(finish="stop"), text, name, "")
        yield from self._labels.settled()

    # --- instructions -------------------------------------------------------------------------------------------------

    def _instructions(self, source: ImportFile, report: FileReport) -> Iterator[Settled]:
        """Rows in a row that say they came from the same reply are one request; a row that does not say is its own."""

        def reply_of(entry: tuple[int, str, JsonRow, RowOrigin]) -> tuple[Any, ...]:
            line, _, row, origin = entry
            batch = row.get("request_idx")
            return (batch if isinstance(batch, int) else None, origin.prompt, origin.reply) if origin.reply else (line,)

        found = ((*entry, row_origin(entry[2].get("metadata"))) for entry in _entries(source, report))
        for _, entries in groupby(found, reply_of):
            group = list(entries)
            candidates = [Candidate(text, line, similarity_of(row)) for line, text, row, _ in group]
            settled = self._pool.add(source.name, _with_reply(group[0][3]), candidates)
            for candidate, is_new in zip(candidates, settled[0].are_new, strict=True):
                if is_new:
                    report.taken += 1
                else:
                    report.skip(candidate.line, A_SEED if self._pool.is_seed(candidate.text) else DUPLICATE)
            yield from settled[1]
        yield from self._pool.flush()

    def _known_or_added(self, line: int, text: str, row: JsonRow, report: FileReport) -> Iterator[Settled]:
        """Add an instruction that no file of instructions has."""
        if self._pool.id_of(text) is None:
            origin = _with_reply(row_origin(row.get("instruction_metadata")))
            yield from self._pool.add(report.name, origin, [Candidate(text, line, similarity_of(row))])[1]
            yield from self._pool.flush()
            report.added += 1

    # --- instances ----------------------------------------------------------------------------------------------------

    def _raw_instances(self, source: ImportFile, report: FileReport) -> Iterator[Settled]:
        for line, text, row in _entries(source, report):
            raw = row["raw_instances"]
            if self._pool.is_seed(text):
                report.skip(line, A_SEED)
            elif not isinstance(raw, str | None):
                report.skip(line, "raw_instances is no text")
            else:
                yield from self._known_or_added(line, text, row, report)
                identity, said = str(self._pool.id_of(text)), clean(raw or "")
                reason = self._why_not(identity, said)
                if reason:
                    report.skip(line, NOT_TAKEN[reason])
                else:
                    report.taken += 1
                yield self._settle_raw(identity, row_origin(row.get("instance_metadata")), said, source.name, reason)

    def _why_not(self, identity: str, raw: str) -> str:
        """Why raw instances are rejected, or nothing; these are then known."""
        if not raw.strip():
            return "empty"
        before = self._raw.setdefault(identity, set())
        if hash(raw) in before:
            return "duplicate"
        before.add(hash(raw))
        return ""

    def _examples(self, source: ImportFile, report: FileReport) -> Iterator[Settled]:
        for line, text, row in _entries(source, report):
            identity = self._pool.id_of(text)
            if self._pool.is_seed(text):
                report.skip(line, A_SEED)
            elif identity is not None and self._raw.get(identity):
                report.skip(line, "the raw instances are there: made from them again")
            elif reason := self._cases.refuse(row["input"], row["output"]):
                report.skip(line, reason)
            else:
                yield from self._known_or_added(line, text, row, report)
                identity = str(self._pool.id_of(text))
                if not self._cases.add(identity, row["input"], row["output"], source.name):
                    report.skip(line, "the same example again")
                    continue
                report.taken += 1
                self._labels.hint(identity, row.get("is_classification"), source.name)

    def _settle_raw(self, identity: str, origin: RowOrigin, text: str, name: str, reason: str) -> Settled:
        index = self._instances
        self._instances += 1
        request = make_request(INSTANCES, index, origin, (Instruction(identity, ""),))
        fate: tuple[Fate, str, str] = ("rejected", FILTER, reason) if reason else ("accepted", "", "")
        notes = {"cut": True} if origin.finish == "length" else {}
        decision = Decision(0, text, *fate, notes=notes, subject=identity)
        return request, make_reply(origin, text if origin.reply is None else origin.reply, name), [decision]

    # --- labels -------------------------------------------------------------------------------------------------------

    def _read_labels(self, source: ImportFile, report: FileReport) -> None:
        for line, text, row in _entries(source, report):
            identity = self._pool.id_of(text)
            if identity is not None:
                self._labels.add(identity, row["is_classification"], line, report)
            else:
                report.skip(line, A_SEED if self._pool.is_seed(text) else UNKNOWN)


def _entries(source: ImportFile, report: FileReport) -> Iterator[tuple[int, str, JsonRow]]:
    """The rows that can be used: line, instruction, and all they hold; the others are counted."""
    for line, row in rows(source.path):
        report.rows += 1
        if isinstance(row, str):
            report.skip(line, row)
        elif missing := [key for key in ("instruction", *NEEDED[source.kind]) if key not in row]:
            report.skip(line, f"no {' and no '.join(missing)}")
        elif text := clean_text(row["instruction"]):
            yield line, text, row
        else:
            report.skip(line, "the instruction is blank or no text")


def _with_reply(origin: RowOrigin) -> RowOrigin:
    """The origin without a reply that holds nothing, since that cannot be where an instruction came from."""
    return origin if origin.reply else RowOrigin(origin.prompt, None, origin.finish, origin.created_at)
