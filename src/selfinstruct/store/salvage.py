"""Saves the whole rows of a damaged run into a new run, and names what is lost.

Every row of the journal has a checksum, so a row that is found on any page is known to be whole. What others refer to
keeps its place: a lost request stands in the new run as one that failed, and a lost reply as an empty one.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selfinstruct.errors import RunError
from selfinstruct.files.names import REVIEW_FILE, RUN_FILE
from selfinstruct.store.damage import OF_REQUESTS, TABLES, DamagedRunError, checksum, insert, read_seeds_digests
from selfinstruct.store.damaged_pages import PageFile, Value
from selfinstruct.store.database import NoRunError, open_to_write, release
from selfinstruct.store.lock import lock_holder
from selfinstruct.store.rows import answer_of, decision_of, now, seed_of
from selfinstruct.text.encoding import dumps
from selfinstruct.types import ENGINE_STAGES, INSTANCES, JUDGE, PREPARE

NOWHERE = "no page holds it"
LOST = "lost when run.sqlite was damaged"
"""What the new run gives as the cause of a request whose reply is lost."""

_SHAPES = {
    "run": "tt",
    "seeds": "it",
    "requests": "titt",
    "replies": "tittIItttt",
    "settlements": "tiiii",
    "decisions": "tiittttttttt",
    "calls": "iitinNiii",
    "retries": "itiintt",
    "batches": "tttiinttT",
}
"""The columns of each table: text, integer and number, in capitals where there may be none."""

_KINDS: Mapping[str, tuple[type, ...]] = {"t": (str,), "i": (int,), "n": (int, float)}
_SINGULAR = {
    "run": "setting",
    "seeds": "seed task",
    "requests": "request",
    "replies": "reply",
    "settlements": "settlement",
    "decisions": "decision",
    "calls": "call",
    "retries": "retry",
    "batches": "batch",
}
_COLUMNS = {table: len(shape) + 1 for table, shape in _SHAPES.items()}


_MOST_COUNTED = 100_000_000


@dataclass(frozen=True, slots=True)
class Salvage:
    """What was saved and what not.

    saved   the number of rows of each table
    lost    the name of each thing that is known to be lost, and why; more may be lost at the end of a cut file
    """

    saved: Counter[str] = field(default_factory=Counter)
    lost: dict[str, str] = field(default_factory=dict)

    @property
    def lacks_examples(self) -> bool:
        """Whether `prepare` has to make the training examples again."""
        return any(f" of {stage}" in name for name in self.lost for stage in (INSTANCES, PREPARE))


def salvage(source: Path, target: Path) -> Salvage:
    """Make a new run in the folder `target` from every whole row of the run in `source`, which is only read.

    Raises `NoRunError` if there is no run, and `RunError` if a process works on it, it cannot be read, nothing of it
    is whole, or `target` is not empty.
    """
    if not (source / RUN_FILE).is_file():
        raise NoRunError(f"there is no run in {source}", "Give --out with the folder of the damaged run.")
    if (pid := lock_holder(source)) is not None:
        raise RunError(f"{source} is in use by another process (pid {pid})", "Wait until it ends.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RunError(f"{target} is not empty", "Name a new folder.")
    opened = open_to_write(target)
    found, made = Salvage(), opened.made
    try:
        with PageFile(source / RUN_FILE) as pages:
            _save(pages, opened.write, found)
        if not found.saved:
            raise DamagedRunError(f"nothing in {source / RUN_FILE} can be read", "Use a backup.")
        for name in (REVIEW_FILE, f"{REVIEW_FILE}-wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(source / name, target / name)
        made = ()
    except OSError as error:
        raise RunError(
            f"{source / RUN_FILE} cannot be read: {error.strerror}", "Copy what can be read of it."
        ) from None
    finally:
        opened.read.close()
        opened.write.close()
        release(target, opened.lock, made)
    return found


def _save(pages: PageFile, write: sqlite3.Connection, found: Salvage) -> None:
    """Write every whole row, then fill the gaps, in one transaction."""
    write.execute("BEGIN")
    for table, row in _known(pages):
        if (why := _fault(table, row)) is not None:
            found.lost[_name(table, row)] = why
            continue
        padded = [*row, *[None] * (_COLUMNS[table] - len(row))]
        marks = ", ".join("?" * len(padded))
        written = write.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", padded)  # noqa: S608 - ours
        found.saved[table] += written.rowcount
    for key in ("config", "tree"):
        if found.saved and not write.execute("SELECT 1 FROM run WHERE key = ?", (key,)).fetchone():
            found.lost[f"setting {key}"] = NOWHERE
    for stage in ENGINE_STAGES:
        _Gaps(write, stage, found.lost).fill()
    if found.lacks_examples:  # they follow the order of the raw instances, and cost nothing to make again
        for table in ("decisions", "settlements"):
            write.execute(f"DELETE FROM {table} WHERE stage = ?", (PREPARE,))  # noqa: S608 - ours
    _check_seeds(write, found.lost)
    write.execute(*insert("run", ("salvaged", dumps(found.lost)), "INSERT OR REPLACE"))
    write.execute("COMMIT")


def _check_seeds(write: sqlite3.Connection, lost: dict[str, str]) -> None:
    """Name seed tasks that are not those of the run, and record the digest of those that are there."""
    recorded, digest = read_seeds_digests(write)
    if recorded != digest:
        if recorded and not any(name.startswith("seed task ") for name in lost):
            lost["seed tasks"] = "they are not those that the run began with"
        write.execute(*insert("run", ("seeds_digest", dumps(digest)), "INSERT OR REPLACE"))


def _known(pages: PageFile) -> Iterator[tuple[str, tuple[Value, ...]]]:
    """The rows that have the shape of one of our tables."""
    for row in pages.rows():
        for table, shape in _SHAPES.items():
            if len(row) in (len(shape), _COLUMNS[table]) and all(map(_fits, row, shape)):
                numbers = map(_as_read, row, shape)
                yield table, (*numbers, *row[len(shape) :])


def _fits(value: Value, kind: str) -> bool:
    return (value is None and kind.isupper()) or isinstance(value, _KINDS[kind.lower()])


def _as_read(value: Value, kind: str) -> Value:
    """A value as SQLite reads it: it stores a whole number of a column of numbers as an integer."""
    return float(value) if kind in "nN" and isinstance(value, int) else value


def _fault(table: str, row: Sequence[Value]) -> str | None:
    """Why a row is not whole; `None` if it is."""
    if len(row) == _COLUMNS[table] and row[-1] not in (None, checksum(row[TABLES[table]])):
        return "it is not as it was written"
    try:
        match table:
            case "run" | "requests":
                json.loads(str(row[1 if table == "run" else 2]))
            case "seeds":
                seed_of(str(row[1]))
            case "replies":
                answer_of(row[2:10])
            case "decisions":
                decision_of(row[2:12])
            case "settlements":
                return None if _is_settlement(row[:5]) else "it cannot be read"
    except (ValueError, RunError):
        return "it cannot be read"
    return None


def _is_settlement(row: Sequence[Any]) -> bool:
    """Whether a row could be a settlement: a flipped bit gives unlikely numbers."""
    stage, index, judged, complete, accepted = row
    counts = (index, judged, accepted)
    return stage in ENGINE_STAGES and complete in (0, 1) and all(0 <= count < _MOST_COUNTED for count in counts)


def _name(table: str, row: Sequence[object]) -> str:
    """What a row holds, such as `reply 3 of generate`."""
    if table not in OF_REQUESTS:
        return f"{_SINGULAR[table]} {row[0]}"
    position = f".{row[2]}" if table == "decisions" else ""
    return f"{_SINGULAR[table]} {row[1]}{position} of {row[0]}"


class _Gaps:
    """Closes the gaps of one stage, so that every decision has a request, a reply and a settlement."""

    def __init__(self, write: sqlite3.Connection, stage: str, lost: dict[str, str]) -> None:
        self._write = write
        self._stage = stage
        self._lost = lost

    def fill(self) -> None:
        """Write what stands for lost rows, and count the settlements anew."""
        requests, replies = self._indexes("requests"), self._indexes("replies")
        if self._stage == JUDGE:  # a rating counts for the example in its request
            for index, position in self._rows("SELECT idx, position FROM decisions WHERE stage = ?"):
                if index not in requests:
                    self._lose(f"decision {index}.{position}", "its request is lost")
            self._delete("decisions", self._indexes("decisions") - requests)
        sql = "SELECT idx, judged, complete FROM settlements WHERE stage = ?"
        settled = {index: (judged, complete) for index, judged, complete in self._rows(sql)}
        decided: dict[int, list[int]] = {}
        for index, position in self._rows("SELECT idx, position FROM decisions WHERE stage = ?"):
            decided.setdefault(index, []).append(position)
        end = max([-1, *decided, *(settled.keys() & (requests | replies | self._raw_instances()))]) + 1
        for index in [index for index in settled if index >= end]:
            self._lose(f"settlement {index}", "it is about nothing")
            self._write.execute("DELETE FROM settlements WHERE stage = ? AND idx = ?", (self._stage, index))
        for index in range(end):
            if self._stage != PREPARE:
                self._stand_in(index, index in requests, index in replies, has_items=index in decided)
            if index not in settled:
                self._lose(f"settlement {index}")
            self._settle(index, set(decided.get(index, ())), settled.get(index))
        for index in sorted(self._answered() | replies):
            if index >= end and index not in requests:
                self._lose(f"request {index}")
            if index >= end and (index not in replies or index not in requests):
                self._lose(f"reply {index}", NOWHERE if index not in replies else "its request is lost")
        self._delete("replies", {index for index in replies - requests if index >= end})

    def _raw_instances(self) -> set[int]:
        """The requests of `prepare`, which has one for each raw instance and journals none."""
        if self._stage != PREPARE:
            return set()
        sql = "SELECT count(*) FROM decisions WHERE stage = ? AND fate = 'accepted'"
        return set(range(self._write.execute(sql, (INSTANCES,)).fetchone()[0]))

    def _answered(self) -> set[int]:
        """The requests with a call that ended and was not repeated."""
        sql = (
            "SELECT idx FROM calls WHERE stage = ? AND ended IS NOT NULL AND NOT refused GROUP BY idx HAVING count(*) >"
            " (SELECT count(*) FROM retries WHERE retries.stage = calls.stage AND retries.idx = calls.idx)"
        )
        return {index for (index,) in self._rows(sql)}

    def _rows(self, sql: str) -> list[tuple[int, ...]]:
        return self._write.execute(sql, (self._stage,)).fetchall()

    def _indexes(self, table: str) -> set[int]:
        return {index for (index,) in self._rows(f"SELECT DISTINCT idx FROM {table} WHERE stage = ?")}  # noqa: S608

    def _lose(self, name: str, why: str = NOWHERE) -> None:
        self._lost.setdefault(f"{name} of {self._stage}", why)

    def _stand_in(self, index: int, has_request: bool, has_reply: bool, *, has_items: bool) -> None:
        """Write a request without messages, and an empty reply or a failure, where the real ones are lost."""
        if not has_request:
            self._lose(f"request {index}")
            body: dict[str, Any] = {"messages": [], "sampling": {}, "examples": [], "subjects": []}
            self._write.execute(*insert("requests", (self._stage, index, dumps(body), now())))
        if not has_reply:
            self._lose(f"reply {index}")
            details, failure = (dumps({"lost": LOST}), "") if has_items else ("{}", LOST)
            values = ("", "unknown", None, None, "", now(), details, failure)
            self._write.execute(*insert("replies", (self._stage, index, *values)))

    def _settle(self, index: int, positions: set[int], settled: tuple[int, int] | None) -> None:
        judged, complete = settled or (max(positions, default=-1) + 1, 1)
        for position in sorted(set(range(judged)) - positions):
            self._lose(f"decision {index}.{position}")
            complete = 1
        sql = "SELECT count(*) FROM decisions WHERE stage = ? AND idx <= ? AND fate = 'accepted'"
        (accepted,) = self._write.execute(sql, (self._stage, index)).fetchone()
        row = (self._stage, index, len(positions), complete, accepted)
        self._write.execute(*insert("settlements", row, "INSERT OR REPLACE"))

    def _delete(self, table: str, indexes: set[int]) -> None:
        sql = f"DELETE FROM {table} WHERE stage = ? AND idx = ?"  # noqa: S608 - ours
        self._write.executemany(sql, [(self._stage, index) for index in indexes])
