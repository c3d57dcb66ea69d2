"""A plugin that breaks is named with the item it broke on, and takes nothing with it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.api import Filter, drop, keep
from selfinstruct.engine.filter_chain import FilterChain, NamedFilter
from selfinstruct.engine.plugin_calls import check_verdict
from selfinstruct.errors import PluginError
from selfinstruct.store import RunStore
from selfinstruct.types import GENERATE, Decision, Draft, Instruction, Message, Reply, Request, Similarity, Verdict
from tests.engine.fakes import DropRepeats, FunctionFilter, ScriptedAnswerer, StageBench, WordStage, fresh

BAD = "w2.1"
"""The word on which a filter breaks: the second of the third reply."""


@pytest.fixture
def bench(tmp_path: Path) -> StageBench:
    return StageBench(tmp_path / "run")


def broken_on_bad(item: Draft) -> Verdict:
    if item.text == BAD:
        raise ZeroDivisionError("division by zero")
    return keep()


FAULTS: dict[str, Callable[[Draft], Any]] = {
    "raises": broken_on_bad,
    "returns nothing": lambda item: None if item.text == BAD else keep(),
    "returns a truth value": lambda item: True if item.text == BAD else keep(),
    "gives evidence that is no JSON": lambda item: drop("x", what=object()) if item.text == BAD else keep(),  # type: ignore[arg-type]
    "gives evidence that is no number": lambda item: drop("x", score=float("nan")) if item.text == BAD else keep(),
    "gives a reason that is no text": lambda item: drop(7) if item.text == BAD else keep(),  # type: ignore[arg-type]
    "gives a score that is no number": lambda item: (
        keep(Similarity(0.0, (("a", {1}),), 0.0)) if item.text == BAD else keep()  # type: ignore[arg-type]
    ),
}


def breaking(fault: str) -> Callable[[], list[NamedFilter]]:
    return lambda: [NamedFilter("novel", DropRepeats()), NamedFilter("shaky", FunctionFilter(FAULTS[fault]))]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_filter_that_breaks_stops_the_run_and_is_named_with_the_item(bench: StageBench, fault: str) -> None:
    bench.rules = breaking(fault)
    with pytest.raises(PluginError) as caught:
        await bench.run(ScriptedAnswerer(fresh), goal=30)
    assert "'shaky'" in caught.value.message
    assert BAD in caught.value.message


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fixed_filter_continues_where_the_broken_one_stopped(bench: StageBench, fault: str) -> None:
    bench.rules = breaking(fault)
    with pytest.raises(PluginError):
        await bench.run(ScriptedAnswerer(fresh), goal=30)
    assert len(bench.sizes()) == 2
    paid = bench.replies()
    bench.rules = lambda: [NamedFilter("novel", DropRepeats())]
    again = ScriptedAnswerer(fresh)
    await bench.run(again, goal=30)
    assert set(paid).isdisjoint(again.asked)
    assert bench.accepted() == [word for index in range(10) for word in fresh(index).split()]


@pytest.mark.parametrize("fault", FAULTS)
async def test_in_quarantine_the_item_is_neither_kept_nor_dropped(bench: StageBench, fault: str) -> None:
    bench.rules, bench.quarantine = breaking(fault), True
    await bench.run(ScriptedAnswerer(fresh), goal=30)
    (aside,) = [fate for fate in bench.fates() if fate[3] == "quarantined"]
    assert aside == (2, 1, BAD, "quarantined", "")
    totals = bench.totals()
    assert totals.candidates == totals.accepted + totals.quarantined == 31


async def test_the_cause_says_in_which_function_of_which_module(bench: StageBench) -> None:
    bench.rules = breaking("raises")
    with pytest.raises(PluginError, match=r"tests\.engine\.\w+\..*ZeroDivisionError: division by zero"):
        await bench.run(ScriptedAnswerer(fresh), goal=30)


async def test_a_filter_that_cannot_remember_stops_even_in_quarantine(bench: StageBench) -> None:
    """Other filters have the item in their memory by then, and would have lost it after a resume."""

    def forgetful(item: Draft) -> None:
        if item.text == BAD:
            raise MemoryError("full")

    bench.quarantine = True
    bench.rules = lambda: [
        NamedFilter("novel", DropRepeats()),
        NamedFilter("shaky", FunctionFilter(lambda _: keep(), forgetful)),
    ]
    with pytest.raises(PluginError, match="'shaky'") as caught:
        await bench.run(ScriptedAnswerer(fresh), goal=30)
    assert "quarantine" not in caught.value.hint
    bench.rules = lambda: [NamedFilter("novel", DropRepeats())]
    await bench.run(ScriptedAnswerer(fresh), goal=30)
    assert BAD in bench.accepted()


async def test_a_filter_that_breaks_on_the_seeds_is_named(bench: StageBench) -> None:
    class Fussy(Filter[Draft]):
        def evaluate(self, item: Draft) -> Verdict:
            return keep()

        def observe(self, item: Draft) -> None:
            raise ValueError("I know no words")

    bench.rules = lambda: [NamedFilter("fussy", Fussy())]
    with pytest.raises(PluginError, match=r"'fussy'.*I know no words"):
        await bench.run(ScriptedAnswerer(fresh), stage=lambda goal, most, _: WordStage(goal, most, ["seed"]))


async def test_a_filter_sees_all_items_of_a_reply_first_and_cannot_change_them(bench: StageBench) -> None:
    class Greedy(Filter[Draft]):
        def prefetch(self, items: Any) -> None:
            items.clear()

        def evaluate(self, item: Draft) -> Verdict:
            return keep()

    bench.rules = lambda: [NamedFilter("greedy", Greedy())]
    with pytest.raises(PluginError, match="'greedy'"):
        await bench.run(ScriptedAnswerer(fresh))


@pytest.mark.parametrize("parsed", [{"list": ["parsed"]}, {"flat": 1}, {}])
def test_what_a_filter_writes_into_notes_is_not_stored(parsed: dict[str, Any]) -> None:
    class Scribbles(Filter[Draft]):
        def evaluate(self, item: Draft) -> Verdict:
            notes: Any = item.notes
            notes["seen"] = True
            notes.get("list", []).append("mine")
            return keep()

    chain = FilterChain([NamedFilter("scribbles", Scribbles())])
    before = copy.deepcopy(parsed)
    outcome = chain.evaluate(lambda: [Draft("Name a river.", notes=parsed)], "reply", 0, room=None, most=None)
    assert outcome.decisions[0].notes == before


# --- post-processors --------------------------------------------------------------------------------------------------


def reads(read: Callable[[Reply], Any]) -> type[WordStage]:
    class Reads(WordStage):
        def read(self, request: Request, reply: Reply) -> Any:
            return read(reply) if BAD in reply.text else super().read(request, reply)

    return Reads


def boom(_: Reply) -> Any:
    raise LookupError("no list here")


READERS: dict[str, Callable[[Reply], Any]] = {
    "raises": boom,
    "returns nothing": lambda reply: None,
    "returns texts": lambda reply: reply.text.split(),
    "returns drafts without text": lambda reply: [Draft(None)],  # type: ignore[arg-type]
    "raises while it is read": lambda reply: (1 / 0 for _ in "x"),
    "notes what is no JSON": lambda reply: [Draft(reply.text, notes={"what": {1, 2}})],  # type: ignore[dict-item]
}


@pytest.mark.parametrize("reader", READERS)
async def test_a_post_processor_that_breaks_stops_the_run_resumably(bench: StageBench, reader: str) -> None:
    with pytest.raises(PluginError, match="post-processor"):
        await bench.run(ScriptedAnswerer(fresh), goal=30, stage=reads(READERS[reader]))
    assert len(bench.sizes()) == 2
    again = ScriptedAnswerer(fresh)
    await bench.run(again, goal=30)
    assert 2 not in again.asked
    assert len(bench.accepted()) == 30


@pytest.mark.parametrize("reader", READERS)
async def test_in_quarantine_an_unreadable_reply_is_set_aside_whole(bench: StageBench, reader: str) -> None:
    bench.quarantine = True
    await bench.run(ScriptedAnswerer(fresh), goal=30, stage=reads(READERS[reader]))
    assert [fate[:4] for fate in bench.fates() if fate[0] == 2] == [(2, 0, fresh(2), "quarantined")]
    assert len(bench.accepted()) == 30


async def test_the_subjects_of_a_reply_that_cannot_be_read_carry_the_cause(bench: StageBench) -> None:
    def fails(_: Reply) -> Any:
        raise KeyError("the cause")

    class Asks(reads(fails)):  # type: ignore[misc]
        def items_on_failure(self, request: Request) -> list[Decision]:
            return [Decision(place, "", "rejected", subject=name) for place, name in enumerate("ab")]

    bench.quarantine = True
    await bench.run(ScriptedAnswerer(fresh), goal=None, most=3, stage=Asks)
    with closing(RunStore.open(bench.folder)) as store:
        aside = [row.decision for row in store.decisions(GENERATE, "quarantined") if row.index == 2]
        held = store.journal_entry(GENERATE, 2, None)
    assert [(one.position, one.subject) for one in aside] == [(0, "a"), (1, "b")]
    assert aside[0].reason == aside[1].reason != ""
    assert aside[0].evidence == aside[1].evidence
    assert "the cause" in str(aside[0].evidence)
    assert held is not None
    assert (held.evaluated, held.complete) == (2, True)


async def test_half_surrogates_from_a_parser_are_replaced_before_filters_see_them(bench: StageBench) -> None:
    """Half an emoji can stand in JSON, and in no file: what filters saw must be what a resumed run reads."""
    seen: list[str] = []

    def look(item: Draft) -> Verdict:
        seen.append(item.text)
        return keep()

    bench.rules = lambda: [NamedFilter("looks", FunctionFilter(look))]
    await bench.run(ScriptedAnswerer(fresh), goal=3, stage=reads(lambda reply: []))
    await bench.run(ScriptedAnswerer(fresh), goal=7, stage=reads(lambda _: [Draft("half \ud83d of it")]))
    assert seen[6] == "half \ufffd of it" == bench.accepted()[6]


# --- samplers and encoders --------------------------------------------------------------------------------------------


def plans(plan: Callable[[int], Any]) -> type[WordStage]:
    class Plans(WordStage):
        def plan(self, index: int, pool_size: int) -> Any:
            return plan(index) if index == 5 else super().plan(index, pool_size)

    return Plans


def no_sample(_: int) -> Any:
    raise IndexError("the pool is too small")


PLANNERS: dict[str, Callable[[int], Any]] = {
    "raises": no_sample,
    "shows texts": lambda index: Request("generate", index, (Message("user", "x"),), examples=("text",)),  # type: ignore[arg-type]
    "writes texts": lambda index: Request("generate", index, ("text",), examples=(Instruction("s", "t"),)),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("planner", PLANNERS)
async def test_the_error_of_a_sampler_or_encoder_names_the_request(bench: StageBench, planner: str) -> None:
    script = ScriptedAnswerer(fresh)
    with pytest.raises(PluginError, match=r"(sampler|encoder).*request 5"):
        await bench.run(script, goal=30, stage=plans(PLANNERS[planner]))
    assert bench.replies() == {index: fresh(index) for index in script.asked}, "what was under way is kept"
    await bench.run(ScriptedAnswerer(fresh), goal=30)
    assert len(bench.accepted()) == 30


# --- the judge alone --------------------------------------------------------------------------------------------------


def test_the_first_filter_that_drops_decides_and_later_ones_are_not_asked() -> None:
    asked: list[str] = []

    def late(item: Draft) -> Verdict:
        asked.append(item.text)
        return keep()

    judge = FilterChain(
        [
            NamedFilter("a", FunctionFilter(lambda i: drop("no") if i.text == "bad" else keep())),
            NamedFilter("b", FunctionFilter(late)),
        ]
    )
    evaluated = judge.evaluate(lambda: [Draft("bad"), Draft("good")], "", 0, room=None, most=None)
    assert [(d.fate, d.filter, d.reason) for d in evaluated.decisions] == [
        ("rejected", "a", "no"),
        ("accepted", "", ""),
    ]
    assert asked == ["good"]


@pytest.mark.parametrize(
    ("skip", "room", "most", "texts", "evaluated", "complete"),
    [
        (0, None, None, ["a", "bad", "c"], 3, True),
        (0, 1, None, ["a"], 1, False),
        (0, 2, None, ["a", "bad", "c"], 3, True),
        (0, None, 2, ["a", "bad"], 2, False),
        (0, None, 3, ["a", "bad", "c"], 3, True),
        (1, 1, None, ["bad", "c"], 3, True),
        (1, None, 1, ["bad"], 2, False),
        (2, 0, None, [], 2, False),
        (3, None, None, [], 3, True),
        (5, None, None, [], 5, True),
    ],
)
def test_a_reply_is_evaluated_from_a_place_until_there_is_no_more_room(
    skip: int, room: int | None, most: int | None, texts: list[str], evaluated: int, complete: bool
) -> None:
    judge = FilterChain([NamedFilter("a", FunctionFilter(lambda i: drop("no") if i.text == "bad" else keep()))])
    found = judge.evaluate(lambda: [Draft("a"), Draft("bad"), Draft("c")], "", skip, room=room, most=most)
    assert [decision.text for decision in found.decisions] == texts
    assert [decision.position for decision in found.decisions] == list(range(skip, skip + len(texts)))
    assert (found.evaluated, found.complete, found.is_unreadable) == (evaluated, complete, False)


def test_a_reply_that_cannot_be_read_has_one_fate_at_its_place_and_is_complete() -> None:
    found = FilterChain([], quarantine=True).evaluate(lambda: 1 / 0, "the reply", 2, room=None, most=None)  # type: ignore[arg-type,return-value]
    (decision,) = found.decisions
    assert (decision.position, decision.text, decision.fate, decision.reason) == (
        2, "the reply", "quarantined", "plugin-error"
    )  # fmt: skip
    assert "the post-processor failed" in str(decision.evidence["error"])
    assert "ZeroDivisionError: division by zero" in str(decision.evidence["error"])
    assert (found.evaluated, found.complete, found.is_unreadable) == (3, True, True)


def test_only_what_is_accepted_is_remembered() -> None:
    novel = DropRepeats()
    judge = FilterChain(
        [
            NamedFilter("novel", novel),
            NamedFilter("b", FunctionFilter(lambda i: drop("no") if i.text == "bad" else keep())),
        ]
    )
    judge.evaluate(lambda: [Draft("bad"), Draft("good"), Draft("good")], "", 0, room=None, most=None)
    assert novel.seen == ["good"]


def test_the_last_similarity_that_a_filter_gave_is_kept() -> None:
    near = Similarity(0.5, (("a", 0.5),), 0.5)
    judge = FilterChain(
        [NamedFilter("a", FunctionFilter(lambda _: keep(near))), NamedFilter("b", FunctionFilter(lambda _: keep()))]
    )
    (decision,) = judge.evaluate(lambda: [Draft("x")], "", 0, room=None, most=None).decisions
    assert decision.similarity == near


def test_evidence_of_finite_numbers_is_checked_without_writing_json(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise AssertionError("evidence was written as JSON")

    monkeypatch.setattr(json, "dumps", refuse)
    check_verdict("mine", drop("x", score=0.93, nearest="text", at=4, exact=False), "text")
    with pytest.raises(AssertionError):
        check_verdict("mine", drop("x", words=["a"]), "text")
