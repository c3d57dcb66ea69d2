"""The journal: what was asked, answered and decided is read back as it was written."""

from __future__ import annotations

import json
import resource
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.errors import RunError
from selfinstruct.export.contracts import instruction_rows, rejected_rows
from selfinstruct.files.names import RUN_FILE
from selfinstruct.store import BackendFacts, InitialFacts, RunStore
from selfinstruct.store.curated import CuratedRun
from selfinstruct.store.journal import Exchange
from selfinstruct.types import (
    CLASSIFY,
    GENERATE,
    Decision,
    Failure,
    Fate,
    Instance,
    Instruction,
    Message,
    Reply,
    Request,
    Retry,
    Sampling,
    SeedTask,
    Similarity,
    Usage,
)
from tests.store.full_disk import disk_full

SEED = SeedTask("s0", "Write.", (Instance("in", "out"), Instance("", "o2")), is_classification=True, name="n")
SHOWN = Instruction("s0", "Write.")
REQUEST = Request(
    GENERATE, 0, (Message("system", "Be brief."), Message("user", "Go.")), Sampling(0.7, stop=("\n\n",)), (SHOWN,)
)
REPLY = Reply("1. A\n2. B", "length", Usage(11, 5), "m-1", "2026-01-01T00:00:00+00:00", {"id": "x"})


def settle(store: RunStore, request: Request, *fates: Fate, complete: bool = True, accepted: int = 0) -> None:
    decisions = [Decision(position, f"text {position}", fate) for position, fate in enumerate(fates)]
    store.record_request(request)
    store.record_answer(request, REPLY)
    store.settle(request, decisions, evaluated=len(decisions), complete=complete, accepted=accepted).result()


def read_back(store: RunStore, answer: Reply | Failure) -> Any:
    store.record_request(REQUEST)
    store.record_answer(REQUEST, answer).result()
    held = store.journal_entry(GENERATE, 0, None)
    assert held is not None
    return held.answer


def test_a_request_is_read_back_with_the_instructions_it_showed(store: RunStore) -> None:
    store.record_request(REQUEST).result()
    held = store.journal_entry(GENERATE, 0, {"s0": SHOWN})
    assert held is not None
    assert (held.request, held.answer, held.evaluated, held.complete) == (REQUEST, None, 0, False)


def test_a_request_that_was_never_asked_has_no_entry(store: RunStore) -> None:
    assert store.journal_entry(GENERATE, 0, None) is None


def test_asking_again_after_a_kill_keeps_the_first_request(store: RunStore) -> None:
    store.record_request(REQUEST).result()
    store.record_request(replace(REQUEST, messages=(Message("user", "Other."),))).result()
    held = store.journal_entry(GENERATE, 0, None)
    assert held is not None
    assert held.request.messages == REQUEST.messages


def test_a_reply_is_read_back_complete(store: RunStore) -> None:
    assert read_back(store, REPLY) == REPLY


def test_a_second_reply_never_replaces_the_first(store: RunStore) -> None:
    read_back(store, REPLY)
    with pytest.raises(RunError):
        store.record_answer(REQUEST, replace(REPLY, text="other")).result()
    assert read_back_again(store) == REPLY


def read_back_again(store: RunStore) -> Any:
    held = store.journal_entry(GENERATE, 0, None)
    assert held is not None
    return held.answer


@pytest.mark.parametrize("message", ["HTTP 400: too long", "", "\ud800"])
def test_a_failure_is_never_read_back_as_an_answer(store: RunStore, message: str) -> None:
    assert isinstance(read_back(store, Failure(message)), Failure)
    totals = store.totals(GENERATE)
    assert (totals.replies, totals.failures) == (0, 1)


