"""The reviews of a run's instructions and examples: an append-only ledger in its own file."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from selfinstruct.errors import UsageError
from selfinstruct.files.names import REVIEW_FILE
from selfinstruct.store.ids import candidate_id
from selfinstruct.store.review_file import connect, connect_to_read
from selfinstruct.store.review_items import IDENTITY, NoSuchItemError, item_digest, place_of, texts_of
from selfinstruct.store.rows import now
from selfinstruct.store.run_store import RunStore
from selfinstruct.store.write_errors import write_error
from selfinstruct.text.encoding import clean, dumps
from selfinstruct.types import GENERATE, PREPARE

PARTS = {GENERATE: ("instruction",), PREPARE: ("instruction", "input", "output")}
"""The parts of an item that reviewers can edit, by stage."""

MAY_BE_EMPTY = "input"
MAX_REASON_LENGTH = 500

LATEST = """NOT EXISTS (SELECT 1 FROM reviews AS newer WHERE newer.stage = r.stage AND newer.idx = r.idx
    AND newer.position = r.position AND newer.version > r.version)"""
"""The SQL condition that a row `r` is the latest of its item."""


class StaleReviewError(UsageError):
    """Another reviewer changed the item after it was read; nothing was written."""


@dataclass(frozen=True, slots=True)
class ReviewState:
    """The review of an item. `texts` are its edited parts; a `version` of 0 means that nobody has reviewed it."""

    version: int = 0
    verdict: str = ""
    reason: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ReviewCounts:
    """Reviews of one stage in numbers; `stale` counts those of examples that have changed since."""

    accepted: int = 0
    rejected: int = 0
    edited: int = 0
    stale: int = 0


@dataclass(frozen=True, slots=True)
class ReviewedItem:
    """An item of the run, with its own review and that of the instruction it is about."""

    stage: str
    index: int
    position: int
    digest: str
    texts: Mapping[str, str]
    state: ReviewState
    parent: ReviewState

    @property
    def base(self) -> Mapping[str, str]:
        """Its texts without its own edits. An example shows the edited text of its instruction."""
        inherited = self.parent.texts.get("instruction") if self.stage == PREPARE else None
        return {**self.texts, "instruction": inherited} if inherited is not None else self.texts


class Reviews:
    """The reviews of a run folder. Any number of processes may write: every entry is one short transaction."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self.connection = connection
        self._lock = threading.RLock()
        connection.create_function("item_digest", 3, item_digest, deterministic=True)

    @classmethod
    def open(cls, folder: Path) -> Reviews:
        """Open for writing, made if it does not exist; raises `RunError` without a run, or if it cannot be written."""
        RunStore.open_readonly(folder).close()
        return cls(folder, connect(folder))

    @classmethod
    def open_readonly(cls, folder: Path) -> Reviews | None:
        """Open read-only; `None` if nobody has reviewed anything yet."""
        connection = connect_to_read(folder)
        return cls(folder, connection) if connection else None

    def close(self) -> None:
        """Close the file, once no thread is using it."""
        with self._lock:
            self.connection.close()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Let in one thread at a time; raises `RunError` if a file cannot be used."""
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                hint = "Earlier reviews are kept. Make the file writable, then try again."
                raise write_error(f"{self.folder / REVIEW_FILE} cannot be used", error, hint=hint) from None

    # --- reading ------------------------------------------------------------------------------------------------------

    def states(self) -> dict[str, ReviewState]:
        """The review of every reviewed item, by its name."""
        sql = f"SELECT stage, idx, position, {_COLUMNS} FROM reviews AS r WHERE {LATEST}"  # noqa: S608 - our own words
        with self.exclusive():
            rows = self.connection.execute(sql).fetchall()
        return {candidate_id(*row[:3]): _state_from(row[3:]) for row in rows}

    def counts(self) -> dict[str, ReviewCounts]:
        """The number of reviews of each stage that has any."""
        sql = (
            "SELECT r.stage, verdict, texts, r.fingerprint, d.subject, d.text, d.payload"  # noqa: S608 - our own words
            f" FROM reviews AS r LEFT JOIN run.decisions AS d USING (stage, idx, position) WHERE {LATEST}"
        )
        counts: dict[str, list[int]] = {}
        with self.exclusive():
            for stage, verdict, texts, recorded, *item in self.connection.execute(sql):
                count = counts.setdefault(stage, [0, 0, 0, 0])
                if item[0] is None or item_digest(*item) != recorded:
                    count[3] += verdict != "" or texts != "{}"
                else:
                    count[0] += verdict == "accepted"
                    count[1] += verdict == "rejected"
                    count[2] += texts != "{}"
        return {stage: ReviewCounts(*count) for stage, count in sorted(counts.items()) if any(count)}

    def item(self, name: str) -> ReviewedItem:
        """An item with its review; raises `NoSuchItemError`."""
        stage, index, position = place_of(name)
        sql = "SELECT text, subject, payload FROM run.decisions WHERE stage = ? AND idx = ? AND position = ?"
        with self.exclusive():
            row = self.connection.execute(sql, (stage, index, position)).fetchone()
            if row is None:
                raise NoSuchItemError(f"the run has no item {name}")
            text, subject, payload = row
            digest = item_digest(subject, text, payload)
            state = self._state((stage, index, position), digest)
            parent = self.parent(stage, subject)
        return ReviewedItem(stage, index, position, digest, texts_of(stage, text, payload), state, parent)

    def parent(self, stage: str, subject: str) -> ReviewState:
        """The review of the instruction that an example is about; a seed has none."""
        if stage != PREPARE or not IDENTITY.fullmatch(subject):
            return ReviewState()
        return self._state(place_of(subject), "")

    def history(self, name: str) -> Iterator[tuple[str, str, str, dict[str, list[str]]]]:
        """Every review action on an item, oldest first: time, action, reason, old and new text of each edited part."""
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
        """Keep an item, even one that a filter dropped; raises `StaleReviewError` or `NoSuchItemError`, as all do."""
        self._add(name, version, "accept", after=lambda held: replace(held.state, verdict="accepted", reason=""))

    def reject(self, name: str, version: int, reason: str) -> None:
        """Exclude an item, and an instruction's examples; raises `UsageError` if the reason is empty or too long."""
        words = " ".join(clean(reason).split())
        if not words:
            raise UsageError("a rejection needs a reason")
        if len(words) > MAX_REASON_LENGTH:
            raise UsageError(f"a reason has at most {MAX_REASON_LENGTH} characters")
        self._add(name, version, "reject", after=lambda held: replace(held.state, verdict="rejected", reason=words))

    def edit(self, name: str, version: int, texts: Mapping[str, str]) -> None:
        """Replace the texts of parts of an item; a part with its original text counts as not edited.

        Raises `UsageError` for a part that the item does not have, or an empty text where none is allowed.
        """
        given = {part: clean(text) for part, text in texts.items()}
        stage = place_of(name)[0]
        for part, text in given.items():
            if part not in PARTS[stage]:
                raise UsageError(f"{name} has no part '{part[:40]}'")
            if not text.strip() and part != MAY_BE_EMPTY:
                raise UsageError(f"the {part} must not be empty")

        def edited(held: ReviewedItem) -> ReviewState:
            merged = {**held.state.texts, **given}
            return replace(held.state, texts={p: text for p, text in merged.items() if text != held.base[p]})

        self._add(name, version, "edit", after=edited)

    def undo(self, name: str, version: int) -> None:
        """Undo the last action on an item that was not undone yet; raises `UsageError` if there is none."""
        self._add(name, version, "undo", after=lambda held: held.state)

    def _add(self, name: str, version: int, what: str, *, after: Callable[[ReviewedItem], ReviewState]) -> None:
        with self.exclusive(), self._transaction():
            held = self.item(name)
            place = (held.stage, held.index, held.position)
            if held.state.version != version:
                raise StaleReviewError(f"{name} was reviewed elsewhere meanwhile, so nothing was recorded")
            state, back_to = after(held), 0
            if what == "undo":
                back_to = self._before(place, version)
                state = self._state(place, held.digest, back_to)
            elif state == held.state:
                return  # nothing changed, so there is nothing to record
            changed = _changed_parts(held, state) if what == "edit" else {}
            after_columns = (state.verdict, state.reason, dumps(dict(state.texts)))
            row = (*place, version + 1, now(), "human", what, dumps(changed), back_to, held.digest, *after_columns)
            marks = ", ".join("?" * len(row))
            self.connection.execute(f"INSERT INTO reviews VALUES (NULL, {marks})", row)  # noqa: S608 - question marks

    def _before(self, place: tuple[str, int, int], version: int) -> int:
        """The version before the last action that was not undone."""
        done = self._resolved(place, version)
        if not done:
            raise UsageError("there is nothing to undo")
        return self._resolved(place, done - 1)

    def _resolved(self, place: tuple[str, int, int], version: int) -> int:
        """The version itself, or for an undo the version that it went back to, which is never an undo."""
        sql = "SELECT what, back_to FROM reviews WHERE stage = ? AND idx = ? AND position = ? AND version = ?"
        row = self.connection.execute(sql, (*place, version)).fetchone()
        return int(row[1]) if row and row[0] == "undo" else version

    def _state(self, place: tuple[str, int, int], digest: str, version: int | None = None) -> ReviewState:
        """The review of an item at its last or a given version; without its content if the item has changed since."""
        sql = (
            f"SELECT {_COLUMNS} FROM reviews WHERE stage = ? AND idx = ? AND position = ?"  # noqa: S608 - our own words
            " AND version <= coalesce(?, version) ORDER BY version DESC LIMIT 1"
        )
        row = self.connection.execute(sql, (*place, version)).fetchone()
        if row is None:
            return ReviewState()
        found = _state_from(row)
        return found if found.digest == digest or not digest else ReviewState(found.version)

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


def _state_from(row: tuple[int, str, str, str, str]) -> ReviewState:
    version, verdict, reason, texts, mark = row
    return ReviewState(version, verdict, reason, json.loads(texts), mark)


def _changed_parts(held: ReviewedItem, state: ReviewState) -> dict[str, list[str]]:
    before, after = {**held.base, **held.state.texts}, {**held.base, **state.texts}
    return {part: [before[part], after[part]] for part in after if before[part] != after[part]}
