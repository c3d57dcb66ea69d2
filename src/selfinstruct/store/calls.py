"""The calls to models that a run has paid for. Budgets and daily quotas are counted from them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from selfinstruct.store.damage import insert
from selfinstruct.store.totals import CACHED_TOKENS
from selfinstruct.store.writer import CommitFuture, Statement
from selfinstruct.types import STAGES

Write = Callable[[Sequence[Statement]], CommitFuture]


@dataclass(frozen=True, slots=True)
class SpentTotals:
    """What a run has spent, over all its commands. `seconds` is the time in which it made calls.

    `cached_tokens` are those prompt tokens that the provider had in its cache.
    """

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cached_tokens: int = 0


class Calls:
    """Journals calls. No call waits for its row to be written, so a kill can lose the rows of the last milliseconds.

    `clock` gives the time of day in seconds; by default that of a `steady_clock`. If it is behind that of an earlier
    command, the calls of that command count as made now.
    """

    def __init__(self, read: sqlite3.Connection, write: Write, clock: Callable[[], float] | None = None) -> None:
        self._read = read
        self._write = write
        self._clock = clock or steady_clock()
        sql = "SELECT coalesce(max(id), 0), coalesce(max(session), 0) FROM calls"
        last, before = read.execute(sql).fetchone()
        self._last, self._session = int(last), int(before) + 1
        self._under_way: dict[int, tuple[int, int, str, int, float]] = {}

    def sent(self, stage: str, index: int, *, prompt_tokens: int, completion_tokens: int) -> int:
        """Record that a call is about to be made, with the tokens reserved for it; returns its number."""
        self._last += 1
        call = self._under_way[self._last] = (self._last, self._session, stage, index, self._clock())
        self._write([insert("calls", (*call, None, prompt_tokens, completion_tokens, 0))])
        return self._last

    def ended(self, number: int, *, prompt_tokens: int, completion_tokens: int, refused: bool) -> None:
        """Record that a call has ended, with its tokens; `refused` ones are not counted as spent."""
        end = (self._clock(), prompt_tokens, completion_tokens, int(refused))
        self._write([insert("calls", (*self._under_way.pop(number), *end), "INSERT OR REPLACE")])

    def spent(self, stages: Collection[str] = STAGES) -> SpentTotals:
        """What some stages have spent in all; the seconds are those of all stages."""
        sums = "count(*), coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0)"
        sql = f"SELECT {sums} FROM calls WHERE NOT refused AND {_among(stages)}"  # noqa: S608 - only marks for values
        spans = (
            "SELECT coalesce(sum(span), 0) FROM"
            " (SELECT max(0, max(coalesce(ended, at)) - min(at)) AS span FROM calls GROUP BY session)"
        )
        cached = (
            f"SELECT coalesce(sum({CACHED_TOKENS}), 0) FROM replies JOIN"  # noqa: S608 - as above
            f" (SELECT DISTINCT stage, idx FROM calls WHERE NOT refused AND {_among(stages)}) USING (stage, idx)"
        )
        requests, prompt, completion = self._read.execute(sql, tuple(stages)).fetchone()
        (seconds,) = self._read.execute(spans).fetchone()
        (cached_tokens,) = self._read.execute(cached, tuple(stages)).fetchone()
        return SpentTotals(requests, prompt, completion, float(seconds), cached_tokens)

    def recent(
        self, seconds: float, stages: Collection[str] = STAGES, *, cached_count: bool = True
    ) -> Iterator[tuple[float, int]]:
        """The age in seconds and the tokens of each call that some stages made in the last `seconds`, oldest first.

        Unless `cached_count`, without the tokens that the provider had in its cache.
        """
        now = self._clock()
        tokens = "calls.prompt_tokens + calls.completion_tokens"
        if not cached_count:
            tokens += f" - coalesce({CACHED_TOKENS}, 0)"
        sql = (
            f"SELECT at, {tokens} FROM calls LEFT JOIN replies USING (stage, idx)"  # noqa: S608 - as above
            f" WHERE {_among(stages)} AND NOT refused AND at > ? ORDER BY at"
        )
        for at, count in self._read.execute(sql, (*stages, now - seconds)):
            yield max(0.0, now - at), max(0, count)


def steady_clock() -> Callable[[], float]:
    """A clock that is set to the time of day now. Later changes of the system's clock do not count as time spent."""
    began = time.time() - time.monotonic()
    return lambda: began + time.monotonic()


def _among(stages: Collection[str]) -> str:
    return f"stage IN ({', '.join('?' * len(stages))})"
