"""Turns the rows of old files into requests, replies and decisions, those of each stage in order."""

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

DUPLICATE = "the instruction exists already"
A_SEED = "the instruction is that of a seed task"
UNKNOWN = "no file has the instruction"
NOT_TAKEN = {"empty": "no instances: still missing", "duplicate": "duplicate instances"}
NEEDED: Mapping[str, Sequence[str]] = {
    INSTRUCTIONS: (),
    LABELS: ("is_classification",),
    RAW_INSTANCES: ("raw_instances",),
    EXAMPLES: ("input", "output"),
}


class Importer:
    """Imports files in the order of their kinds. Its requests must be recorded in the order it yields them."""

    def __init__(self, seeds: Sequence[SeedTask]) -> None:
        self.reports: list[FileReport] = []
        self._pool = ImportedPool(seeds)
        self._labels = LabelCollector()
        self._cases = ExampleCollector()
        self._raw: dict[str, set[int]] = {}
        self._instances = 0

    def import_sources(self, sources: Sequence[ImportFile]) -> Iterator[Settled]:
        """The requests of all files; `reports` is complete after the last one. Raises `DataError` for a broken file."""
        readers = {INSTRUCTIONS: self._instructions, RAW_INSTANCES: self._raw_instances, EXAMPLES: self._examples}
        for source in sources:
            report = FileReport(source.name, source.kind)
            self.reports.append(report)
            if source.kind in readers:
                yield from readers[source.kind](source, report)
            elif source.kind == LABELS:
                self._read_labels(source, report)
        for identity, text, name in self._cases.raw_texts():
            yield self._settle_raw(identity, RowOrigin(finish="stop"), text=text, name=name)
        yield from self._labels.settled()

    # --- instructions -------------------------------------------------------------------------------------------------

    def _instructions(self, source: ImportFile, report: FileReport) -> Iterator[Settled]:
        """Consecutive rows of the same reply are one request; a row without a reply is a request of its own."""

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

    def _add_unknown(self, line: int, text: str, row: JsonRow, *, report: FileReport) -> Iterator[Settled]:
        """Add an instruction that is in no file of instructions."""
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
                report.skip(line, "raw_instances is not a text")
            else:
                yield from self._add_unknown(line, text, row, report=report)
                identity, instances = str(self._pool.id_of(text)), clean(raw or "")
                reason = self._refusal(identity, instances)
                if reason:
                    report.skip(line, NOT_TAKEN[reason])
                else:
                    report.taken += 1
                origin = row_origin(row.get("instance_metadata"))
                yield self._settle_raw(identity, origin, text=instances, name=source.name, reason=reason)

    def _refusal(self, identity: str, raw: str) -> str:
        """Why raw instances are rejected, or an empty string. Accepted ones are remembered, to reject duplicates."""
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
                report.skip(line, "prepare makes it from the raw instances, which are imported")
            elif reason := self._cases.refuse(row["input"], row["output"]):
                report.skip(line, reason)
            else:
                yield from self._add_unknown(line, text, row, report=report)
                identity = str(self._pool.id_of(text))
                if not self._cases.add(identity, row["input"], row["output"], name=source.name):
                    report.skip(line, "duplicate example")
                    continue
                report.taken += 1
                self._labels.hint(identity, row.get("is_classification"), source.name)

    def _settle_raw(self, identity: str, origin: RowOrigin, *, text: str, name: str, reason: str = "") -> Settled:
        index = self._instances
        self._instances += 1
        request = make_request(INSTANCES, index, origin, subjects=(Instruction(identity, ""),))
        fate: tuple[Fate, str, str] = ("rejected", FILTER, reason) if reason else ("accepted", "", "")
        notes = {"cut": True} if origin.finish == "length" else {}
        decision = Decision(0, text, *fate, notes=notes, subject=identity)
        return request, make_reply(origin, text if origin.reply is None else origin.reply, name), [decision]

    # --- labels -------------------------------------------------------------------------------------------------------

    def _read_labels(self, source: ImportFile, report: FileReport) -> None:
        for line, text, row in _entries(source, report):
            identity = self._pool.id_of(text)
            if identity is not None:
                self._labels.add(identity, row["is_classification"], line=line, report=report)
            else:
                report.skip(line, A_SEED if self._pool.is_seed(text) else UNKNOWN)


def _entries(source: ImportFile, report: FileReport) -> Iterator[tuple[int, str, JsonRow]]:
    """Line, instruction and row of the rows that can be imported; the others are counted in the report."""
    for line, row in rows(source.path):
        report.rows += 1
        if isinstance(row, str):
            report.skip(line, row)
        elif missing := [key for key in ("instruction", *NEEDED[source.kind]) if key not in row]:
            report.skip(line, f"no {' and no '.join(missing)}")
        elif text := clean_text(row["instruction"]):
            yield line, text, row
        else:
            report.skip(line, "the instruction is blank or not a text")


def _with_reply(origin: RowOrigin) -> RowOrigin:
    """The origin without an empty reply, since no instruction can come from one."""
    return origin if origin.reply else RowOrigin(origin.prompt, None, origin.finish, origin.created_at)
