"""The recipe `paper` on recorded replies: what it accepts, and how near that is, is what the reference says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from selfinstruct import SelfInstruct
from tests.golden import golden
from tests.project import Project

SEEDS = [
    "Write a short poem about the sea.",
    "Sort the given list in ascending order.",
    "Classify the sentiment of the tweet.",
    "Explain how tides work to a child.",
    "Translate the sentence into French.",
    "Which of these animals can fly?",
]

REPLIES = [
    " Name three rivers of Asia.\n10. Sort the given list in ascending order now.\n11. Say hi.\n12. Suggest a picture.",
    " Suggest names for a new bakery.\n10. Suggest names for a new bakery.\n11. Name three big rivers of Asia.",
    " List the planets by their size.\n10. Write a program that adds numbers.\n11. *Describe a perfect holiday.",
    " This reply is cut off by its leng",
    None,
    " Describe a holiday that went perfectly wrong.\n10. Explain how mountains slow the wind.",
]
CUT = 3


def recorded(folder: Path, replies: list[tuple[str | None, str]], seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """Write a recording and seeds; returns what `SelfInstruct` needs to replay them with the recipe `paper`."""
    rows = [
        {"response": None if text is None else {"choices": [{"text": text, "finish_reason": finish}]}}
        for text, finish in replies
    ]
    for name, lines in (("replies.jsonl", rows), ("seeds.jsonl", seeds)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    backend = {"path": str(folder / "replies.jsonl")}
    return {
        "backend": "replay",
        "recipe": "paper",
        "seeds": folder / "seeds.jsonl",
        "settings": {"backend": backend, "generate": {"sampler": {"total": 5}}},
    }


def own(folder: Path) -> dict[str, Any]:
    seeds = [{"id": f"s{n}", "instruction": text, "instances": [{"output": "x"}]} for n, text in enumerate(SEEDS)]
    replies = [(text, "length" if position == CUT else "stop") for position, text in enumerate(REPLIES)]
    return recorded(folder, replies, seeds)


def reference_scores(text: str, pool: list[str]) -> dict[str, float]:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], use_stemmer=False)
    return {entry: scorer.score(entry, text)["rougeL"].fmeasure for entry in pool}


@golden("e2e_bootstrap")
def test_recorded_runs_of_the_reference(project: Project, case: dict[str, Any]) -> None:
    given = case["input"]
    replies = [(None, "") if reply is None else tuple(reply) for reply in given["responses_in_order"]]
    wanted = recorded(project.folder.parent, replies, given["seed_tasks"])
    arguments = given["args"]
    if "--num_prompt_instructions" in arguments:
        total = int(arguments[arguments.index("--num_prompt_instructions") + 1])
        wanted["settings"]["generate"]["sampler"]["total"] = total
    if "--use_clf_seed_tasks_only" in arguments:
        wanted["settings"]["run"] = {"seed_tasks": "classification"}
        wanted["settings"]["generate"]["encoder"] = {"classification": True}
    project.grow(1000, **wanted)
    expected = case["output"]["rows"]
    rows = project.rows() if case["output"]["calls"] else project.rows()[: len(expected)]  # one had enough already
    assert [row["instruction"] for row in rows] == [row["instruction"] for row in expected]
    for row, other in zip(rows, expected, strict=True):
        assert row["most_similar"] == other["most_similar"]
        assert list(row["most_similar"].values()) == list(other["most_similar"].values())
        assert row["avg_similarity_score"] == pytest.approx(other["avg_similarity_score"], abs=1e-12)


def test_what_the_paper_keeps_and_drops(project: Project) -> None:
    project.grow(1000, **own(project.folder.parent))
    assert project.instructions() == [
        "Name three rivers of asia.",
        "Suggest names for a new bakery.",
        "List the planets by their size.",
        "Describe a holiday that went perfectly wrong.",
        "Explain how mountains slow the wind.",
    ]
    dropped = {row["text"]: row["filter"] for row in project.rows("rejected.jsonl")}
    assert {text: rule for text, rule in dropped.items() if "cut off" not in text} == {
        "Sort the given list in ascending order now.": "rouge-l",
        "Say hi.": "paper-length",
        "Suggest a picture.": "paper-length",
        "Suggest names for a new bakery.": "rouge-l",
        "Name three big rivers of asia.": "rouge-l",
        "Write a program that adds numbers.": "paper-program",
        "*describe a perfect holiday.": "paper-first-char",
    }
    assert {rule for text, rule in dropped.items() if "cut off" in text} <= {"paper-cut"}


def test_every_score_is_the_reference_s(project: Project) -> None:
    project.grow(1000, **own(project.folder.parent))
    pool = list(SEEDS)
    for row in project.rows():
        scores = reference_scores(row["instruction"], pool)
        nearest = sorted(scores.values(), reverse=True)[:10]
        assert list(row["most_similar"].values()) == nearest
        assert all(scores[text] == score for text, score in row["most_similar"].items())
        assert row["avg_similarity_score"] == pytest.approx(sum(scores.values()) / len(scores), abs=1e-12)
        pool.append(row["instruction"])


def test_a_recorded_failure_is_a_failure_and_the_end_is_no_error(project: Project) -> None:
    summary = SelfInstruct(out=project.folder, **own(project.folder.parent)).generate(1000).summary
    assert (summary.failures, summary.exit_code) == (1, 0)
    assert "ended" in summary.reason
    assert {row["request_idx"] for row in project.rows()} == {0, 1, 2, 5}


def test_a_recording_that_grew_later_is_continued(project: Project) -> None:
    given = own(project.folder.parent)
    recording = project.folder.parent / "replies.jsonl"
    whole = recording.read_text()
    recording.write_text("".join(line + "\n" for line in whole.splitlines()[:2]))
    project.grow(1000, **given)
    assert len(project.rows()) == 2
    recording.write_text(whole)
    project.grow(1000, **given)
    assert len(project.rows()) == 5
