"""Lists and items as the page gets them."""

from __future__ import annotations

import hashlib
import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.store import RunStore, review_pages
from selfinstruct.store.ids import candidate_id
from selfinstruct.store.review_pages import ItemLine, PageFilter, Pages
from selfinstruct.store.reviews import Reviews
from selfinstruct.types import Decision, Request


def whole(pages: Pages, wanted: PageFilter, most: int = 7) -> list[ItemLine]:
    """All lines, page after page."""
    found: list[ItemLine] = []
    after = ""
    while True:
        page = pages.page(wanted, after, most)
        found += page.lines
        assert len(page.lines) <= most
        if not page.after:
            return found
        after = page.after


def candidates(run: Path, stage: str, *fates: str) -> list[str]:
    store = RunStore.open_readonly(run)
    places = sorted((row.index, row.decision.position) for fate in fates for row in store.decisions(stage, fate))
    store.close()
    return [candidate_id(stage, *place) for place in places]


@pytest.mark.parametrize(("budget", "window"), [(1.0, 512), (-1.0, 1), (-1.0, 3)])
def test_pages_hold_every_item_once_in_order(
    reviews: Reviews, run: Path, monkeypatch: pytest.MonkeyPatch, budget: float, window: int
) -> None:
    monkeypatch.setattr(review_pages, "SEARCH_SECONDS", budget)
    monkeypatch.setattr(review_pages, "REQUESTS_AT_A_TIME", window)
    shown = Pages(reviews)
    for stage, most in product(("generate", "prepare"), (1, 7, 1000)):
        found = [line.id for line in whole(shown, PageFilter(stage), most)]
        assert found == candidates(run, stage, "accepted", "rejected", "quarantined")


def test_lists_by_fate_filter_and_review(reviews: Reviews, run: Path) -> None:
    shown = Pages(reviews)
    kept, lost = (candidates(run, "generate", fate) for fate in ("accepted", "rejected"))
    assert kept
    assert lost
    assert [line.id for line in whole(shown, PageFilter(fate="accepted"))] == kept
    assert [line.id for line in whole(shown, PageFilter(fate="rejected"))] == lost
    one = whole(shown, PageFilter(fate="rejected"))[0]
    assert {line.filter for line in whole(shown, PageFilter(filter=one.filter))} == {one.filter}
    reviews.accept(lost[0], 0)
    reviews.reject(kept[0], 0, "unclear")
    reviews.edit(kept[1], 0, {"instruction": "Other words."})
    reviews.accept(kept[2], 0)
    reviews.undo(kept[2], 1)
    kinds: list[Any] = list(review_pages._REVIEWED)
    by = {kind: {line.id for line in whole(shown, PageFilter(reviewed=kind))} for kind in kinds}
    assert by["accepted"] == {lost[0]}
    assert by["rejected"] == {kept[0]}
    assert by["edited"] == {kept[1]}
    assert by["any"] == {lost[0], kept[0], kept[1]}
    assert by["none"] == by[""] - by["any"] == {*kept, *lost} - {lost[0], kept[0], kept[1]}


def test_search_looks_into_all_parts_in_any_case_and_into_edits(reviews: Reviews) -> None:
    shown = Pages(reviews)
    reviews.edit("g0.0", 0, {"instruction": "Beschreibe die STRASSE: «Ünter den Linden» — 路"})
    for text in ("ünter DEN", "straße", "路", "«"):
        assert [line.id for line in whole(shown, PageFilter(text=text))] == ["g0.0"], text
    assert whole(shown, PageFilter(text="%")) == [
        line for line in whole(shown, PageFilter()) if "%" in line.texts["instruction"]
    ]
    example = shown.item("e0.0")["original"]
    assert isinstance(example, dict)
    for part in ("instruction", "output"):
        assert "e0.0" in {line.id for line in whole(shown, PageFilter("prepare", text=str(example[part]).upper()))}
    assert not whole(shown, PageFilter("prepare", text='"is_classification"')), "keys are no text"


def test_an_item_says_where_it_came_from_and_what_belongs_to_it(reviews: Reviews) -> None:
    shown = Pages(reviews)
    item = shown.item("g0.0")
    assert item["label"] in ("yes", "no")
    assert item["source"]["model"] == "demo"  # type: ignore[index,call-overload]
    (first, *_) = item["examples"]  # type: ignore[str-unpack,misc]
    assert first["id"] == "e0.0"  # type: ignore[index,call-overload]
    example = shown.item("e0.0")
    assert example["subject"] == "g0.0"
    assert str(example["original"]["output"]) in example["source"]["reply"]  # type: ignore[operator,index,call-overload]
    reviews.reject("g0.0", 0, "unclear")
    assert shown.item("e0.0")["out_with"] == "unclear"
    assert whole(shown, PageFilter("prepare"))[0].out_with == "unclear"


def test_an_empty_stage_has_an_empty_page(reviews: Reviews, run: Path) -> None:
    reviews.close()
    store = RunStore.open(run)
    store.delete_decisions("prepare")
    store.close()
    again = Reviews.open(run)
    assert Pages(again).page(PageFilter("prepare")) == review_pages.ItemPage([], "")
    assert Pages(again).counts()["prepare"] == []
    again.close()


def rate(run: Path, score: int, example: str) -> None:
    """Rate an example as the stage `judge` does."""
    store = RunStore.open(run)
    (made,) = [made for name, made in store.examples() if name == example]
    said = json.dumps([made.instruction, made.input, made.output])
    answers = {"valid_task": "yes", "suitable_input": "no", "correct_output": "unknown", "remark": "<b>so so</b>"}
    subject = hashlib.sha256(said.encode()).hexdigest()[:32]
    decision = Decision(0, str(score), "accepted", subject=subject, payload=answers)
    store.settle(Request("judge", score, ()), [decision], evaluated=1, complete=True, accepted=1).result()
    store.close()


def test_what_a_judge_says_is_shown_and_searched_by_if_there_is_one(reviews: Reviews, run: Path) -> None:
    shown = Pages(reviews)
    assert not shown.has_ratings()
    everything = [line.id for line in whole(shown, PageFilter("prepare"))]
    assert [line.id for line in whole(shown, PageFilter("prepare", score="none"))] == everything
    one, other = candidates(run, "prepare", "accepted")[:2]
    rate(run, 1, one)
    rate(run, 3, other)
    assert shown.has_ratings()
    assert [line.id for line in whole(shown, PageFilter("prepare", score="1"))] == [one]
    assert [line.id for line in whole(shown, PageFilter("prepare", score="3"))] == [other]
    assert [line.id for line in whole(shown, PageFilter("prepare", score="none"))] == [
        name for name in everything if name not in (one, other)
    ]
    (rating,) = shown.item(one)["ratings"]  # type: ignore[str-unpack,misc]
    assert rating["remark"] == "<b>so so</b>"  # type: ignore[index,call-overload]


def test_counts_follow_a_run_that_continues(reviews: Reviews, run: Path) -> None:
    shown = Pages(reviews)

    def dropped() -> int:
        return sum(row["count"] for row in shown.counts()["generate"] if row["fate"] == "rejected")  # type: ignore[misc]

    before = dropped()
    store = RunStore.open(run)
    store.settle(
        Request("generate", 9999, ()),
        [Decision(0, "x", "rejected", "length", "short")],
        evaluated=1,
        complete=True,
        accepted=1,
    ).result()
    assert dropped() == before + 1
    store.close()
