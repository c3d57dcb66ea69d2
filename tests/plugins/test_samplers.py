"""The samplers `spread` and `coverage`: pure, without repetition, as many as asked for, at any size of the pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, overload

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from selfinstruct.api import Instruction, PoolView, Sampler
from selfinstruct.config.seeds import read_seeds
from selfinstruct.plugins.registry import SAMPLER, Registry
from selfinstruct_samplers import selfinstruct_samplers
from selfinstruct_samplers.options import MixOptions
from selfinstruct_samplers.spread import far_apart, overlap, words_of
from tests.command_line import command, rows

NAMES = ("spread", "coverage")
SEEDS = [Instruction(seed.id, seed.instruction, seed) for seed in read_seeds("builtin")]
MACHINE = [Instruction(f"g{at}.0", f"Write {at} lines about river number {at % 7}.") for at in range(300)]


def sampler(name: str, total: int = 8, machine: int = 2) -> Sampler:
    (offer,) = [component for component in selfinstruct_samplers() if component.name == name]
    return offer.build(MixOptions(total=total, machine=machine))


def view(index: int, seeds: Sequence[Instruction] = SEEDS, machine: Sequence[Instruction] = MACHINE) -> PoolView:
    return PoolView("generate", index, seeds, machine, Random(f"42:generate:{index}"))


pools = st.builds(
    lambda seeds, machine, index: (SEEDS[:seeds], MACHINE[:machine], index),
    st.integers(1, 40), st.integers(0, 120), st.integers(0, 500),
)  # fmt: skip
mixes = st.integers(1, 12).flatmap(lambda total: st.tuples(st.just(total), st.integers(0, total)))


@pytest.mark.parametrize("name", NAMES)
@given(pools, mixes)
def test_the_same_view_gives_the_same_sample(name: str, pool: Any, mix: tuple[int, int]) -> None:
    seeds, machine, index = pool
    warm = sampler(name, *mix)
    for other in range(3):
        warm.sample(view(other, seeds, machine))
    again = warm.sample(view(index, seeds, machine))
    assert again == sampler(name, *mix).sample(view(index, seeds, machine))


@pytest.mark.parametrize("name", NAMES)
@given(pools, mixes)
def test_nothing_twice_and_as_many_as_there_are(name: str, pool: Any, mix: tuple[int, int]) -> None:
    (seeds, machine, index), (total, most) = pool, mix
    shown = sampler(name, total, most).sample(view(index, seeds, machine))
    ids = [entry.id for entry in shown]
    written = sum(identity.startswith("g") for identity in ids)
    assert len(set(ids)) == len(ids)
    assert written == min(most, len(machine))
    assert len(ids) == min(total, written + len(seeds))


@pytest.mark.parametrize("name", NAMES)
def test_one_seed_and_nothing_else(name: str) -> None:
    assert sampler(name).sample(view(5, SEEDS[:1], [])) == SEEDS[:1]


@pytest.mark.parametrize("name", NAMES)
def test_requests_differ(name: str) -> None:
    shown = {tuple(entry.id for entry in sampler(name).sample(view(index))) for index in range(50)}
    assert len(shown) == 50


@pytest.mark.parametrize("name", NAMES)
def test_texts_in_any_script_and_empty_ones(name: str) -> None:
    texts = ["写一首关于秋天的诗。", "Напиши письмо.", "", "\ud800", "!?", "Write a poem."]
    odd = [Instruction(f"g{at}.0", text) for at, text in enumerate(texts)]
    assert len(sampler(name, 6, 6).sample(view(0, SEEDS[:1], odd))) == 6


class Endless(Sequence[Instruction]):
    """A pool that notes how much of it is looked at."""

    def __init__(self, length: int) -> None:
        self.length, self.looks = length, 0

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int) -> Instruction: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Instruction]: ...
    def __getitem__(self, index: int | slice) -> Any:
        assert isinstance(index, int)
        self.looks += 1
        return Instruction(f"g{index}.0", f"List {index} words about snow.")


@pytest.mark.parametrize("name", NAMES)
def test_a_large_pool_is_not_walked(name: str) -> None:
    looks = []
    for length in (10_000, 10_000_000):
        pool = Endless(length)
        sampler(name).sample(view(3, SEEDS, pool))
        looks.append(pool.looks)
    assert max(looks) <= 400


# --- spread


@pytest.mark.parametrize(("seeds", "group"), [(30, 6), (31, 6), (175, 6), (7, 3), (6, 6), (5, 6)])
def test_every_seed_is_shown_once_in_a_round(seeds: int, group: int) -> None:
    spread, size = sampler("spread", group + 2, 2), min(group, seeds)
    groups = -(-seeds // size)
    for turn in range(3):
        shown: Counter[str] = Counter()
        for index in range(turn * groups, (turn + 1) * groups):
            sample = spread.sample(view(index, SEEDS[:seeds]))
            shown.update(entry.id for entry in sample if entry.seed is not None and not entry.id.startswith("g"))
        extra = groups * size - seeds
        if seeds >= group:
            assert len(shown) == seeds
            assert sorted(shown.values(), reverse=True) == [2] * extra + [1] * (seeds - extra)


def test_rounds_differ() -> None:
    spread = sampler("spread", 6, 0)
    rounds = [[{e.id for e in spread.sample(view(30 * turn + at))} for at in range(30)] for turn in range(2)]
    assert sum(group in rounds[1] for group in rounds[0]) < 3


def test_examples_are_farther_apart_than_random_ones() -> None:
    from selfinstruct_paper.sampling import PaperSampler, PaperSamplerOptions

    near = {}
    for name, chosen in (("spread", sampler("spread")), ("paper", PaperSampler(PaperSamplerOptions()))):
        samples = [[words_of(entry.text) for entry in chosen.sample(view(index, SEEDS, []))] for index in range(60)]
        near[name] = sum(max(overlap(a, b) for a in shown for b in shown if a is not b) for shown in samples)
    assert near["spread"] < 0.8 * near["paper"]


def test_the_farthest_go_first_and_the_first_of_equals() -> None:
    texts = [frozenset("ab"), frozenset("abc"), frozenset("xy"), frozenset("xyz"), frozenset("q")]
    assert far_apart(texts, 2, [frozenset("ab")]) == [2, 4]
    assert far_apart(texts, 9, []) == [0, 2, 4, 1, 3]
    assert far_apart([], 3, texts) == []


# --- coverage


def test_rare_kinds_are_shown_more_often() -> None:
    common = [Instruction(f"c{at}", f"Write a short story about dragon number {at}.") for at in range(60)]
    rare = [Instruction(f"r{at}", f"{verb} something else entirely.") for at, verb in enumerate(("Sort", "Translate"))]
    shown: Counter[str] = Counter()
    for index in range(200):
        shown.update(entry.id[0] for entry in sampler("coverage", 6, 0).sample(view(index, [*common, *rare], [])))
    assert shown["r"] / 2 > 2.5 * shown["c"] / 60


def test_what_the_machine_wrote_much_of_is_shown_less() -> None:
    seeds = [Instruction("w", "Write a poem on tides."), Instruction("s", "Sort seven planets.")]
    much = [Instruction(f"g{at}.0", f"Write about city {at}.") for at in range(200)]
    shown: Counter[str] = Counter()
    for index in range(300):
        shown.update(entry.id for entry in sampler("coverage", 1, 0).sample(view(index, seeds, much)))
    assert shown["s"] > 1.2 * shown["w"]


# --- as components


def test_they_are_found_and_more_machine_than_total_is_refused() -> None:
    registry = Registry.load()
    for name in NAMES:
        component = registry.find(SAMPLER, name)
        assert isinstance(registry.build(SAMPLER, name, component.options()), Sampler)
    with pytest.raises(ValidationError, match="machine \\(3\\) must not be larger than total \\(2\\)"):
        MixOptions(total=2, machine=3)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_with_it_is_the_same_at_any_concurrency(
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    use = f'generate.sampler={{use="{name}", total=6, machine=2}}'
    texts = []
    for concurrency in ("1", "8"):
        out = tmp_path / concurrency
        given = ("--backend", "demo", "--target", "20", "--set", use, "--concurrency", concurrency)
        command("generate", *given, "--out", out, "--quiet").done()
        texts.append([row["instruction"] for row in rows(out / "machine_generated_instructions.jsonl")])
    assert texts[0] == texts[1]
