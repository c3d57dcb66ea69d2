"""The run's database: values go in, and come back as they were."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from selfinstruct.errors import RunError
from selfinstruct.files.names import RUN_FILE
from selfinstruct.store import journal
from selfinstruct.store.batches import BatchJournal
from selfinstruct.store.bulk import BulkWriter
from selfinstruct.store.calls import Calls
from selfinstruct.store.damage import insert
from selfinstruct.store.database import OpenedDatabase, open_to_read, open_to_write, release, run_exists
from selfinstruct.store.decisions import (
    Accepted,
    DecisionRow,
    read_accepted_after,
    read_decisions,
    read_examples_including_dropped,
    read_raw_text,
    read_subject_fates,
)
from selfinstruct.store.fact_values import InitialFacts
from selfinstruct.store.facts import RunFacts
from selfinstruct.store.growth import Growth
from selfinstruct.store.ids import candidate_id
from selfinstruct.store.journal import Exchange, JournalEntry
from selfinstruct.store.ledger import Ledger
from selfinstruct.store.overview import Overview
from selfinstruct.store.rows import example_of, near_text, rating_of, seed_of
from selfinstruct.store.totals import Totals, count_evaluated, count_marks, count_totals, summarize
from selfinstruct.store.write_ahead import end_writing, move_log
from selfinstruct.store.writer import CommitFuture, Statement, Writer
from selfinstruct.text.encoding import dumps
from selfinstruct.types import (
    GENERATE,
    JUDGE,
    PREPARE,
    Decision,
    Example,
    Failure,
    Finish,
    Instruction,
    Rating,
    Reply,
    Request,
    Retry,
    SeedTask,
    Similarity,
    StageSummary,
)


class RunStore:
    """A run folder's database. One process writes (`open`); any number may read meanwhile (`open_readonly`).

    `facts` and `batches` hold what their names say; `lost_log` marks a copy without a killed process's last writes.
    What is written is durable when the returned future is done.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, opened: OpenedDatabase | None = None) -> None:
        self.folder = folder
        self._read = connection
        self._lock = opened.lock if opened else None
        self._made = opened.made if opened else ()
        self._writer: Writer | BulkWriter | None = Writer(opened.write, str(folder / RUN_FILE)) if opened else None
        self.lost_log = opened is not None and opened.lost_log
        self.facts = RunFacts(connection, self._write)
        self.batches = BatchJournal(connection, self._write)

    @classmethod
    def open(cls, folder: Path) -> RunStore:
        """Open for writing, made if it is not there; raises `RunError` if it cannot be used, or is in use."""
        opened = open_to_write(folder)
        return cls(folder, opened.read, opened)

    @classmethod
    def open_readonly(cls, folder: Path) -> RunStore:
        """Open for reading only, also while another process writes; raises `RunError` if there is no run."""
        return cls(folder, open_to_read(folder))

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether a folder holds a run. A database that a kill left without facts is none yet."""
        return run_exists(folder)

    def close(self, *, discard: bool = False) -> None:
        """Write what is waiting and free the folder. A second call does nothing.

        With `discard`, a run that was made here and has no reply and no decision is removed, with its folder.
        """
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            end_writing(self._read)
        discard = discard and bool(self._made) and not journal.has_results(self._read)
        self._read.close()
        if self._lock is not None:
            release(self.folder, self._lock, self._made if discard else ())
            self._lock = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside the block is one transaction: everything or nothing, whatever ends it."""
        writer = self._writer
        if writer is None:
            raise RunError(f"{self.folder} was opened for reading only")
        bulk = self._writer = BulkWriter(self._read, str(self.folder / RUN_FILE))
        try:
            with bulk.transaction():
                yield
        finally:
            self._writer = writer

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside the block is the run as it was at one moment, whatever another process writes."""
        self._read.execute("BEGIN")
        try:
            yield
        finally:
            self._read.execute("ROLLBACK")

    def _write(self, statements: Sequence[Statement]) -> CommitFuture:
        if self._writer is None:
            raise RunError(f"{self.folder} was opened for reading only")
        return self._writer.write(statements)

    # --- what a run starts from ---------------------------------------------------------------------------------------

    def create(self, seeds: Sequence[SeedTask], facts: InitialFacts) -> None:
        """Begin a run with its seeds and facts, in one transaction; replaces one that has asked nothing."""
        rows: list[Statement] = [("DELETE FROM run", ()), ("DELETE FROM seeds", ())]
        rows += [insert("seeds", (position, dumps(asdict(seed)))) for position, seed in enumerate(seeds)]
        rows += [insert("run", (key, dumps(value))) for key, value in facts.to_rows().items()]
        self._write(rows).result()
        self.move_log()

    def move_log(self) -> None:
        """Move what the write-ahead log holds into `run.sqlite`, so that it alone is the run."""
        move_log(self._read)

    def seeds(self) -> list[SeedTask]:
        """The seed tasks of the run, in order."""
        rows = self._read.execute("SELECT task FROM seeds ORDER BY position")
        return [seed_of(text) for (text,) in rows]

    # --- what is recorded while a stage works -------------------------------------------------------------------------

    def record_request(self, request: Request) -> CommitFuture:
        """Journal a request; one that is there already stays as it is."""
        return self._write([journal.request_statement(request)])

    def record_answer(self, request: Request, answer: Reply | Failure) -> CommitFuture:
        """Journal the reply to a request, or its failure."""
        return self._write([journal.answer_statement(request, answer)])

    def record_retry(self, retry: Retry) -> CommitFuture:
        """Journal an attempt that will be repeated."""
        return self._write([journal.retry_statement(retry)])

    def settle(
        self, request: Request, decisions: Sequence[Decision], *, evaluated: int, complete: bool, accepted: int
    ) -> CommitFuture:
        """Record the decisions on one reply in one transaction: the only write of decisions there is.

        evaluated   how many candidates of the reply have a fate now, and `complete` whether that is all of them
        accepted    how many the stage has accepted in all
        """
        counts = {"evaluated": evaluated, "accepted": accepted}
        return self._write(journal.settlement_statements(request, decisions, complete=complete, **counts))

    def import_exchange(self, exchange: Exchange) -> CommitFuture:
        """Journal a request and its answer as another run has them."""
        return self._write(journal.exchange_statements(exchange))

    def record_similarities(self, found: Sequence[tuple[Accepted, Similarity]]) -> CommitFuture:
        """Record similarities that were deferred when the instructions were accepted; all else stays as it was."""
        sql = "UPDATE decisions SET similarity = ? WHERE stage = ? AND idx = ? AND position = ?"
        return self._write([(sql, (near_text(near), GENERATE, row.index, row.position)) for row, near in found])

    def delete_decisions(self, stage: str) -> None:
        """Delete a stage's decisions, for a stage that costs nothing to run again."""
        self._write([(statement, (stage,)) for statement in journal.DELETE_DECISIONS]).result()

    def delete_requests(self, stage: str) -> None:
        """Delete the requests of a stage that have no answer yet; failed ones have one."""
        self._write([(journal.DELETE_UNANSWERED, (stage,))]).result()

    def calls(self) -> Calls:
        """The journal of calls to models."""
        return Calls(self._read, self._write)

    def growth(self) -> Growth:
        """How the pool has grown, request by request."""
        return Growth(self._read)

    def ledger(self) -> Ledger:
        """What became of every candidate."""
        return Ledger(self._read)

    def overview(self) -> Overview:
        """Counts over the whole run."""
        return Overview(self._read)

    def totals(self, stage: str) -> Totals:
        """The stage in numbers."""
        return count_totals(self._read, stage)

    def marks(self, stage: str) -> dict[str, int]:
        """How many replies were cut, empty, withheld by the provider, or held no items."""
        return count_marks(self._read, stage)

    def summary(self, stage: str, reason: str, code: int) -> StageSummary:
        """The stage's totals with the reason why it ended and its exit code."""
        return summarize(self._read, stage, reason=reason, code=code)

    def journal_entry(self, stage: str, index: int, known: Mapping[str, Instruction] | None) -> JournalEntry | None:
        """What the journal holds about one request; `known` gives the instructions it names by id, if wanted."""
        return journal.read_entry(self._read, stage, index, known=known)

    def answered_requests(self, stage: str) -> Iterator[Exchange]:
        """Every request of a stage that has a reply, or failed, in order."""
        return journal.read_exchanges(self._read, stage)

    def next_request_index(self, stage: str) -> int:
        """The index after the last request that the journal holds."""
        return journal.next_index(self._read, stage)

    def has_started(self, stage: str | None = None) -> bool:
        """Whether a stage, or any if none is named, has asked or decided anything."""
        return journal.has_started(self._read, stage or "%")

    def has_results(self) -> bool:
        """Whether any request has an answer, or any candidate a fate."""
        return journal.has_results(self._read)

    def accepted_totals(self, stage: str) -> list[int]:
        """The stage's accepted total after each completely settled request, in order of requests."""
        return journal.read_accepted_totals(self._read, stage)

    def evaluated(self, stage: str) -> int:
        """How many candidates were evaluated, by the settlements."""
        return count_evaluated(self._read, stage)

    # --- reading results back -----------------------------------------------------------------------------------------

    def instructions(self) -> Iterator[Instruction]:
        """Every accepted instruction, oldest first."""
        for identity, text in self._read.execute("SELECT id, text FROM instructions ORDER BY idx, position"):
            yield Instruction(identity, text)

    def accepted_after(self, index: int, position: int, most: int) -> list[Accepted]:
        """At most `most` accepted instructions after a request and position, oldest first."""
        return read_accepted_after(self._read, (index, position), most)

    def asked_about(self, stage: str) -> dict[str, tuple[int, str]]:
        """Each subject with a fate in a stage: how often it got one, and the accepted text, or an empty one."""
        return read_subject_fates(self._read, stage)

    def raw_instances(self) -> Iterator[tuple[str, int, int]]:
        """Where the raw instances of each instruction are: subject, request and position, in order of requests."""
        yield from self._read.execute("SELECT subject, idx, position FROM instances ORDER BY idx, position")

    def raw_text(self, index: int, position: int) -> tuple[str, Finish]:
        """Raw instances, and why the model stopped in the reply that held them."""
        return read_raw_text(self._read, index, position)

    def examples(self) -> Iterator[tuple[str, Example]]:
        """Every training example with its id, in order."""
        for row in self.decisions(PREPARE, "accepted"):
            yield candidate_id(PREPARE, row.index, row.decision.position), example_of(row.decision)

    def examples_including_dropped(self, name: str, reason: str) -> Iterator[Example]:
        """The training examples, and those that one filter dropped for one reason, all in order."""
        return read_examples_including_dropped(self._read, name, reason)

    def ratings(self) -> dict[str, Rating]:
        """The rating of every example that has one, by the example's digest, oldest first."""
        return {row.decision.subject: rating_of(row.decision) for row in self.decisions(JUDGE, "accepted")}

    def decisions(self, stage: str, fate: str) -> Iterator[DecisionRow]:
        """Every decision of one fate, in order of requests and positions."""
        return read_decisions(self._read, stage, fate)

    def decisions_with_replies(self, stage: str, fate: str) -> Iterator[tuple[DecisionRow, Request, Reply]]:
        """Every decision of one fate with the request and reply it came from; the requests' examples are left out."""
        held: JournalEntry | None = None
        for row in self.decisions(stage, fate):
            if held is None or held.request.index != row.index:
                held = self.journal_entry(stage, row.index, None)
            assert held is not None
            assert isinstance(held.answer, Reply), "a decision has a reply"
            yield row, held.request, held.answer
