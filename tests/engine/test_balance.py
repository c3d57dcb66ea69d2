"""Candidates = accepted + rejected + quarantined: whatever breaks that is stopped before it is recorded."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.engine.filter_chain import ChainResult, FilterChain, NamedFilter
from selfinstruct.engine.runner import Bounds, Runner
from selfinstruct.errors import SelfInstructError
from selfinstruct.insight.funnel import funnels
from selfinstruct.store import RUN_FILE, RunStore
from selfinstruct.store.damage import DamagedRunError
from selfinstruct.types import Decision, Failure, Request
from tests.engine.fakes import DropRepeats, RecordingObserver, ScriptedAnswerer, WordStage

Spoil = Callable[[ChainResult], ChainResult]


class FaultyJudge(FilterChain):
    """Judges well, and then tells it wrongly."""

    def __init__(self, spoil: Spoil) -> None:
        super().__init__([NamedFilter("novel", DropRepeats())])
        self._spoil = spoil

    def evaluate(self, *given: Any, **bounds: Any) -> ChainResult:
        return self._spoil(super().evaluate(*given, **bounds))


class FaultyStage(WordStage):
    """A failed request leaves two fates for the same subject."""

    def items_on_failure(self, request: Request) -> Sequence[Decision]:
        return [Decision(0, "", "rejected", reason="request-failed")] * 2


def run(
    folder: Path, judge: FilterChain, stage: WordStage | None = None, says: Any = lambda i: f"a{i} b{i} c{i}"
) -> None:
    with closing(RunStore.open(folder)) as store:
        runner = Runner(
            stage or WordStage(None, 3),
            judge,
            ScriptedAnswerer(says),
            store=store,
            events=RecordingObserver().events(),
            bounds=Bounds(2),
        )
        asyncio.run(runner.run())


def first(evaluated: ChainResult, **changes: Any) -> ChainResult:
    return replace(evaluated, decisions=(replace(evaluated.decisions[0], **changes), *evaluated.decisions[1:]))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda j: replace(j, decisions=j.decisions[:-1]), "candidates 0 to 2 were evaluated, and there are fates for"),
        (lambda j: replace(j, decisions=(*j.decisions, j.decisions[-1])), "fates for [0, 1, 2, 2]"),
        (lambda j: replace(j, decisions=j.decisions[::-1]), "fates for [2, 1, 0]"),
        (lambda j: replace(j, evaluated=2), "candidates 0 to 1 were evaluated"),
        (lambda j: replace(j, evaluated=0), "nothing was evaluated"),
        (lambda j: first(j, fate="lost"), "was lost without a reason"),
        (lambda j: first(j, fate="lost", reason="it was"), "3 candidates, but 2 accepted, 0 rejected, 0 quarantined"),
        (lambda j: first(j, fate="rejected"), "candidate 0 was rejected without a reason"),
        (lambda j: first(j, filter="novel", reason="seen"), "candidate 0 was accepted, and dropped by novel"),
    ],
)
def test_a_judge_that_loses_or_doubles_a_candidate_is_a_bug_and_nothing_of_it_is_recorded(
    tmp_path: Path, spoil: Spoil, words: str
) -> None:
    with pytest.raises(SelfInstructError, match="the counts of generate do not add up at request 0") as failed:
        run(tmp_path / "run", FaultyJudge(spoil))
    assert failed.value.exit_code == 1
    assert words in failed.value.message
    with closing(RunStore.open(tmp_path / "run")) as store:
        assert store.totals("generate").candidates == 0
        assert store.evaluated("generate") == 0
        assert store.totals("generate").replies > 0, "what was paid for is in the journal"


def test_a_stage_that_tells_a_failed_request_s_fates_wrongly_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(SelfInstructError, match=r"fates for \[0, 0\]"):
        run(tmp_path / "run", FilterChain([]), FaultyStage(None, 2), lambda _: Failure("no luck"))


def test_a_well_kept_run_goes_through(tmp_path: Path) -> None:
    run(tmp_path / "run", FaultyJudge(lambda evaluated: evaluated))
    with closing(RunStore.open(tmp_path / "run")) as store:
        assert store.evaluated("generate") == store.totals("generate").candidates == 9
        assert not store.ledger().imbalances()


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("DELETE FROM decisions WHERE idx = 1 AND position = 2", "request 1 of generate has 3 candidates and 2 fates"),
        ("DELETE FROM settlements WHERE idx = 1", "request 1 of generate has 0 candidates and 3 fates"),
        ("UPDATE settlements SET judged = 4 WHERE idx = 0", "request 0 of generate has 4 candidates and 3 fates"),
    ],
)
def test_a_database_that_lost_a_fate_is_reported_by_status_and_not_continued(
    tmp_path: Path, sql: str, words: str
) -> None:
    run(tmp_path / "run", FaultyJudge(lambda evaluated: evaluated))
    with closing(sqlite3.connect(tmp_path / "run" / RUN_FILE)) as broken:
        broken.execute(sql)
        broken.commit()
    with closing(RunStore.open(tmp_path / "run")) as store, pytest.raises(DamagedRunError, match=words) as failed:
        funnels(store)
    assert failed.value.exit_code == 2
    with pytest.raises(DamagedRunError, match="its counts of generate do not add up: "):
        run(tmp_path / "run", FaultyJudge(lambda evaluated: evaluated))
