"""Exports before and after a review: the contract files, data sets, the card, and the status."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.export.contracts import FILES
from selfinstruct.export.records import ExampleRecord, InstructionRecord, RejectedRecord
from selfinstruct.files.names import EXAMPLES, INSTRUCTIONS, LABELS, RATINGS, RAW_INSTANCES, REJECTED
from selfinstruct.store import RunStore
from selfinstruct.store.ids import candidate_id
from selfinstruct.store.reviews import Reviews
from tests.command_line import command, rows
from tests.project import Project, ended, wait_until

NAMES = [name for name in FILES if name != RATINGS]
"""The files that a run has which no judge has rated."""


def files(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in NAMES}


def exported(run: Path) -> dict[str, list[dict[str, Any]]]:
    """The contract files, written again."""
    command("export", "--out", run).done()
    return {name: rows(run / name) for name in NAMES}


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in found]


def dropped(run: Path, stage: str) -> list[str]:
    letter = {"generate": "g", "prepare": "e"}[stage]
    found = [row for row in rows(run / REJECTED) if row["stage"] == stage]
    return [f"{letter}{row['request_idx']}.{row['position']}" for row in found]


def test_a_run_that_nobody_reviewed_is_exported_as_before(run: Path) -> None:
    before = files(run)
    exported(run)
    assert files(run) == before
    Reviews.open(run).close()
    exported(run)
    assert files(run) == before


def test_a_rejected_instruction_takes_everything_of_it_along(run: Path, reviews: Reviews) -> None:
    before = {name: rows(run / name) for name in NAMES}
    reviews.reject("g0.0", 0, "unclear")
    after = exported(run)
    gone = {row["id"] for row in before[EXAMPLES] if row["instruction"] == before[INSTRUCTIONS][0]["instruction"]}
    assert gone
    for name in (INSTRUCTIONS, LABELS, RAW_INSTANCES):
        assert after[name] == [row for row in before[name] if row["id"] != "g0.0"]
    assert after[EXAMPLES] == [row for row in before[EXAMPLES] if row["id"] not in gone]
    new = [row for row in after[REJECTED] if row not in before[REJECTED]]
    assert [(row["stage"], row["filter"], row["reason"]) for row in new] == [
        ("generate", "review", "unclear"), *[("prepare", "review", "instruction: unclear")] * len(gone)
    ]  # fmt: skip
    assert len(after[REJECTED]) == len(before[REJECTED]) + 1 + len(gone), "every candidate has one fate"
    for row in after[REJECTED]:
        RejectedRecord.model_validate(row)


def test_an_example_that_people_accept_goes_with_an_instruction_that_they_reject(run: Path, reviews: Reviews) -> None:
    before = {name: rows(run / name) for name in NAMES}
    own = [row["id"] for row in before[EXAMPLES] if row["instruction"] == before[INSTRUCTIONS][0]["instruction"]]
    reviews.accept(own[0], 0)
    reviews.reject("g0.0", 0, "unclear")
    assert not {*own} & {*ids(exported(run)[EXAMPLES])}
    reviews.undo("g0.0", 1)
    assert exported(run) == before


def test_what_a_broken_filter_left_undecided_is_exported_once_people_accept_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.py").write_text(BROKEN)
    filters = ("--plugin", "./broken.py", "--filter", "broken", "--set", "run.on_plugin_error=quarantine")
    command("generate", "--backend", "demo", "--target", "5", "--out", "run", *filters).done()
    run, decided = Path("run"), rows(Path("run") / INSTRUCTIONS)
    with closing(RunStore.open_readonly(run)) as store:
        (undecided,) = store.decisions("generate", "quarantined")
    aside = candidate_id("generate", undecided.index, undecided.decision.position)
    reviews = Reviews.open(run)
    reviews.accept(aside, 0)
    command("export", "--out", run).done()
    assert sorted(ids(rows(run / INSTRUCTIONS))) == sorted([*ids(decided), aside])
    assert "reviewed by hand: instructions\n  1 accepted" in command("status", "--out", run).done().out
    reviews.reject(aside, 1, "unclear")
    reviews.close()
    command("export", "--out", run).done()
    assert rows(run / INSTRUCTIONS) == decided
    (row,) = (row for row in rows(run / REJECTED) if row["filter"] == "review")
    assert (row["reason"], f"g{row['request_idx']}.{row['position']}") == ("unclear", aside)


BROKEN = """
from selfinstruct.api import Component, Draft, Filter, NoOptions, hookimpl, keep

