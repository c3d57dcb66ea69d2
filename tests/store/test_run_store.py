"""The run's database as a whole: transactions, snapshots, closing, and what each reading method gives back."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from selfinstruct.errors import RunError
from selfinstruct.files.names import RUN_FILE
from selfinstruct.store import InitialFacts, RunStore
from selfinstruct.store.decisions import Accepted
from selfinstruct.types import (
    CLASSIFY,
    GENERATE,
    INSTANCES,
    JUDGE,
    PREPARE,
    Decision,
    Deferred,
    Failure,
    Instruction,
    Json,
    Message,
    Rating,
    Reply,
    Request,
    Retry,
    SeedTask,
    Similarity,
)
from tests.store.test_decisions import record
from tests.store.test_journal import REPLY, REQUEST, SEED

NEAR = Similarity(0.5, (("x", 0.5),), 0.25)


# --- writing ----------------------------------------------------------------------------------------------------------


def test_a_transaction_is_all_or_nothing_and_the_store_writes_on_after_it(store: RunStore) -> None:
    with suppress(ZeroDivisionError), store.transaction():
        store.record_request(REQUEST)
        store.record_answer(REQUEST, REPLY).result()
        raise ZeroDivisionError
    assert not store.has_started()
    with store.transaction():
        store.record_request(REQUEST)
        store.record_answer(REQUEST, REPLY).result()
    assert store.totals(GENERATE).replies == 1
    store.record_request(replace(REQUEST, index=1)).result()
    assert store.next_request_index(GENERATE) == 2


def test_other_processes_see_a_transaction_at_its_end(store: RunStore) -> None:
    store.create([SEED], InitialFacts())
    with closing(RunStore.open_readonly(store.folder)) as reader:
        with store.transaction():
            store.record_request(REQUEST).result()
            assert not reader.has_started()
        assert reader.has_started()


def test_a_snapshot_does_not_change_while_another_process_writes(store: RunStore) -> None:
    store.create([SEED], InitialFacts())
    with closing(RunStore.open_readonly(store.folder)) as reader:
        with reader.snapshot():
            assert reader.next_request_index(GENERATE) == 0
            store.record_request(REQUEST).result()
            assert reader.next_request_index(GENERATE) == 0
        assert reader.next_request_index(GENERATE) == 1


def test_a_run_that_is_open_for_reading_is_not_written(store: RunStore) -> None:
    store.create([SEED], InitialFacts())
    with closing(RunStore.open_readonly(store.folder)) as reader:
        with pytest.raises(RunError, match="opened for reading only"):
            reader.record_request(REQUEST)
        with pytest.raises(RunError, match="opened for reading only"), reader.transaction():
            pass
        assert not reader.lost_log
    assert not store.has_started()


def test_closing_twice_does_nothing_and_frees_the_folder(tmp_path: Path) -> None:
    store = RunStore.open(tmp_path / "run")
    store.create([SEED], InitialFacts())
    store.close()
    store.close()
    assert RunStore.exists(tmp_path / "run")
    with closing(RunStore.open(tmp_path / "run")) as again:
        assert again.seeds() == [SEED]
        assert not again.lost_log


@pytest.mark.parametrize("kept", ["nothing", "a request", "a reply", "an older run"])
@pytest.mark.parametrize("discard", [True, False])
def test_only_a_new_run_without_results_is_discarded(tmp_path: Path, kept: str, discard: bool) -> None:
    folder = tmp_path / "new" / "run"
    if kept == "an older run":
        with closing(RunStore.open(folder)) as older:
            older.create([SEED], InitialFacts())
    store = RunStore.open(folder)
    store.create([SEED], InitialFacts())
    if kept in ("a request", "a reply"):
        store.record_request(REQUEST).result()
    if kept == "a reply":
        store.record_answer(REQUEST, REPLY).result()
    store.close(discard=discard)
    is_gone = discard and kept in ("nothing", "a request")
    assert (folder / RUN_FILE).exists() is not is_gone
    assert (tmp_path / "new").exists() is not is_gone


def test_a_run_that_has_asked_nothing_is_begun_anew(store: RunStore) -> None:
    first, second = (SeedTask(name, f"Write {name}.", (), is_classification=False) for name in ("b", "a"))
    store.create([SEED], InitialFacts(config={"seed": 1, "old": 2}))
    store.create([first, second], InitialFacts(config={"seed": 2}))
    assert store.seeds() == [first, second]
    assert store.facts.config == {"seed": 2}


def test_the_database_alone_is_the_run_once_its_log_was_moved(store: RunStore, tmp_path: Path) -> None:
    store.create([SEED], InitialFacts())
    store.record_request(REQUEST).result()
    store.move_log()
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / RUN_FILE).write_bytes((store.folder / RUN_FILE).read_bytes())
    with closing(RunStore.open_readonly(tmp_path / "copy")) as copy:
        assert copy.next_request_index(GENERATE) == 1


# --- deferred similarities, deletions ---------------------------------------------------------------------------------


def test_a_deferred_similarity_is_recorded_later_and_nothing_else_changes(store: RunStore) -> None:
    deferred = Deferred(3)
    record(store, GENERATE, 0, Decision(0, "a", "accepted", similarity=deferred, notes={"n": 1}))
    record(store, GENERATE, 1, Decision(0, "b", "accepted", similarity=deferred))
    rows = store.accepted_after(-1, 0, 9)
    assert [row.similarity for row in rows] == [deferred, deferred]
    store.record_similarities([(rows[1], NEAR)]).result()
    assert store.accepted_after(-1, 0, 9) == [rows[0], Accepted(1, 0, "b", NEAR)]
    (first, _) = store.decisions(GENERATE, "accepted")
    assert first.decision.notes == {"n": 1}


def test_what_is_deleted_is_of_one_stage(store: RunStore) -> None:
    for stage in (GENERATE, PREPARE):
        record(store, stage, 0, Decision(0, "a", "accepted", subject="s"))
    store.delete_decisions(PREPARE)
    assert (store.totals(PREPARE).candidates, store.accepted_totals(PREPARE)) == (0, [])
    assert (store.totals(GENERATE).candidates, store.accepted_totals(GENERATE)) == (1, [0])
    store.record_request(Request(CLASSIFY, 0, ())).result()
    store.delete_requests(CLASSIFY)
    assert (store.has_started(CLASSIFY), store.has_started(GENERATE)) == (False, True)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_every_view_of_a_run_counts_its_own(store: RunStore) -> None:
    record(store, GENERATE, 0, Decision(0, "a", "accepted"), Decision(1, "b", "rejected", "f", "r"))
    calls = store.calls()
    number = calls.sent(GENERATE, 0, prompt_tokens=3, completion_tokens=4)
    calls.ended(number, prompt_tokens=3, completion_tokens=4, refused=False)
    store.record_retry(Retry(GENERATE, 0, 1, 0.5, "busy")).result()
    spent = store.calls().spent()
    assert (spent.requests, spent.prompt_tokens, spent.completion_tokens) == (1, 3, 4)
    assert [entry.id for entry in store.ledger().of_stage(GENERATE)] == ["g0.0", "g0.1"]
    assert store.growth().recent_candidate_counts(GENERATE, 1) == [2]
    assert store.overview().nearness(2) == ([0, 0], 1)
    assert store.marks(GENERATE) == {"cut": 1}
    totals = store.totals(GENERATE)
    assert (totals.retries, totals.candidates, totals.accepted) == (1, 2, 1)
    assert store.evaluated(GENERATE) == 2
    summary = store.summary(GENERATE, "why", 4)
    assert (summary.stage, summary.reason, summary.exit_code, summary.accepted) == (GENERATE, "why", 4, 1)


def test_answered_requests_are_those_of_their_stage(store: RunStore) -> None:
    record(store, GENERATE, 0, Decision(0, "a", "accepted"))
    record(store, CLASSIFY, 0, answer=Failure("no"))
    store.record_request(replace(REQUEST, index=1)).result()
    assert [(one.stage, one.index) for one in store.answered_requests(GENERATE)] == [(GENERATE, 0)]
    assert [(one.stage, one.answer[-1]) for one in store.answered_requests(CLASSIFY)] == [(CLASSIFY, "no")]


def test_raw_instances_say_whose_they_are_and_where(store: RunStore) -> None:
    record(store, INSTANCES, 1, Decision(0, "x", "accepted", subject="g0.1"))
    record(
        store, INSTANCES, 0, Decision(0, "y", "rejected", subject="g0.2"), Decision(1, "z", "accepted", subject="g1")
    )
    assert list(store.raw_instances()) == [("g1", 0, 1), ("g0.1", 1, 0)]


def test_a_subject_has_its_count_and_its_text_and_an_instruction_its_place(store: RunStore) -> None:
    record(store, GENERATE, 0, Decision(0, "a", "accepted"))
    record(store, CLASSIFY, 0, Decision(0, "yes", "accepted", subject="g0.0"))
    record(store, INSTANCES, 0, Decision(0, "Input: x", "accepted", subject="g0.0"))
    assert store.asked_about(CLASSIFY) == {"g0.0": (1, "yes")}
    assert store.raw_text(0, 0) == ("Input: x", "length")
    assert [row.text for row in store.accepted_after(-1, 0, 9)] == ["a"]
    assert store.accepted_after(0, 0, 9) == []
    assert list(store.examples_including_dropped("f", "r")) == []


def test_examples_have_the_id_of_their_place(store: RunStore) -> None:
    payload: dict[str, Json] = {"instruction": "Do.", "input": "in", "is_classification": False}
    record(
        store,
        PREPARE,
        2,
        Decision(0, "no", "rejected", payload=payload),
        Decision(1, "out", "accepted", payload=payload),
    )
    ((identity, example),) = store.examples()
    assert (identity, example.instruction, example.input, example.output) == ("e2.1", "Do.", "in", "out")


def test_the_last_rating_of_an_example_counts(store: RunStore) -> None:
    def rated(grade: int) -> Decision:
        words: dict[str, Json] = {
            "valid_task": "yes",
            "suitable_input": "yes",
            "correct_output": "no",
            "remark": "",
            "grade": grade,
        }
        return Decision(0, "", "accepted", subject="digest", payload=words)

    record(store, JUDGE, 0, rated(2))
    record(store, JUDGE, 1, rated(4))
    assert store.ratings() == {"digest": Rating("yes", "yes", "no", "digest", "", {}, 4)}


def test_a_decision_comes_with_the_request_and_the_reply_that_it_is_about(store: RunStore) -> None:
    record(store, GENERATE, 0, Decision(0, "a", "accepted"), Decision(1, "b", "rejected"), Decision(2, "c", "accepted"))
    other = Reply("other", "stop", created_at="noon")
    record(store, GENERATE, 1, Decision(0, "d", "accepted"), answer=other)
    found = [
        (row.decision.text, request.index, reply.text)
        for row, request, reply in store.decisions_with_replies(GENERATE, "accepted")
    ]
    assert found == [("a", 0, "text"), ("c", 0, "text"), ("d", 1, "other")]
    assert list(store.instructions()) == [
        Instruction("g0.0", "a"), Instruction("g0.2", "c"), Instruction("g1.0", "d")
    ]  # fmt: skip


def test_a_request_is_read_with_the_texts_of_its_examples_if_they_are_wanted(store: RunStore) -> None:
    shown = Instruction("s0", "Write.")
    store.record_request(Request(GENERATE, 0, (Message("user", "Go."),), examples=(shown,))).result()
    known = store.journal_entry(GENERATE, 0, {"s0": shown})
    unknown = store.journal_entry(GENERATE, 0, None)
    assert known is not None
    assert unknown is not None
    assert (known.request.examples, unknown.request.examples) == ((shown,), ())
    assert store.journal_entry(GENERATE, 1, None) is None
