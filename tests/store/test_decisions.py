"""What later stages read of earlier decisions: whom to ask again, what failed, and the texts that were accepted."""

from __future__ import annotations

from selfinstruct.store import RunStore
from selfinstruct.types import (
    CLASSIFY,
    GENERATE,
    INSTANCES,
    PREPARE,
    REQUEST_FAILED,
    Decision,
    Failure,
    Message,
    Reply,
    Request,
    Similarity,
)

DAY = "2026-01-01T00:00:00+00:00"


def record(
    store: RunStore, stage: str, index: int, *decisions: Decision, answer: Reply | Failure | None = None
) -> None:
    """One request with its answer and the decisions on it."""
    request = Request(stage, index, (Message("user", "Go."),))
    store.record_request(request)
    store.record_answer(request, answer or Reply("text", "length", created_at=DAY))
    store.settle(request, decisions, evaluated=len(decisions), complete=True, accepted=0).result()


def failed(position: int, subject: str) -> Decision:
    return Decision(position, "", "rejected", "", REQUEST_FAILED, subject=subject)


def test_a_subject_whose_request_failed_for_a_while_is_asked_again_and_others_are_not(store: RunStore) -> None:
    passing, final = Failure("busy", may_pass=True), Failure("refused")
    record(store, CLASSIFY, 0, failed(0, "g0.0"), failed(1, "g0.1"), answer=passing)
    record(store, CLASSIFY, 1, failed(0, "g0.2"), answer=final)
    record(store, CLASSIFY, 2, Decision(0, "yes", "accepted", subject="g0.1"))
    record(store, CLASSIFY, 3, Decision(0, "?", "rejected", "labels", "unknown", subject="g0.3"))
    record(store, CLASSIFY, 4, Decision(0, "no", "accepted", subject="g0.3"))
    record(store, CLASSIFY, 5, Decision(0, "?", "rejected", "labels", "unknown"))
    assert store.asked_about(CLASSIFY) == {"g0.1": (1, "yes"), "g0.2": (1, ""), "g0.3": (2, "no")}
    assert store.asked_about(INSTANCES) == {}


def test_failed_requests_count_if_a_subject_of_theirs_has_no_answer(store: RunStore) -> None:
    assert store.ledger().failed_requests(CLASSIFY) == (0, 0)
    passing, final = Failure("busy", may_pass=True), Failure("refused")
    record(store, CLASSIFY, 0, failed(0, "g0.0"), failed(1, "g0.1"), answer=passing)
    record(store, CLASSIFY, 1, failed(0, "g0.2"), answer=final)
    assert store.ledger().failed_requests(CLASSIFY) == (2, 1)
    record(store, CLASSIFY, 2, Decision(0, "yes", "accepted", subject="g0.0"))
    assert store.ledger().failed_requests(CLASSIFY) == (2, 1)
    record(store, CLASSIFY, 3, Decision(0, "yes", "accepted", subject="g0.1"))
    assert store.ledger().failed_requests(CLASSIFY) == (1, 0)


def test_accepted_instructions_are_read_on_from_a_place(store: RunStore) -> None:
    near = Similarity(0.5, (("x", 0.5),), 0.25)
    record(store, GENERATE, 0, Decision(0, "a", "accepted", similarity=near), Decision(1, "b", "rejected", "f", "r"))
    record(store, GENERATE, 1, Decision(0, "c", "accepted"), Decision(1, "d", "accepted"))
    record(store, GENERATE, 2, Decision(0, "e", "accepted"))
    every = store.accepted_after(-1, 0, 9)
    assert [(row.index, row.position, row.text) for row in every] == [
        (0, 0, "a"), (1, 0, "c"), (1, 1, "d"), (2, 0, "e")
    ]  # fmt: skip
    assert [row.similarity for row in every] == [near, None, None, None]
    assert [row.text for row in store.accepted_after(1, 0, 1)] == ["d"]


def test_a_raw_text_comes_with_the_end_of_its_own_reply(store: RunStore) -> None:
    record(store, GENERATE, 3, answer=Reply("other", "stop", created_at=DAY))
    record(store, INSTANCES, 3, Decision(0, "Input: x", "accepted", subject="g0.0"), answer=Reply("r", "length"))
    assert store.raw_text(3, 0) == ("Input: x", "length")


def test_examples_come_with_those_that_one_filter_dropped_for_one_reason(store: RunStore) -> None:
    payload = {"instruction": "Do.", "input": "", "is_classification": True}

    def example(position: int, fate: str, name: str = "", reason: str = "") -> Decision:
        return Decision(position, f"out {position}", fate, name, reason, payload=payload)  # type: ignore[arg-type]

    record(
        store,
        PREPARE,
        0,
        example(0, "accepted"),
        example(1, "rejected", "scores", "unrated"),
        example(2, "rejected", "scores", "low"),
        example(3, "rejected", "other", "unrated"),
        example(4, "quarantined", "scores", "unrated"),
    )
    found = list(store.examples_including_dropped("scores", "unrated"))
    assert [(one.instruction, one.output, one.is_classification) for one in found] == [
        ("Do.", "out 0", True), ("Do.", "out 1", True)
    ]  # fmt: skip