def test_what_a_run_holds_is_counted(store: RunStore) -> None:
    assert not store.has_started()
    answers: list[Reply | Failure] = [
        REPLY,
        replace(REPLY, text=" ", finish="stop"),
        replace(REPLY, finish="stop"),
        Failure("HTTP 500"),
    ]
    for index, answer in enumerate(answers):
        request = replace(REQUEST, index=index)
        store.record_request(request)
        store.record_answer(request, answer)
        decisions = [] if index else [Decision(0, "A", "accepted"), Decision(1, "B", "rejected", "exact")]
        store.settle(request, decisions, evaluated=len(decisions), complete=True, accepted=1).result()
    assert store.marks(GENERATE) == {"cut": 1, "empty": 1, "no_items": 1}
    assert store.growth().recent_candidate_counts(GENERATE, 3) == [0, 0, 0]
    assert sorted(store.growth().recent_candidate_counts(GENERATE, 4)) == [0, 0, 0, 2]
    assert store.overview().nearness(2) == ([0, 0], 1)
    assert [(entry.id, entry.row.decision.fate) for entry in store.ledger().of_stage(GENERATE)] == [
        ("g0.0", "accepted"),
        ("g0.1", "rejected"),
    ]
    assert store.ledger().failure_counts(GENERATE) == {"HTTP 500": 1}
    totals = store.totals(GENERATE)
    assert (totals.requests, totals.replies, totals.failures, totals.candidates) == (4, 3, 1, 2)
    assert (store.next_request_index(GENERATE), store.evaluated(GENERATE)) == (4, 2)
    assert store.accepted_totals(GENERATE) == [1, 1, 1, 1]
    assert (store.has_started(), store.has_started(GENERATE), store.has_started(CLASSIFY)) == (True, True, False)
    assert store.has_results()
    summary = store.summary(GENERATE, "complete", 5)
    assert (summary.reason, summary.exit_code, summary.accepted) == ("complete", 5, 1)


def test_an_empty_answer_is_an_answer(store: RunStore) -> None:
    assert read_back(store, replace(REPLY, text="")) == replace(REPLY, text="")


@pytest.mark.parametrize("text", ["a\0b", "\u2028\u2029\x85\r\n", "🎉 你好 e\u0301", "x" * 200_000])
def test_odd_text_is_stored_as_it_is(store: RunStore, text: str) -> None:
    assert read_back(store, replace(REPLY, text=text, details={"said": text})) == replace(
        REPLY, text=text, details={"said": text}
    )


def test_half_a_surrogate_pair_becomes_a_replacement_character_everywhere(store: RunStore) -> None:
    odd = "x\ud83dy"
    near = Similarity(0.5, ((odd, 0.5),), 0.5)
    accepted = Decision(0, odd, "accepted", similarity=near, notes={"tail": odd})
    rejected = Decision(1, odd, "rejected", "f", odd, {"nearest": odd})
    store.record_request(replace(REQUEST, messages=(Message("user", odd),)))
    store.record_answer(REQUEST, replace(REPLY, text=odd, model=odd, details={odd: odd}))
    store.record_retry(Retry(GENERATE, 0, 1, 0.5, odd))
    store.settle(REQUEST, (accepted, rejected), evaluated=2, complete=True, accepted=1).result()
    rows = [*instruction_rows(CuratedRun(store)), *rejected_rows(CuratedRun(store))]
    assert "x\ufffdy" in json.dumps(rows, ensure_ascii=False)
    json.dumps(rows, ensure_ascii=False).encode("utf-8")


def test_decisions_come_back_in_order_of_requests_and_positions(store: RunStore) -> None:
    settle(store, replace(REQUEST, index=10), "accepted", "rejected")
    settle(store, replace(REQUEST, index=2), "rejected", "accepted", "accepted")
    assert [(row.index, row.decision.position) for row in store.decisions(GENERATE, "accepted")] == [
        (2, 1),
        (2, 2),
        (10, 0),
    ]
    assert [instruction.id for instruction in store.instructions()] == ["g2.1", "g2.2", "g10.0"]


def test_a_decision_is_read_back_complete(store: RunStore) -> None:
    near = Similarity(0.25, (("b", 0.25), ("a", 0.1)), 0.1 + 0.2)
    decision = Decision(0, "t", "accepted", similarity=near, notes={"cut": True, "tail": ["x", 1.5, None]})
    store.record_request(REQUEST)
    store.record_answer(REQUEST, REPLY)
    store.settle(REQUEST, (decision,), evaluated=1, complete=True, accepted=1).result()
    (row,) = store.decisions(GENERATE, "accepted")
    assert row.decision.similarity is not None
    assert row.decision.similarity.nearest == near.nearest
    assert row.decision.similarity.mean == near.mean
    assert row.decision.notes == {"cut": True, "tail": ["x", 1.5, None]}


