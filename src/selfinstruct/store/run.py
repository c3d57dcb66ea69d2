"""The run's database: a narrow door between frozen values and rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from selfinstruct.errors import RunError
from selfinstruct.store.bulk import BulkWriter
from selfinstruct.store.calls import Calls
from selfinstruct.store.database import connect, connect_to_read, migrate, refuse_newer, schema
from selfinstruct.store.growth import Growth
from selfinstruct.store.journal import Exchange, exchanges_of, statements
from selfinstruct.store.ledger import Ledger
from selfinstruct.store.lock import Lock
from selfinstruct.store.overview import Overview
from selfinstruct.store.rows import (
    Accepted,
    DecisionRow,
    JournalEntry,
    Totals,
    answer_of,
    columns_of,
    decision_of,
    example_of,
    near_text,
    now,
    rating_of,
    request_of,
    seed_of,
    similarity_of,
    subject_entry,
)
from selfinstruct.store.writer import CommitFuture, Statement, Writer
from selfinstruct.text.encoding import clean, dumps
from selfinstruct.types import (
    GENERATE,
    INSTANCES,
    JUDGE,
    PREPARE,
    Decision,
    Example,
    Failure,
    Finish,
    Instruction,
    Json,
    Rating,
    Reply,
    Request,
    Retry,
    SeedTask,
    Similarity,
    StageSummary,
    Usage,
)

RUN_FILE = "run.sqlite"


class RunStore:
    """A run folder's database. One process writes (`open`); any number may look on (`look`)."""

    def __init__(
        self, folder: Path, connection: sqlite3.Connection, lock: Lock | None = None, writer: Writer | None = None
    ) -> None:
        self.folder = folder
        self._read = connection
        self._lock = lock
        self._writer: Writer | BulkWriter | None = writer

    @classmethod
    def open(cls, folder: Path) -> RunStore:
        """Open for writing, made if it is not there; raises `RunError` if it cannot be, or is in use."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{folder} cannot be made: {error.strerror}", "Choose another --out.") from None
        path = folder / RUN_FILE
        for written in (path, *(Path(f"{path}-{beside}") for beside in ("wal", "shm", "journal"))):
            if written.is_symlink():
                raise RunError(
                    f"{written} is a link, and a run must not lead out of its folder", "Choose another --out."
                )
        opened: list[sqlite3.Connection] = []
        lock = Lock(folder)
        try:
            opened.append(connect(path))
            migrate(opened[0], path)
            opened.append(connect(path))
        except BaseException as error:
            for connection in opened:
                connection.close()
            lock.release()
            if isinstance(error, sqlite3.Error):
                raise RunError(f"{path} cannot be used: {error}", "Choose another --out.") from None
            raise
        return cls(folder, opened[0], lock, Writer(opened[1], str(path)))

    @classmethod
    def open_readonly(cls, folder: Path) -> RunStore:
        """Open for reading only, also while another process writes; raises `RunError` if there is no run."""
        path = folder / RUN_FILE
        if not cls.exists(folder):
            raise RunError(f"there is no run in {folder}", "Start one with: selfinstruct generate --out " + str(folder))
        connection = connect_to_read(path)
        try:
            connection.execute("SELECT count(*) FROM run").fetchone()
            refuse_newer(connection, path, len(schema()))
        except sqlite3.Error as error:
            connection.close()
            raise RunError(f"{path} is not a run of this program: {error}") from None
        except RunError:
            connection.close()
            raise
        return cls(folder, connection)

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether a folder holds a run. A database that a kill left empty, before the run was begun, is none yet."""
        path = folder / RUN_FILE
        if not path.is_file():
            return False
        connection = connect_to_read(path)
        try:
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            facts = tables and connection.execute("SELECT count(*) FROM run").fetchone()[0]
        except sqlite3.Error:
            return True  # something stands there, and opening it will say what is wrong with it
        finally:
            connection.close()
        return bool(facts)

    def close(self) -> None:
        """Write what is waiting and let go of the folder; more than once is no fault."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._read.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside the block is one transaction: everything or nothing, whatever ends it."""
        writer = self._writer
        if writer is None:
            raise RunError(f"{self.folder} was opened for reading only")
        bulk = BulkWriter(self._read, str(self.folder / RUN_FILE))
        self._writer = bulk
        try:
            with bulk.transaction():
                yield
        finally:
            self._writer = writer

    # --- facts of the run ---------------------------------------------------------------------------------------------

    def fact(self, key: str) -> Any:
        """A recorded fact, or `None`."""
        row = self._read.execute("SELECT value FROM run WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def record_facts(self, **facts: Json) -> None:
        """Record facts, durably, over older ones of the same name."""
        self._write([("INSERT OR REPLACE INTO run VALUES (?, ?)", (k, dumps(v))) for k, v in facts.items()]).result()

    def create(self, seeds: Sequence[SeedTask], **facts: Json) -> None:
        """Make a new run, its seeds and its facts, in one transaction; over one that has asked nothing."""
        rows: list[Statement] = [("DELETE FROM run", ()), ("DELETE FROM seeds", ())]
        rows += [
            ("INSERT INTO seeds VALUES (?, ?)", (position, dumps(asdict(seed)))) for position, seed in enumerate(seeds)
        ]
        rows += [("INSERT INTO run VALUES (?, ?)", (key, dumps(value))) for key, value in facts.items()]
        self._write(rows).result()

    def seeds(self) -> list[SeedTask]:
        """The seed tasks of the run, in order."""
        rows = self._read.execute("SELECT task FROM seeds ORDER BY position")
        return [seed_of(json.loads(text)) for (text,) in rows]

    # --- the journal --------------------------------------------------------------------------------------------------

    def record_request(self, request: Request) -> CommitFuture:
        """Journal a request; done when durable. Asking again after a kill finds the same row and changes nothing."""
        body = {
            "messages": [[message.role, message.text] for message in request.messages],
            "sampling": {key: value for key, value in asdict(request.sampling).items() if value not in (None, ())},
            "examples": [example.id for example in request.examples],
            "subjects": [subject_entry(subject) for subject in request.subjects],
        }
        sql = "INSERT OR IGNORE INTO requests VALUES (?, ?, ?, ?)"
        return self._write([(sql, (request.stage, request.index, dumps(body), now()))])

    def record_answer(self, request: Request, answer: Reply | Failure) -> CommitFuture:
        """Journal an answer, or the failure of its request; done when durable."""
        if isinstance(answer, Failure):
            why = clean(answer.message) or "no reason was given"  # an empty one would read as an answer
            values: tuple[Any, ...] = ("", "unknown", None, None, "", now(), "{}", why)
        else:
            usage = answer.usage
            tokens = (usage.prompt_tokens, usage.completion_tokens)
            facts = (clean(answer.model), answer.created_at, dumps(dict(answer.details)), "")
            values = (clean(answer.text), answer.finish, *tokens, *facts)
        sql = "INSERT INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        return self._write([(sql, (request.stage, request.index, *values))])

    def record_retry(self, retry: Retry) -> CommitFuture:
        """Journal an attempt that will be repeated."""
        sql = "INSERT INTO retries (stage, idx, attempt, wait, message, at) VALUES (?, ?, ?, ?, ?, ?)"
        values = (retry.stage, retry.index, retry.attempt, retry.wait, clean(retry.message), now())
        return self._write([(sql, values)])

    def settle(
        self, request: Request, decisions: Sequence[Decision], evaluated: int, complete: bool, accepted: int
    ) -> CommitFuture:
        """Commit the decisions on one reply in one transaction: the only write of decisions there is."""
        key = (request.stage, request.index)
        rows: list[Statement] = [
            ("INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*key, *columns_of(decision)))
            for decision in decisions
        ]
        rows.append(
            ("INSERT OR REPLACE INTO settlements VALUES (?, ?, ?, ?, ?)", (*key, evaluated, complete, accepted))
        )
        return self._write(rows)

    def calls(self) -> Calls:
        """The journal of calls to models."""
        return Calls(self._read, self._write)

    def growth(self) -> Growth:
        """How the pool has grown, request by request."""
        return Growth(self._read)

    def ledger(self) -> Ledger:
        """Questions about what became of candidates."""
        return Ledger(self._read)

    def answered_requests(self, stage: str) -> Iterator[Exchange]:
        """Every request of a stage that has a reply, or failed, in order."""
        return exchanges_of(self._read, stage)

    def import_exchange(self, exchange: Exchange) -> CommitFuture:
        """Journal a request and its answer as another run has them."""
        return self._write(statements(exchange))

    def overview(self) -> Overview:
        """The run summed up."""
        return Overview(self._read)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside the block is the run as it was at one moment, whatever another process writes."""
        self._read.execute("BEGIN")
        try:
            yield
        finally:
            self._read.execute("ROLLBACK")

    def has_started(self, stage: str) -> bool:
        """Whether a stage has asked or decided anything."""
        return any(self._any(table, stage) for table in ("requests", "settlements"))

    def is_unused(self) -> bool:
        """Whether no stage has asked or decided anything."""
        return not any(self._any(table, "%") for table in ("requests", "settlements"))

    def _any(self, table: str, stage: str) -> bool:
        sql = f"SELECT EXISTS (SELECT 1 FROM {table} WHERE stage LIKE ?)"  # noqa: S608 - a table's name of our own
        return bool(self._read.execute(sql, (stage,)).fetchone()[0])

    def accepted_after(self, index: int, position: int, most: int) -> list[Accepted]:
        """The next accepted instructions after a place, oldest first, at most so many."""
        sql = (
            "SELECT idx, position, text, similarity FROM decisions WHERE stage = ? AND fate = 'accepted'"
            " AND (idx, position) > (?, ?) ORDER BY idx, position LIMIT ?"
        )
        rows = self._read.execute(sql, (GENERATE, index, position, most))
        return [Accepted(idx, place, text, similarity_of(near)) for idx, place, text, near in rows]

    def record_similarities(self, found: Sequence[tuple[Accepted, Similarity]]) -> CommitFuture:
        """Record similarities that were put off when the instructions were accepted; all else stays as it was."""
        sql = "UPDATE decisions SET similarity = ? WHERE stage = ? AND idx = ? AND position = ?"
        return self._write([(sql, (near_text(near), GENERATE, row.index, row.position)) for row, near in found])

    def accepted_totals(self, stage: str) -> list[int]:
        """The stage's accepted total after each wholly settled request, in order of requests."""
        sql = "SELECT accepted FROM settlements WHERE stage = ? AND complete ORDER BY idx"
        return [accepted for (accepted,) in self._read.execute(sql, (stage,))]

    def evaluated(self, stage: str) -> int:
        """How many candidates the stage's settlements speak of; `Totals.candidates` counts their fates instead."""
        sql = "SELECT coalesce(sum(judged), 0) FROM settlements WHERE stage = ?"
        return int(self._read.execute(sql, (stage,)).fetchone()[0])

    def next_request_index(self, stage: str) -> int:
        """The index after the last request that the journal holds."""
        sql = "SELECT coalesce(max(idx) + 1, 0) FROM requests WHERE stage = ?"
        return int(self._read.execute(sql, (stage,)).fetchone()[0])

    def journal_entry(self, stage: str, index: int, known: Mapping[str, Instruction] | None) -> JournalEntry | None:
        """What the journal holds about one request; `known` gives the instructions it names by id, if wanted."""
        row = self._read.execute(
            "SELECT body, text, finish, prompt_tokens, completion_tokens, model, created_at, details, failure,"
            " coalesce(judged, 0), coalesce(complete, 0)"
            " FROM requests LEFT JOIN replies USING (stage, idx) LEFT JOIN settlements USING (stage, idx)"
            " WHERE stage = ? AND idx = ?",
            (stage, index),
        ).fetchone()
        if row is None:
            return None
        request = request_of(stage, index, json.loads(row[0]), known)
        return JournalEntry(request, answer_of(row[1:9]), row[9], bool(row[10]))

    # --- reading back -------------------------------------------------------------------------------------------------

    def instructions(self) -> Iterator[Instruction]:
        """Every accepted instruction, oldest first."""
        for identity, text in self._read.execute("SELECT id, text FROM instructions ORDER BY idx, position"):
            yield Instruction(identity, text)

    def asked_about(self, stage: str) -> dict[str, tuple[int, str]]:
        """Each subject with a fate in a stage: how often it got one, and what was accepted of it, if anything."""
        sql = (
            "SELECT subject, count(*), coalesce(max(CASE WHEN fate = 'accepted' THEN text END), '')"
            " FROM decisions WHERE stage = ? AND subject != '' GROUP BY subject"
        )
        return {subject: (times, accepted) for subject, times, accepted in self._read.execute(sql, (stage,))}

    def raw_instances(self) -> Iterator[tuple[str, int, int]]:
        """Where the raw instances of each instruction are: subject, request and position, in order of requests."""
        yield from self._read.execute("SELECT subject, idx, position FROM instances ORDER BY idx, position")

    def raw_text(self, index: int, position: int) -> tuple[str, Finish]:
        """Raw instances and the finish of the reply that held them."""
        sql = "SELECT raw, finish FROM instances JOIN replies USING (idx) WHERE stage = ? AND idx = ? AND position = ?"
        raw, finish = self._read.execute(sql, (INSTANCES, index, position)).fetchone()
        return raw, finish

    def examples(self) -> Iterator[tuple[str, Example]]:
        """Every training example with its id, in order."""
        for row in self.decisions(PREPARE, "accepted"):
            yield f"e{row.index}.{row.decision.position}", example_of(row.decision)

    def examples_including_dropped(self, rule: str, reason: str) -> Iterator[Example]:
        """The training examples, and those that one rule dropped for one reason, all in order."""
        sql = (
            "SELECT position, text, fate, filter, reason, evidence, notes, subject, payload, similarity FROM decisions"
            " WHERE stage = ? AND (fate = 'accepted' OR (fate = 'rejected' AND filter = ? AND reason = ?))"
            " ORDER BY idx, position"
        )
        for columns in self._read.execute(sql, (PREPARE, rule, reason)):
            yield example_of(decision_of(columns))

    def ratings(self) -> dict[str, Rating]:
        """The rating of every example that has one, by the example's digest, oldest first."""
        return {row.decision.subject: rating_of(row.decision) for row in self.decisions(JUDGE, "accepted")}

    def delete_decisions(self, stage: str) -> None:
        """Drop a stage's decisions, for a stage that costs nothing to run again."""
        sql = ("DELETE FROM decisions WHERE stage = ?", "DELETE FROM settlements WHERE stage = ?")
        self._write([(statement, (stage,)) for statement in sql]).result()

    def decisions(self, stage: str, fate: str) -> Iterator[DecisionRow]:
        """Every decision of one fate, in order of requests and positions."""
        sql = (
            "SELECT idx, position, text, fate, filter, reason, evidence, notes, subject, payload, similarity"
            " FROM decisions WHERE stage = ? AND fate = ? ORDER BY idx, position"
        )
        for index, *columns in self._read.execute(sql, (stage, fate)):
            yield DecisionRow(index, decision_of(columns))

    def decisions_with_replies(self, stage: str, fate: str) -> Iterator[tuple[DecisionRow, Request, Reply]]:
        """Every decision of one fate with the request and reply it came from; the requests' examples are left out."""
        held: JournalEntry | None = None
        for row in self.decisions(stage, fate):
            if held is None or held.request.index != row.index:
                held = self.journal_entry(stage, row.index, None)
            assert held is not None
            assert isinstance(held.answer, Reply), "a decision has a reply"
            yield row, held.request, held.answer

    def exchanges(self, stage: str) -> Iterator[tuple[Request, Reply | Failure | None]]:
        """Every journalled request of a stage with its answer, in order; the requests' examples are left out."""
        index = 0
        while (held := self.journal_entry(stage, index, None)) is not None:
            yield held.request, held.answer
            index += 1

    def totals(self, stage: str) -> Totals:
        """The stage in numbers."""
        by_fate: dict[str, int] = {}
        drops: dict[tuple[str, str], int] = {}
        sql = "SELECT fate, filter, reason, count(*) FROM decisions WHERE stage = ? GROUP BY 1, 2, 3"
        for fate, rule, reason, count in self._read.execute(sql, (stage,)):
            by_fate[fate] = by_fate.get(fate, 0) + count
            if fate == "rejected":
                drops[rule, reason] = count
        sql = (
            "SELECT count(*) FILTER (WHERE failure = ''), count(*) FILTER (WHERE failure != ''),"
            " coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0) FROM replies WHERE stage = ?"
        )
        replies, failures, prompt, completion = self._read.execute(sql, (stage,)).fetchone()
        return Totals(
            by_fate.get("accepted", 0),
            by_fate.get("rejected", 0),
            by_fate.get("quarantined", 0),
            self._count("requests", stage),
            replies,
            failures,
            self._count("retries", stage),
            prompt,
            completion,
            drops,
        )

    def marks(self, stage: str) -> dict[str, int]:
        """How many replies brought less than they should: cut, empty, withheld, or with nothing found in them."""
        sql = (
            "SELECT count(*) FILTER (WHERE finish = 'length'), count(*) FILTER (WHERE trim(text) = ''),"
            " count(*) FILTER (WHERE finish = 'filtered'),"
            " count(*) FILTER (WHERE trim(text) != '' AND judged = 0 AND complete)"
            " FROM replies LEFT JOIN settlements USING (stage, idx) WHERE stage = ? AND failure = ''"
        )
        counts = self._read.execute(sql, (stage,)).fetchone()
        names = ("cut", "empty", "withheld", "no_items")
        return {name: count for name, count in zip(names, counts, strict=True) if count}

    def summary(self, stage: str, reason: str, code: int) -> StageSummary:
        """The stage's totals over the whole run, with how it ended."""
        totals = self.totals(stage)
        drops = {f"{rule}: {why}": count for (rule, why), count in totals.drops.items()}
        return StageSummary(
            stage,
            reason,
            code,
            totals.accepted,
            totals.rejected,
            totals.quarantined,
            totals.requests,
            totals.failures,
            drops,
            Usage(totals.prompt_tokens, totals.completion_tokens),
            self.marks(stage),
        )

    def _count(self, table: str, stage: str) -> int:
        sql = f"SELECT count(*) FROM {table} WHERE stage = ?"  # noqa: S608 - a table's name of our own
        return int(self._read.execute(sql, (stage,)).fetchone()[0])

    def _write(self, statements: Sequence[Statement]) -> CommitFuture:
        if self._writer is None:
            raise RunError(f"{self.folder} was opened for reading only")
        return self._writer.write(statements)
