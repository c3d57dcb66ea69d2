"""The split: every instruction on one side, always the same one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.export.split import held_out

texts = st.lists(st.text(max_size=8), max_size=60)
shares = st.floats(0, 1, exclude_min=True)
seeds = st.integers()


def tasks(count: int) -> list[str]:
    return [f"task {number}" for number in range(count)]


@given(texts, shares, seeds)
def test_both_parts_have_something_where_that_is_possible(instructions: list[str], share: float, seed: int) -> None:
    held = held_out(instructions, share, seed)
    assert held <= set(instructions)
    assert bool(held) == (share < 1 and len(set(instructions)) > 1)
    assert not instructions or set(instructions) - held


@given(texts, shares, seeds)
def test_it_is_always_the_same_and_repetition_changes_nothing(texts: list[str], share: float, seed: int) -> None:
    assert held_out(texts, share, seed) == held_out([*texts, *texts], share, seed) == held_out(texts, share, seed)


@given(st.integers(2, 400), shares, seeds)
def test_the_share_is_met(count: int, share: float, seed: int) -> None:
    held = held_out(tasks(count), share, seed)
    assert abs(len(held) - count * (1 - share)) <= 1.01


@given(st.integers(20, 300), st.integers(0, 100), st.floats(0.1, 0.95), seeds)
def test_an_instruction_keeps_its_side_when_the_run_grows(count: int, more: int, share: float, seed: int) -> None:
    before, after = (held_out(tasks(length), share, seed) for length in (count, count + more))
    assert before == after & set(tasks(count))


def test_another_seed_is_another_split() -> None:
    assert len({held_out(tasks(100), 0.95, seed) for seed in range(20)}) == 20


def test_every_place_in_a_reply_gets_its_turn() -> None:
    held = held_out(tasks(4000), 0.95, 42)
    assert {int(text.split()[1]) % 8 for text in held} == set(range(8))


def test_what_it_holds_out_never_changes() -> None:
    assert sorted(held_out(tasks(60), 0.95, 42)) == ["task 18", "task 30", "task 46"]