def test_no_candidate_gets_two_fates(store: RunStore) -> None:
    settle(store, REQUEST, "accepted")
    with pytest.raises(RunError):
        store.settle(REQUEST, (Decision(0, "t", "rejected"),), evaluated=1, complete=True, accepted=0).result()
    assert store.totals(GENERATE).candidates == 1


def test_totals_count_every_fate_and_every_reason(store: RunStore) -> None:
    settle(store, REQUEST, "accepted", "quarantined")
    dropped = Decision(0, "t", "rejected", "length", "too-short")
    store.record_request(replace(REQUEST, index=1))
    store.record_answer(replace(REQUEST, index=1), Failure("no"))
    store.settle(
        replace(REQUEST, index=1), (dropped, replace(dropped, position=1)), evaluated=2, complete=True, accepted=1
    ).result()
    totals = store.totals(GENERATE)
    assert (totals.accepted, totals.rejected, totals.quarantined, totals.candidates) == (1, 2, 1, 4)
    assert (totals.requests, totals.replies, totals.failures) == (2, 1, 1)
    assert totals.drops == {("length", "too-short"): 2}
    assert (totals.prompt_tokens, totals.completion_tokens) == (11, 5)


def test_only_completely_settled_requests_count_as_settled(store: RunStore) -> None:
    settle(store, REQUEST, "accepted", accepted=1)
    settle(store, replace(REQUEST, index=1), "accepted", accepted=2, complete=False)
    assert store.accepted_totals(GENERATE) == [1]
    held = store.journal_entry(GENERATE, 1, None)
    assert held is not None
    assert (held.evaluated, held.complete) == (1, False)


def test_seeds_and_facts_are_kept(store: RunStore) -> None:
    store.create([SEED], InitialFacts(config={"a": [1, None, "é"]}))
    store.facts.record_backend(BackendFacts({"model": "m"}))
    store.facts.record_backend(BackendFacts({"model": "n"}))
    assert store.seeds() == [SEED]
    assert store.facts.config == {"a": [1, None, "é"]}
    assert store.facts.run_backend == BackendFacts({"model": "n"})


def test_a_full_disk_is_an_error_and_loses_nothing_that_was_recorded(store: RunStore) -> None:
    settle(store, REQUEST, "accepted", accepted=1)
    requests = [replace(REQUEST, index=index) for index in range(1, 500)]
    long = replace(REPLY, text="x" * 10_000)
    with disk_full(store.folder), pytest.raises(RunError, match="cannot be written"):
        [store.record_answer(request, long).result() for request in requests]
    store.close()
    with closing(RunStore.open(store.folder)) as again:
        assert again.totals(GENERATE).accepted == 1
        before = again.totals(GENERATE).replies
        again.record_answer(replace(REQUEST, index=1000), REPLY).result()
        assert again.totals(GENERATE).replies == before + 1


# --- rows, byte for byte ----------------------------------------------------------------------------------------------


def row_of(store: RunStore, sql: str) -> Any:
    with closing(sqlite3.connect(store.folder / RUN_FILE)) as database:
        return database.execute(sql).fetchone()


@pytest.mark.parametrize(
    ("schema", "more"), [(None, {}), ({}, {"schema": {}}), ({"type": "x"}, {"schema": {"type": "x"}})]
)
def test_a_request_is_written_with_what_was_set_and_nothing_else(
    store: RunStore, schema: dict[str, Any] | None, more: dict[str, Any]
) -> None:
    store.record_request(replace(REQUEST, schema=schema, subjects=(SHOWN,))).result()
    assert json.loads(row_of(store, "SELECT body FROM requests")[0]) == {
        "messages": [["system", "Be brief."], ["user", "Go."]],
        "sampling": {"temperature": 0.7, "stop": ["\n\n"]},
        "examples": ["s0"],
        "subjects": ["s0"],
        **more,
    }


@pytest.mark.parametrize(
    ("answer", "row"),
    [
        (Failure("no", may_pass=True), ("", "unknown", None, None, "", '{"may_pass":true}', "no")),
        (Failure(""), ("", "unknown", None, None, "", "{}", "no reason was given")),
        (
            replace(REPLY, usage=Usage(11, 5, 0)),
            ("1. A\n2. B", "length", 11, 5, "m-1", '{"cached_tokens":0,"id":"x"}', ""),
        ),
        (replace(REPLY, usage=Usage(), details={}), ("1. A\n2. B", "length", None, None, "m-1", "{}", "")),
    ],
)
def test_an_answer_is_written_in_full(store: RunStore, answer: Reply | Failure, row: tuple[Any, ...]) -> None:
    read_back(store, answer)
    columns = "text, finish, prompt_tokens, completion_tokens, model, details, failure"
    assert row_of(store, f"SELECT {columns} FROM replies") == row


