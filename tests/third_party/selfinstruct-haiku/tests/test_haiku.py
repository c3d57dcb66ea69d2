"""The package keeps the promises of its kinds, and works in a run."""

from collections import Counter

import selfinstruct_haiku

from selfinstruct.testing import FilterContract, SamplerContract, make_draft, make_pool_view


class TestFirstWords(FilterContract):
    plugin = selfinstruct_haiku
    name = "first-words"
    options = {"most": 1}
    keeps = [make_draft("Name a river.")]
    seeds_pass = True


class TestShortest(SamplerContract):
    plugin = selfinstruct_haiku
    name = "shortest"


def test_the_third_that_begins_alike_is_dropped():
    judge = selfinstruct_haiku.FirstWords(selfinstruct_haiku.FirstWordsOptions(most=2))
    for text in ("Name a river.", "name a lake."):
        assert judge.evaluate(make_draft(text)).keep
        judge.observe(make_draft(text))
    assert judge.evaluate(make_draft("NAME a sea.")).evidence == {"word": "name", "times": 2}


def test_short_seeds_are_shown():
    view = make_pool_view(seeds=20)
    longest = sorted(len(seed.text) for seed in view.seeds)[-1]
    shown = selfinstruct_haiku.Shortest(selfinstruct_haiku.ShortestOptions(total=5)).sample(view)
    assert len(shown) == 5
    assert all(len(one.text) < longest for one in shown)


def test_in_a_run(grow):
    grown = grow(
        20,
        plugin=selfinstruct_haiku,
        filters=[{"use": "first-words", "most": 1}],
        sampler={"use": "shortest", "total": 3},
    )
    first_words = Counter(selfinstruct_haiku.first_word(text) for text in grown.instructions)
    assert set(first_words.values()) == {1}
    assert set(grown.dropped_by("first-words")) == {"begins-alike"}
