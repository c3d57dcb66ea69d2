"""A stage in numbers, over the whole run: fates, requests, tokens, and replies with something wrong in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from selfinstruct.store.rows import TOKEN_KINDS
from selfinstruct.types import ANSWERED, TWICE, StageSummary, Usage

CACHED_TOKENS, REASONING_TOKENS = (
    f"CASE WHEN json_valid(details) THEN json_extract(details, '$.{name}') END" for name in TOKEN_KINDS
)
"""SQL for the kinds of tokens of a reply, which are among its prompt and its completion tokens."""


@dataclass(frozen=True, slots=True)
class Totals:
    """A stage in numbers. `drops` counts rejected candidates by filter and reason; tokens are those of replies."""

    accepted: int
    rejected: int
    quarantined: int
    requests: int
    replies: int
    failures: int
    retries: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    drops: Mapping[tuple[str, str], int]

    @property
    def candidates(self) -> int:
        """All candidates that have a fate, and the missing answers."""
        return self.accepted + self.rejected + self.quarantined

    @property
    def missing(self) -> Mapping[tuple[str, str], int]:
        """Those of `drops` that count missing answers, each asked for again; they are no candidates."""
        return {drop: count for drop, count in self.drops.items() if is_missing(*drop)}


def is_missing(name: str, reason: str) -> bool:
    """Whether a drop of this filter for this reason is an answer that did not come, or that is unusable."""
    return not name or (name == ANSWERED and reason != TWICE)


def count_totals(read: sqlite3.Connection, stage: str) -> Totals:
    """Count what a stage asked, got and decided."""
    by_fate: dict[str, int] = {}
    drops: dict[tuple[str, str], int] = {}
    sql = "SELECT fate, filter, reason, count(*) FROM decisions WHERE stage = ? GROUP BY 1, 2, 3"
    for fate, name, reason, count in read.execute(sql, (stage,)):
        by_fate[fate] = by_fate.get(fate, 0) + count
        if fate == "rejected":
            drops[name, reason] = count
    sql = (
        "SELECT count(*) FILTER (WHERE failure = ''), count(*) FILTER (WHERE failure != ''),"  # noqa: S608 - ours
        " coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0),"
        f" coalesce(sum({CACHED_TOKENS}), 0), coalesce(sum({REASONING_TOKENS}), 0) FROM replies WHERE stage = ?"
    )
    replies, failures, *tokens = read.execute(sql, (stage,)).fetchone()
    prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens = tokens
    return Totals(
        accepted=by_fate.get("accepted", 0),
        rejected=by_fate.get("rejected", 0),
        quarantined=by_fate.get("quarantined", 0),
        requests=_count_rows(read, "requests", stage),
        replies=replies,
        failures=failures,
        retries=_count_rows(read, "retries", stage),
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cached_tokens=cached_tokens,
        reasoning_tokens=reasoning_tokens,
        drops=drops,
    )


def count_evaluated(read: sqlite3.Connection, stage: str) -> int:
    """How many candidates were evaluated, by the settlements."""
    sql = "SELECT coalesce(sum(judged), 0) FROM settlements WHERE stage = ?"
    return int(read.execute(sql, (stage,)).fetchone()[0])


def count_marks(read: sqlite3.Connection, stage: str) -> dict[str, int]:
    """How many replies were cut, empty, withheld by the provider, or held no items; what never happened is left out."""
    sql = (
        "SELECT count(*) FILTER (WHERE finish = 'length'), count(*) FILTER (WHERE trim(text) = ''),"
        " count(*) FILTER (WHERE finish = 'filtered'),"
        " count(*) FILTER (WHERE trim(text) != '' AND judged = 0 AND complete)"
        " FROM replies LEFT JOIN settlements USING (stage, idx) WHERE stage = ? AND failure = ''"
    )
    counts = read.execute(sql, (stage,)).fetchone()
    names = ("cut", "empty", "withheld", "no_items")
    return {name: count for name, count in zip(names, counts, strict=True) if count}


def summarize(read: sqlite3.Connection, stage: str, *, reason: str, code: int) -> StageSummary:
    """A stage's totals with the reason why it ended and its exit code."""
    totals = count_totals(read, stage)
    drops = {f"{name}: {why}": count for (name, why), count in totals.drops.items()}
    return StageSummary(
        stage,
        reason,
        code,
        totals.accepted,
        totals.rejected,
        totals.quarantined,
        totals.replies + totals.failures,
        totals.failures,
        drops,
        Usage(totals.prompt_tokens, totals.completion_tokens, totals.cached_tokens, totals.reasoning_tokens),
        count_marks(read, stage),
        totals.retries,
        {f"{name}: {why}": count for (name, why), count in totals.missing.items()},
    )


def _count_rows(read: sqlite3.Connection, table: str, stage: str) -> int:
    sql = f"SELECT count(*) FROM {table} WHERE stage = ?"  # noqa: S608 - a table's name of our own
    return int(read.execute(sql, (stage,)).fetchone()[0])