def test_a_retry_is_written_in_full(store: RunStore) -> None:
    store.record_retry(Retry(GENERATE, 3, 2, 1.5, "busy")).result()
    assert row_of(store, "SELECT stage, idx, attempt, wait, message FROM retries") == (GENERATE, 3, 2, 1.5, "busy")


def test_the_next_request_comes_after_the_last_one_of_its_own_stage(store: RunStore) -> None:
    assert store.next_request_index(GENERATE) == 0
    for index in (0, 4, 2):
        store.record_request(replace(REQUEST, index=index)).result()
    assert store.next_request_index(GENERATE) == 5
    assert store.next_request_index("classify") == 0


def test_a_stage_has_started_by_a_request_or_by_a_settlement(store: RunStore) -> None:
    assert not store.has_started()
    assert not store.has_results()
    store.record_request(REQUEST).result()
    assert store.has_started()
    assert store.has_started(GENERATE)
    assert not store.has_started("prepare")
    assert not store.has_results()
    store.settle(replace(REQUEST, stage="prepare"), [], evaluated=0, complete=True, accepted=0).result()
    assert store.has_started("prepare")
    assert not store.has_started("judge")
    assert store.has_results()


def test_a_reply_alone_is_a_result(store: RunStore) -> None:
    read_back(store, REPLY)
    assert store.has_results()


def test_a_request_that_nothing_has_settled_has_no_fates(store: RunStore) -> None:
    read_back(store, REPLY)
    held = store.journal_entry(GENERATE, 0, None)
    assert held is not None
    assert (held.evaluated, held.complete) == (0, False)
    store.settle(REQUEST, [Decision(0, "A", "accepted")], evaluated=1, complete=True, accepted=1).result()
    held = store.journal_entry(GENERATE, 0, None)
    assert held is not None
    assert (held.evaluated, held.complete) == (1, True)


def test_exchanges_come_in_order_without_what_has_no_answer_and_go_into_another_run(
    store: RunStore, tmp_path: Path
) -> None:
    for index in (2, 0, 1):
        store.record_request(replace(REQUEST, index=index))
    store.record_answer(replace(REQUEST, index=2), Failure("no"))
    store.record_answer(REQUEST, REPLY).result()
    found = list(store.answered_requests(GENERATE))
    assert [(one.index, one.answer[0], one.answer[-1]) for one in found] == [(0, "1. A\n2. B", ""), (2, "", "no")]
    assert list(store.answered_requests("judge")) == []
    with closing(RunStore.open(tmp_path / "copy")) as copy:
        for one in found:
            copy.import_exchange(one).result()
        assert list(copy.answered_requests(GENERATE)) == found
        assert copy.journal_entry(GENERATE, 0, None) == store.journal_entry(GENERATE, 0, None)


def test_what_the_disk_does_not_take_stays_in_the_log(store: RunStore) -> None:
    for index in range(20):
        settle(store, replace(REQUEST, index=index, messages=(Message("user", "long " * 4000),)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((store.folder / RUN_FILE).stat().st_size, hard))
    try:
        store.move_log()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert store.next_request_index(GENERATE) == 20
    before = (store.folder / RUN_FILE).stat().st_size
    store.move_log()
    assert (store.folder / RUN_FILE).stat().st_size > before


def test_two_imported_requests_with_the_same_reply_are_two(store: RunStore) -> None:
    body = {"messages": [["user", "Go."]], "sampling": {}, "examples": [], "subjects": []}
    for index in (0, 1):
        answer = ("1. A", "stop", 11, 5, "m-1", "noon", "{}", "")
        store.import_exchange(Exchange(GENERATE, index, body, "noon", answer)).result()
    totals = store.totals(GENERATE)
    assert (totals.requests, totals.replies, totals.prompt_tokens, totals.completion_tokens) == (2, 2, 22, 10)
    assert [one.index for one in store.answered_requests(GENERATE)] == [0, 1]
