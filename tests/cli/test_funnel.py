"""What `status` says of every filter, and what `rejected.jsonl` holds of every stage."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.config import read_recipe
from selfinstruct.export.records import RejectedRecord
from tests.command_line import command, rows

REJECTED = Path("d/rejected.jsonl")
RUN = ("run", "--backend", "demo", "--out", "d", "--quiet")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def funnels() -> dict[str, Any]:
    stages = json.loads(command("status", "--out", "d", "--json").done().out)["stages"]
    return {stage: status["funnel"] for stage, status in stages.items()}


def test_a_funnel_ends_with_what_was_accepted_whatever_a_stage_dropped() -> None:
    command(*RUN, "--target", "60", "--set", "generate.filters.rouge-l.threshold=0.4").done()
    dropped = Counter((row["stage"], row["filter"]) for row in rows(REJECTED))
    for stage, funnel in funnels().items():
        left = funnel["candidates"]
        for step in funnel["steps"]:
            assert step["dropped"] == sum(step["reasons"].values()) == dropped.pop((stage, step["filter"]), 0)
            left -= step["dropped"]
            assert step["left"] == left
        assert left == funnel["accepted"] > 0
        assert funnel["accepted_share"] == funnel["accepted"] / funnel["candidates"]
    assert not dropped


def test_the_filters_stand_in_the_order_of_the_chain() -> None:
    command(*RUN, "--target", "10", "--filter", "length").done()
    names = [step["filter"] for step in funnels()["generate"]["steps"]]
    assert names == [use["use"] for use in read_recipe("chat")["generate"]["filters"]]
    assert names[:2] == ["cut", "unreadable"]
    assert names[-1] == "rouge-l"
    generate = command("status", "--out", "d").done().out.partition("\nclassify\n")[0].splitlines()
    shown = [line.split("  ")[-1].partition(":")[0] for line in generate if "%" in line and "accepted" not in line][1:]
    (idle,) = (line.split(": ")[1].split(", ") for line in generate if "these filters dropped nothing" in line)
    assert [name for name in names if name in shown] == shown
    assert [name for name in names if name not in shown] == idle


def test_instructions_without_a_label_or_an_example_are_counted_at_the_end_and_in_the_status() -> None:
    ended = command("run", "--backend", "demo", "--out", "d", "--target", "60", "--set", "classify.attempts=1").done()
    labels, whole = rows(Path("d/is_clf_or_not.jsonl")), 60
    unknown = sum(row["is_classification"] == "Unknown" for row in labels)
    assert unknown, "the demo's model forgets some"
    taught = {row["instruction"] for row in rows(Path("d/finetuning/all_generated_instances.jsonl"))}
    assert len(taught) < whole
    for out in (ended.out, command("status", "--out", "d").done().out):
        assert f"  {unknown} of 60 instructions left without a label\n" in out
        assert f"  60 instructions, {len(taught)} with training examples\n" in out


def test_replies_beyond_the_target_wait_and_are_reported() -> None:
    command(*RUN, "--target", "5").done()
    funnel = funnels()["generate"]
    assert funnel["waiting"] > 0
    assert f"{funnel['waiting']} not needed so far: a larger target" in command("status", "--out", "d").done().out


def test_answers_that_are_asked_for_again_are_no_rejections_of_any_summary() -> None:
    command("run", "--backend", "demo", "--out", "d", "--target", "20").done()
    summary = json.loads(command("status", "--out", "d", "--json").done().out)["stages"]["classify"]
    missing = sum(summary["asked_again"].values())
    assert missing == summary["rejected"] > 0, "the demo's model forgets some"
    assert f"{missing} answers missing or unusable" in command("status", "--out", "d").done().out
    command("export", "--out", "d", "--to", "set").done()
    card = Path("set/README.md").read_text("utf-8")
    assert f"| classify | 20 | 20 | 0 | 0 | {missing} | 0 |" in card
    assert "| classify | `" not in card


def test_rejected_rows_say_of_every_stage_what_was_dropped_where_and_why() -> None:
    command(*RUN, "--target", "60", "--set", "generate.filters.rouge-l.threshold=0.4").done()
    found = rows(REJECTED)
    assert {row["stage"] for row in found} >= {"generate", "prepare"}
    for row in found:
        record = RejectedRecord.model_validate(row)
        assert record.filter
        assert record.reason
        assert record.fate == "rejected"
        if row["stage"] != "generate":
            assert row["instruction"], "what it was about"
    places = [(row["stage"], row["request_idx"], row["position"]) for row in found]
    assert len(set(places)) == len(places)


def test_a_dropped_label_is_in_the_rejected_file_with_its_instruction() -> None:
    command("generate", "--backend", "demo", "--out", "d", "--target", "5", "--quiet").done()
    plugin = "from selfinstruct.api import Component, Filter, NoOptions, drop, hookimpl\n"
    plugin += "class No(Filter):\n    def __init__(self, options): pass\n"
    plugin += "    def evaluate(self, item): return drop('never', n=1)\n"
    plugin += "@hookimpl\ndef selfinstruct_filters(): return [Component('no', 'No', NoOptions, No, ('classify',))]\n"
    Path("no.py").write_text(plugin)
    command("classify", "--out", "d", "--quiet", "--plugin", "./no.py", "--set", 'classify.filters=[{use="no"}]').done()
    instructions = {row["id"]: row["instruction"] for row in rows(Path("d/machine_generated_instructions.jsonl"))}
    found = [row for row in rows(REJECTED) if row["stage"] == "classify"]
    assert {row["subject"]: row["instruction"] for row in found} == instructions
    assert {(row["filter"], row["reason"], row["evidence"]["n"]) for row in found} == {("no", "never", 1)}


def test_a_run_in_steps_leaves_the_same_rejected_rows_as_one_at_once() -> None:
    for target in (7, 23, 60):
        command(*RUN, "--target", str(target)).done()
    stepwise = rows(REJECTED)
    command("run", "--backend", "demo", "--out", "e", "--quiet", "--target", "60").done()
    assert [row for row in stepwise if row["stage"] == "generate"] == [
        row for row in rows(Path("e/rejected.jsonl")) if row["stage"] == "generate"
    ]