class Broken(Filter[Draft]):
    seen = 0

    def evaluate(self, item):
        self.seen += 1
        return keep() if self.seen != 2 else 1 / 0

@hookimpl
def selfinstruct_filters():
    return [Component("broken", "Fails once", NoOptions, lambda _: Broken(), ("generate",))]
"""


def test_what_was_dropped_and_is_accepted_by_hand_is_exported_in_its_place(run: Path, reviews: Reviews) -> None:
    before = {name: rows(run / name) for name in NAMES}
    (instruction, *_), (example, *_) = dropped(run, "generate"), dropped(run, "prepare")
    reviews.accept(instruction, 0)
    reviews.accept(example, 0)
    after = exported(run)
    for name, one, model in ((INSTRUCTIONS, instruction, InstructionRecord), (EXAMPLES, example, ExampleRecord)):
        assert set(ids(after[name])) - set(ids(before[name])) == {one}
        assert [row for row in after[name] if row["id"] != one] == before[name], "nothing else has changed"
        places = [tuple(map(int, name[1:].split("."))) for name in ids(after[name])]
        assert places == sorted(places)
        for row in after[name]:
            model.model_validate(row)
    assert len(after[REJECTED]) == len(before[REJECTED]) - 2
    assert instruction not in dropped(run, "generate")
    (text,) = [row["instruction"] for row in after[INSTRUCTIONS] if row["id"] == instruction]
    assert text not in {row["instruction"] for row in after[EXAMPLES]}, "it was never asked about"


def test_a_persons_no_to_what_a_filter_dropped_is_theirs(run: Path, reviews: Reviews) -> None:
    before = rows(run / REJECTED)
    reviews.reject(dropped(run, "generate")[0], 0, "not a task")
    after = exported(run)[REJECTED]
    assert len(after) == len(before)
    (theirs,) = [row for row in after if row["filter"] == "review"]
    assert theirs["evidence"] == {"fate": "rejected", "filter": before[0]["filter"], "reason": before[0]["reason"]}


def test_edits_are_exported_everywhere(run: Path, reviews: Reviews, tmp_path: Path) -> None:
    reviews.edit("g0.0", 0, {"instruction": "Name a river."})
    other = next(row["id"] for row in exported(run)[EXAMPLES] if row["id"] != "e0.0")
    reviews.edit(other, 0, {"input": "in the north", "output": "Tana"})
    after = exported(run)
    for name in (INSTRUCTIONS, LABELS, RAW_INSTANCES):
        assert [row["instruction"] for row in after[name] if row["id"] == "g0.0"] == ["Name a river."]
    by = {row["id"]: row for row in after[EXAMPLES]}
    assert by["e0.0"]["instruction"] == "Name a river."
    assert (by[other]["input"], by[other]["output"]) == ("in the north", "Tana")
    for kind in ("alpaca", "messages", "sharegpt", "text"):
        command("export", "--out", run, "--to", tmp_path / kind, "--format", kind, "--split", "1").done()
        text = (tmp_path / kind / "data/train.jsonl").read_text("utf-8")
        assert "Name a river." in text
        assert "Tana" in text


def test_undone_reviews_leave_no_trace_in_exports(run: Path, reviews: Reviews) -> None:
    before = files(run)
    reviews.reject("g0.0", 0, "unclear")
    reviews.edit("g0.1", 0, {"instruction": "Other."})
    reviews.undo("g0.0", 1)
    reviews.undo("g0.1", 1)
    exported(run)
    assert files(run) == before


def test_reviews_move_no_instruction_between_train_and_validation(run: Path, reviews: Reviews, tmp_path: Path) -> None:
    def parts(name: str) -> list[set[str]]:
        args = ("--to", tmp_path / name, "--format", "alpaca", "--split", "0.7")
        command("export", "--out", run, *args).done()
        data = tmp_path / name / "data"
        return [{row["instruction"] for row in rows(data / f"{part}.jsonl")} for part in ("train", "validation")]

    train, validation = parts("before")
    first, second = (row["instruction"] for row in rows(run / INSTRUCTIONS)[:2])
    reviews.reject("g0.0", 0, "unclear")
    reviews.edit("g0.1", 0, {"instruction": "Edited."})
    swap = {second: "Edited."}
    assert parts("after") == [{swap.get(text, text) for text in part if text != first} for part in (train, validation)]


def test_the_card_and_its_config_count_reviews(run: Path, reviews: Reviews, tmp_path: Path) -> None:
    command("export", "--out", run, "--to", tmp_path / "set").done()
    assert "no person has checked them" in (tmp_path / "set/README.md").read_text("utf-8")
    assert "reviews" not in json.loads((tmp_path / "set/config.json").read_text("utf-8"))
    reviews.reject("g0.0", 0, "unclear")
    reviews.accept("e1.0", 0)
    command("export", "--out", run, "--to", tmp_path / "set").done()
    card = (tmp_path / "set/README.md").read_text("utf-8")
    assert "no person has checked them" not in card
    assert "| instructions | 0 | 1 | 0 |" in card
    assert "| examples | 1 | 0 | 0 |" in card
    counted = json.loads((tmp_path / "set/config.json").read_text("utf-8"))["reviews"]
    assert counted["generate"] == {"accepted": 0, "rejected": 1, "edited": 0, "stale": 0}


def test_a_run_of_which_people_left_nothing_says_so(run: Path, reviews: Reviews, tmp_path: Path) -> None:
    for row in rows(run / EXAMPLES):
        reviews.reject(row["id"], 0, "wrong answer")
    ended = command("export", "--out", run, "--to", tmp_path / "set")
    ended.failed(2, "no training examples", "reviewers left none")


def test_status_counts_reviews_and_those_without_effect(run: Path, reviews: Reviews) -> None:
    assert "reviewed" not in command("status", "--out", run).done().out
    reviews.reject("g0.0", 0, "unclear")
    reviews.edit("e0.0", 0, {"output": "Other."})
    output = command("status", "--out", run).done().out
    assert "reviewed by hand: instructions\n  0 accepted, 1 rejected, 0 edited\n" in output
    assert "reviewed by hand: examples\n  0 accepted, 0 rejected, 1 edited\n" in output
    counted = json.loads(command("status", "--out", run, "--json").done().out)["reviews"]
    assert counted["prepare"] == {"accepted": 0, "rejected": 0, "edited": 1, "stale": 0}


def test_a_ledger_that_cannot_be_read_stops_an_export_with_a_sentence(run: Path) -> None:
    before = files(run)
    (run / "reviews.sqlite").write_bytes(b"no database" * 1000)
    command("export", "--out", run).failed(2, "reviews.sqlite cannot be used")
    assert files(run) == before


@pytest.mark.parametrize("reviewed", [False, True])
def test_a_continued_run_is_the_same_with_and_without_reviews(project: Project, reviewed: bool) -> None:
    """Reviewed while another process grows it: what is asked, answered and decided does not change."""
    unbroken = project.another("unbroken").grow(60)
    project.grow(20)
    reviews = Reviews.open(project.folder)
    if reviewed:
        reviews.reject("g0.0", 0, "unclear")
        reviews.edit("g0.1", 0, {"instruction": "Edited."})
    growing = project.start("generate", "--target", "60", "--set", "backend.latency=0.02")
    before = project.replies()
    wait_until(lambda: project.replies() > before, "it goes on")
    if reviewed:
        reviews.reject("g1.0", 0, "unclear")
        reviews.undo("g1.0", 1)
    assert growing.is_running(), "it was reviewed while it was at work"
    ended(growing).succeeded()
    reviews.close()
    wanted = unbroken.instructions()
    if reviewed:
        wanted[1] = "Edited."
        del wanted[0]
    assert project.instructions() == wanted
    shutil.copytree(project.folder, project.folder.parent / "bare", ignore=shutil.ignore_patterns("reviews.sqlite*"))
    bare = project.another("bare")
    command("export", "--out", bare.folder).done()
    assert bare.exported() == unbroken.exported()
