"""When a refusal is about its request, what becomes of it, and which settings a hint names."""

from __future__ import annotations

import pytest

from selfinstruct.engine.retry_policy import Attempts, Rejections, RetryPolicy, hint_for, is_refusal
from selfinstruct.types import Busy, Failure, Rejected, Unusable

UNEXPLAINED = Rejected("HTTP 400, request 17af", is_unexplained=True)


def test_an_unexplained_refusal_may_pass_when_the_one_before_had_the_same_words() -> None:
    rejections = Rejections()
    again = Rejected("HTTP 400, request 99bc", is_unexplained=True)
    assert rejections.failure(UNEXPLAINED, "masked") == Failure("masked", may_pass=False)
    assert rejections.failure(again, "masked") == Failure("masked", may_pass=True), "numbers do not count as words"
    other = Rejected("HTTP 400, no such field", is_unexplained=True)
    assert rejections.failure(other, "x") == Failure("x", may_pass=False)
    assert rejections.failure(again, "x") == Failure("x", may_pass=False)


def test_an_answer_ends_a_row_of_refusals() -> None:
    rejections = Rejections()
    rejections.failure(UNEXPLAINED, "x")
    rejections.answered()
    assert rejections.failure(UNEXPLAINED, "x") == Failure("x", may_pass=False)
    assert rejections.failure(UNEXPLAINED, "x") == Failure("x", may_pass=True)


def test_a_refusal_that_is_explained_is_about_its_request() -> None:
    rejections = Rejections()
    for _ in range(3):
        assert rejections.failure(Rejected("too long"), "too long") == Failure("too long", may_pass=False)
    assert rejections.failure(UNEXPLAINED, "x") == Failure("x", may_pass=False)
    rejections.failure(Rejected("too long"), "too long")
    assert rejections.failure(UNEXPLAINED, "x") == Failure("x", may_pass=False), "the row was interrupted"


@pytest.mark.parametrize(
    ("busy", "expected", "counts"),
    [
        (Busy("429", retry_after=0.0, too_many_requests=True), True, (0, 1)),
        (Busy("429", too_many_requests=True), False, (1, 0)),
        (Busy("503", retry_after=3.0), False, (1, 0)),
        (Busy("503"), False, (1, 0)),
    ],
)
def test_a_limit_is_a_refusal_with_a_time(busy: Busy, expected: bool, counts: tuple[int, int]) -> None:
    assert is_refusal(busy) is expected
    tries = Attempts(RetryPolicy())
    tries.count(busy, 2.5)
    assert ((tries.failed, tries.refused), tries.calls, tries.seconds) == (counts, 1, 2.5)


def test_every_bound_on_attempts_holds_alone() -> None:
    policy = RetryPolicy(attempts=2, refusals=3, seconds=10)
    used_up = [(2, 0, 0.0), (0, 3, 0.0), (0, 0, 10.0)]
    left = [(1, 2, 9.9)]
    assert all(Attempts(policy, *tries).are_used_up for tries in used_up)
    assert not any(Attempts(policy, *tries).are_used_up for tries in left)


@pytest.mark.parametrize(("attempt", "least", "most"), [(1, 1, 2), (2, 2, 4), (3, 2.5, 5), (9, 2.5, 5)])
def test_a_wait_is_between_half_and_all_of_its_bound(attempt: int, least: float, most: float) -> None:
    policy = RetryPolicy(first=2.0, longest=5.0)
    assert all(least <= policy.wait(attempt) <= most for _ in range(200))


@pytest.mark.parametrize(
    ("unusable", "hint"),
    [
        (Unusable("no key", "Set KEY."), "Set KEY."),
        (
            Unusable("no top_k", setting="top_k"),
            "Leave it out: --set generate.sampling.top_k=unset --set judge.sampling.top_k=unset",
        ),
        (
            Unusable("no top_k", "Raise it or leave it out", "top_k"),
            "Raise it or leave it out: --set generate.sampling.top_k=unset",
        ),
    ],
)
def test_a_hint_names_the_setting_of_the_stages_that_would_be_refused(unusable: Unusable, hint: str) -> None:
    assert hint_for(unusable, ["generate", "judge"]) == hint
