"""What people decided about a run's instructions and examples: an append-only ledger in a file of its own."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from selfinstruct.errors import RunError, UsageError
from selfinstruct.store.ids import candidate_id
from selfinstruct.store.items import IDENTITY, NoSuchItemError, fingerprint, place_of, texts_of
from selfinstruct.store.review_file import REVIEW_FILE, connect, connect_to_read
from selfinstruct.store.rows import now
from selfinstruct.store.run import RunStore
from selfinstruct.text.encoding import clean, dumps
from selfinstruct.types import GENERATE, PREPARE

PARTS = {GENERATE: ("instruction",), PREPARE: ("instruction", "input", "output")}
"""What can be edited of an item of each stage."""

MAY_BE_EMPTY = "input"
LONGEST_REASON = 500

LATEST = """NOT EXISTS (SELECT 1 FROM reviews AS newer WHERE newer.stage = r.stage AND newer.idx = r.idx
    AND newer.position = r.position AND newer.version > r.version)"""
"""Whether a row `r` is the last of its item."""


class StaleReviewError(UsageError):
    """Someone else has reviewed the item since it was read; nothing was written."""


@dataclass(frozen=True, slots=True)
class ReviewState:
    """Where the review of an item stands. `texts` are its edited parts; `version` 0: nobody has reviewed it."""

    version: int = 0
    verdict: str = ""
    reason: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class ReviewCounts:
    """Reviews of one stage in numbers; `stale` are those of examples that are no longer what was reviewed."""

    accepted: int = 0
    rejected: int = 0
    edited: int = 0
    stale: int = 0


@dataclass(frozen=True, slots=True)
class ReviewedItem:
    """An item as the run has it, with its own standing and that of the instruction that it is about."""

    stage: str
    index: int
    position: int
    fingerprint: str
    texts: Mapping[str, str]
    state: ReviewState
    parent: ReviewState

    @property
    def base(self) -> Mapping[str, str]:
        """The texts that it has without edits of its own: an edited instruction lends its text to its examples."""
        lent = self.parent.texts.get("instruction") if self.stage == PREPARE else None
        return {**self.texts, "instruction": lent} if lent is not None else self.texts


class Reviews:
    """The ledger of a run folder. Any number of processes may write it: every entry is one short transaction."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self.connection = connection
        self._lock = threading.RLock()
        connection.create_function("fingerprint", 3, fingerprint, deterministic=True)

    @classmethod
    def open(cls, folder: Path) -> Reviews:
        """Open for writing, made if it is not there; raises `RunError` if there is no run, or it cannot be written."""
        RunStore.open_readonly(folder).close()
        return cls(folder, connect(folder))

    @classmethod
    def open_readonly(cls, folder: Path) -> Reviews | None:
        """Open for reading only; `None` if nobody has reviewed anything yet."""
        connection = connect_to_read(folder)
        return cls(folder, connection) if connection else None

    def close(self) -> None:
        """Let go of the file; waits for whoever is in the middle of it."""
        with self._lock:
            self.connection.close()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """One thread at a time; raises `RunError` if a file cannot be used."""
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                told = f"{self.folder / REVIEW_FILE} cannot be used: {error}"
                raise RunError(told, "What was recorded before is kept: make room, then try again.") from None

    # --- reading ------------------------------------------------------------------------------------------------------

    def states(self) -> dict[str, ReviewState]:
        """Where every item that was reviewed stands, by its name."""
        sql = f"SELECT stage, idx, position, {_COLUMNS} FROM reviews AS r WHERE {LATEST}"  # noqa: S608 - our own words
        with self.exclusive():
            rows = self.connection.execute(sql).fetchall()
        return {candidate_id(*row[:3]): _standing(row[3:]) for row in rows}

    def counts(self) -> dict[str, ReviewCounts]:
        """The stages in numbers, those without reviews left out."""
        sql = (
            "SELECT r.stage, verdict, texts, r.fingerprint, d.subject, d.text, d.payload"  # noqa: S608 - our own words
            f" FROM reviews AS r LEFT JOIN run.decisions AS d USING (stage, idx, position) WHERE {LATEST}"
        )
        counts: dict[str, list[int]] = {}
        with self.exclusive():
            for stage, verdict, texts, mark, *item in self.connection.execute(sql):
                of = counts.setdefault(stage, [0, 0, 0, 0])
                if item[0] is None or fingerprint(*item) != mark:
                    of[3] += verdict != "" or texts != "{}"
                else:
                    of[0] += verdict == "accepted"
                    of[1] += verdict == "rejected"
                    of[2] += texts != "{}"
        return {stage: ReviewCounts(*of) for stage, of in sorted(counts.items()) if any(of)}

    def item(self, name: str) -> ReviewedItem:
        """An item with its standing; raises `NoSuchItemError`."""
        stage, index, position = place_of(name)
        sql = "SELECT text, subject, payload FROM run.decisions WHERE stage = ? AND idx = ? AND position = ?"
        with self.exclusive():
            row = self.connection.execute(sql, (stage, index, position)).fetchone()
            if row is None:
                raise NoSuchItemError(f"the run has no item {name}")
            text, subject, payload = row
            mark = fingerprint(subject, text, payload)
            standing = self._standing((stage, index, position), mark)
            parent = self.parent(stage, subject)
        return ReviewedItem(stage, index, position, mark, texts_of(stage, text, payload), standing, parent)

    def parent(self, stage: str, subject: str) -> ReviewState:
        """The standing of the instruction that an example is about; a seed has none."""
        if stage != PREPARE or not IDENTITY.fullmatch(subject):
            return ReviewState()
        return self._standing(place_of(subject), "")

    def history(self, name: str) -> Iterator[tuple[str, str, str, dict[str, list[str]]]]:
        """All that was done to an item, oldest first: when, what, the reason, and of each edited part old and new."""
        sql = (
            "SELECT at, what, CASE what WHEN 'reject' THEN reason ELSE '' END, changed FROM reviews"
            " WHERE stage = ? AND idx = ? AND position = ? ORDER BY version"
        )
        with self.exclusive():
            rows = self.connection.execute(sql, place_of(name)).fetchall()
        for at, what, reason, changed in rows:
            yield at, what, reason, json.loads(changed)

    # --- writing ------------------------------------------------------------------------------------------------------

    def accept(self, name: str, version: int) -> None:
        """Keep an item, whatever a filter said; raises `StaleReviewError`, `NoSuchItemError`, as all of these do."""
        self._add(name, version, "accept", lambda held: replace(held.state, verdict="accepted", reason=""))

    def reject(self, name: str, version: int, reason: str) -> None:
        """Leave an item out, and with an instruction its examples; raises `UsageError` for no reason or a long one."""
        words = " ".join(clean(reason).split())
        if not words:
            raise UsageError("a rejection needs a reason")
        if len(words) > LONGEST_REASON:
            raise UsageError(f"a reason has at most {LONGEST_REASON} characters")
        self._add(name, version, "reject", lambda held: replace(held.state, verdict="rejected", reason=words))

    def edit(self, name: str, version: int, texts: Mapping[str, str]) -> None:
        """Write other texts for parts of an item; a part that has its own text again counts as not edited.

        Raises `UsageError` for a part that it has not, or one that must not be empty.
        """
        given = {part: clean(text) for part, text in texts.items()}
        stage = place_of(name)[0]
        for part, text in given.items():
            if part not in PARTS[stage]:
                raise UsageError(f"{name} has no part '{part[:40]}'")
            if not text.strip() and part != MAY_BE_EMPTY:
                raise UsageError(f"the {part} must not be empty")

        def edited(held: ReviewedItem) -> ReviewState:
            merge_ratings = {**held.state.texts, **given}
            return replace(held.state, texts={p: text for p, text in merge_ratings.items() if text != held.base[p]})

        self._add(name, version, "edit", edited)

    def undo(self, name: str, version: int) -> None:
        """Take back what was done last to an item and is not taken back yet; raises `UsageError` if nothing is."""
        self._add(name, version, "undo", lambda held: held.state)

    def _add(self, name: str, version: int, what: str, after: Callable[[ReviewedItem], ReviewState]) -> None:
        with self.exclusive(), self._transaction():
            held = self.item(name)
            place = (held.stage, held.index, held.position)
            if held.state.version != version:
                raise StaleReviewError(f"{name} was reviewed elsewhere meanwhile, so nothing was done")
            standing, back_to = after(held), 0
            if what == "undo":
                back_to = self._before(place, version)
                standing = self._standing(place, held.fingerprint, back_to)
            elif standing == held.state:
                return  # nothing changed, so there is nothing to record
            changed = _changed_parts(held, standing) if what == "edit" else {}
            said = (standing.verdict, standing.reason, dumps(dict(standing.texts)))
            row = (*place, version + 1, now(), "human", what, dumps(changed), back_to, held.fingerprint, *said)
            marks = ", ".join("?" * len(row))
            self.connection.execute(f"INSERT INTO reviews VALUES (NULL, {marks})", row)  # noqa: S608 - question marks

    def _before(self, place: tuple[str, int, int], version: int) -> int:
        """The version whose standing held before what was done last and not taken back."""
        done = self._resolved(place, version)
        if not done:
            raise UsageError("there is nothing to undo")
        return self._resolved(place, done - 1)

    def _resolved(self, place: tuple[str, int, int], version: int) -> int:
        """An undo stands for the version that it went back to, which is never an undo itself."""
        sql = "SELECT what, back_to FROM reviews WHERE stage = ? AND idx = ? AND position = ? AND version = ?"
        row = self.connection.execute(sql, (*place, version)).fetchone()
        return int(row[1]) if row and row[0] == "undo" else version

    def _standing(self, place: tuple[str, int, int], mark: str, version: int | None = None) -> ReviewState:
        """An item's standing, the last or that of a version; of one that has another fingerprint only the version."""
        sql = (
            f"SELECT {_COLUMNS} FROM reviews WHERE stage = ? AND idx = ? AND position = ?"  # noqa: S608 - our own words
            " AND version <= coalesce(?, version) ORDER BY version DESC LIMIT 1"
        )
        row = self.connection.execute(sql, (*place, version)).fetchone()
        if row is None:
            return ReviewState()
        found = _standing(row)
        return found if found.fingerprint == mark or not mark else ReviewState(found.version)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self.connection.rollback()
            raise


_COLUMNS = "version, verdict, reason, texts, fingerprint"


def _standing(row: tuple[int, str, str, str, str]) -> ReviewState:
    version, verdict, reason, texts, mark = row
    return ReviewState(version, verdict, reason, json.loads(texts), mark)


def _changed_parts(held: ReviewedItem, state: ReviewState) -> dict[str, list[str]]:
    before, after = {**held.base, **held.state.texts}, {**held.base, **state.texts}
    return {part: [before[part], after[part]] for part in after if before[part] != after[part]}
