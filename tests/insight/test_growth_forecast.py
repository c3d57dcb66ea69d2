"""What more instructions need: right where the yield is known, in a range, and nothing where nothing is known."""

from __future__ import annotations

import math
import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.insight.growth_forecast import ADVICE, MIN_ACCEPTED, advice, fit_trend, forecast
from selfinstruct.plugins.registry import FILTER, Registry
from selfinstruct.store import Stretch
from selfinstruct.types import Prices

SEEDS = 175


def stretch(pool: int, accepted: int, requests: int = 10, tokens: int = 1000) -> Stretch:
    return Stretch(0, requests, pool, 10 * requests, accepted, requests, tokens * 3 // 4, tokens // 4, None, None)


def grown(exponent: float, count: int, requests: int, rng: Random | None = None) -> tuple[list[Stretch], int]:
    """Stretches of a pool whose yield is 8 at the start and falls with the size to a power; and its last size."""
    found, pool = [], 0
    for _ in range(count):
        before = pool
        for _ in range(requests):
            rate = 8 * ((SEEDS + pool) / SEEDS) ** exponent
            pool += round(rate) if rng is None else sum(rng.random() < rate / 10 for _ in range(10))
        found.append(stretch(before, pool - before, requests))
    return found, pool


def really(exponent: float, pool: int, more: int) -> float:
    """The requests that it takes."""
    return float(sum(1 / (8 * ((SEEDS + pool + at) / SEEDS) ** exponent) for at in range(more)))


@pytest.mark.parametrize("exponent", [0.0, -0.3, -0.8, -1.5])
def test_a_known_yield_is_found_again(exponent: float) -> None:
    right = 0
    for seed in range(20):
        stretches, pool = grown(exponent, 10, 100, Random(seed))
        found = forecast(stretches, SEEDS, 2000)
        assert found is not None
        truth = really(exponent, pool, 2000)
        assert found.low <= found.requests <= found.high
        assert found.requests == pytest.approx(truth, rel=0.5)
        right += found.low <= truth <= found.high
    assert right >= 17


def test_an_even_yield_is_a_division() -> None:
    found = forecast([stretch(80 * at, 80) for at in range(8)], SEEDS, 800, prices=Prices(1.0, 4.0))
    assert found is not None
    assert found.requests == pytest.approx(100, abs=2)
    assert found.tokens_each == 100
    assert found.usd_each == pytest.approx(75e-6 + 4 * 25e-6)


def test_a_yield_that_rose_is_not_relied_on() -> None:
    rising = [stretch(100 * at, 20 + 10 * at) for at in range(8)]
    assert fit_trend(rising, SEEDS).slope == 0
    found = forecast(rising, SEEDS, 100)
    assert found is not None
    assert found.requests > 100 / 9


def test_more_needs_more_and_few_stretches_mean_a_wide_range() -> None:
    many, few = [stretch(80 * at, 80) for at in range(8)], [stretch(0, 80)]
    needs = [forecast(many, SEEDS, more) for more in (1, 10, 1000, 100_000)]
    assert [one.requests for one in needs if one] == sorted(one.requests for one in needs if one)
    wide, narrow = forecast(few, SEEDS, 2000), forecast(many, SEEDS, 2000)
    assert wide is not None
    assert narrow is not None
    assert wide.high / wide.low > 1.5 * narrow.high / narrow.low


@pytest.mark.parametrize(
    "stretches",
    [
        [],
        [stretch(0, 0)],
        [stretch(0, 3, 1)],
        [stretch(0, MIN_ACCEPTED - 1)],
        [stretch(0, 500)] + [stretch(500, 0)] * 8,
    ],
)
def test_too_little_accepted_lately_gives_no_forecast(stretches: list[Stretch]) -> None:
    assert forecast(stretches, SEEDS, 100) is None


def test_without_tokens_there_are_none_and_no_dollars() -> None:
    found = forecast([stretch(0, 80, tokens=0)], SEEDS, 100, prices=Prices(1, 1))
    assert found is not None
    assert (found.tokens_each, found.usd_each) == (None, None)


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**5)), min_size=1, max_size=12),
    st.integers(1, 1000), st.integers(1, 10**9),
)  # fmt: skip
def test_any_growth_gives_a_range_in_order_or_nothing(steps: list[tuple[int, int]], seeds: int, more: int) -> None:
    pool, stretches = 0, []
    for accepted, requests in steps:
        stretches.append(stretch(pool, accepted, requests))
        pool += accepted
    found = forecast(stretches, seeds, more)
    assert found is None or 1 <= found.low <= found.requests <= found.high < math.inf


def test_a_pool_that_hardly_grows_any_more_has_a_number_too() -> None:
    steep = [stretch(pool, 20, 10 ** (at + 1)) for at, pool in enumerate(range(100, 260, 20))]
    found = forecast(steep, 1, 10**12)
    assert found is not None
    assert found.requests > 10**15


# --- advice


def test_advice_names_the_filter_that_drops_most() -> None:
    assert advice([("rouge-l", "not-novel", 40), ("length", "too-short", 2)], 100).startswith(
        "rouge-l: not-novel drops 40% of all candidates: in a new run, more seed tasks"
    )
    assert "rejected.jsonl" in advice([("my-own", "odd", 3)], 10)
    assert advice([], 10) == advice([("rouge-l", "not-novel", 1)], 0) == ""


@pytest.mark.parametrize("name", [*ADVICE, "my-own"])
def test_advice_names_the_setting_and_whether_it_needs_a_new_run(name: str) -> None:
    said = advice([(name, "odd", 3)], 10)
    assert re.search(r"\b(?:run|generate|backend)\.[a-z]", said)
    assert "new run" in said or "`selfinstruct reprocess`" in said


def test_advice_speaks_of_filters_that_exist() -> None:
    assert {offer.component.name for offer in Registry.load().offers(FILTER)} >= ADVICE.keys()
