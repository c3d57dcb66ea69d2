"""How texts are measured: words, bins, samples, verbs with their objects."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.insight.report.measure import draw, lengths, nearest_seeds, phrases, scores, words
from selfinstruct.insight.report.report_values import VerbCount


def test_words_are_counted_in_any_script() -> None:
    assert [words(text) for text in ("", " \n", "Write a poem.", "naïve café", "写一首诗。", "Write 写一首诗 now")] == [
        0, 0, 3, 2, 5, 6,
    ]  # fmt: skip


@given(st.dictionaries(st.integers(0, 100_000), st.integers(1, 1000), max_size=60))
def test_every_length_is_in_one_bin(counted: dict[int, int]) -> None:
    found = lengths(counted)
    assert found.total == sum(counted.values())
    assert len(found.counts) <= 32
    if counted:
        assert found.median in counted
        assert found.counts[-1] == sum(
            count for length, count in counted.items() if length // found.width >= len(found.counts) - 1
        )


def test_median_and_mean_are_those_of_the_lengths() -> None:
    found = lengths(Counter([1, 2, 3, 4, 100]))
    assert (found.median, found.mean) == (3, 22)
    assert scores([0, 0, 4, 0]).median == 0.625


@given(st.lists(st.integers(), unique=True, max_size=50), st.integers(1, 60))
def test_a_sample_is_in_order_as_large_as_wanted_and_the_same_again(values: list[int], most: int) -> None:
    drawn = draw(values, most)
    assert len(drawn) == min(most, len(values))
    assert drawn == [value for value in values if value in set(drawn)]
    assert draw(values, most) == drawn


def test_a_sample_is_random_over_the_whole_run() -> None:
    drawn = draw(range(10_000), 300)
    steps = {after - before for before, after in pairwise(drawn)}
    assert len(steps) > 20, "not evenly spaced"
    assert all(any(start <= one < start + 1000 for one in drawn) for start in range(0, 10_000, 1000))


def test_a_copy_of_a_seed_is_as_near_as_can_be() -> None:
    found = nearest_seeds(["Write a poem.", "Nothing alike"], ["Write a poem.", "Sort the list."])
    assert (found.counts[0], found.counts[-1], found.total) == (1, 1, 2)


def test_verbs_are_ranked_by_how_often_they_have_an_object() -> None:
    found = phrases(["Write a poem.", "Write a story.", "Write a poem.", "Sort the list.", "¿Qué hora es?"])
    assert found.verbs == (VerbCount("write", 3, (("poem", 2), ("story", 1))), VerbCount("sort", 1, (("list", 1),)))
    assert (found.total, found.found, found.with_object, found.pairs, found.shown) == (5, 4, 4, 3, 4)
