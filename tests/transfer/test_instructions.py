"""Instructions of an old run: accepted candidates, with the replies they came out of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from selfinstruct.types import GENERATE, Reply
from tests.golden import golden
from tests.transfer.old import SEEDS, OldRun, instruction_rows, metadata, reasons


@golden("e2e_bootstrap")
def test_what_the_reference_wrote_comes_out_again_as_it_went_in(old: OldRun, case: dict[str, Any]) -> None:
    rows = case["output"]["rows"]
    old.file("seeds.jsonl", *case["input"]["seed_tasks"])
    result = old.bring(old.file("machine_generated_instructions.jsonl", *rows))
    assert result.instructions == len(rows)
    kept = ("instruction", "most_similar", "avg_similarity_score", "metadata")
    got = old.rows("machine_generated_instructions.jsonl")
    assert [[row[key] for key in kept] for row in got] == [[row[key] for key in kept] for row in rows]
    assert [list(row["most_similar"]) for row in got] == [list(row["most_similar"]) for row in rows]


def test_thousands_of_rows_keep_their_order_their_replies_and_their_scores(old: OldRun) -> None:
    rows = instruction_rows(5000)
    (report,) = old.bring(old.file("m.jsonl", *rows)).files
    assert (report.rows, report.taken, report.reasons) == (5000, 5000, {})
    got = old.rows("machine_generated_instructions.jsonl")
    for row, kept in zip(rows, got, strict=True):
        assert kept["instruction"] == row["instruction"]
        assert kept["most_similar"] == row["most_similar"]
        assert kept["metadata"]["prompt"] == row["metadata"]["prompt"]
        assert kept["metadata"]["response"]["choices"][0]["text"] == row["metadata"]["response"]["choices"][0]["text"]
    replies = {(row["request_idx"], row["metadata"]["prompt"]) for row in rows}
    store = old.open_readonly()
    totals = store.totals(GENERATE)
    assert (totals.requests, totals.replies, totals.accepted) == (len(replies), len(replies), 5000)
    assert store.accepted_totals(GENERATE)[-1] == 5000
    store.close()


def test_rows_of_one_reply_are_one_request_and_rows_of_others_are_not(old: OldRun) -> None:
    one, two = metadata("9. A\n10. B"), metadata("9. C")
    rows = [
        {"instruction": "A", "metadata": one, "request_idx": 0},
        {"instruction": "B", "metadata": one, "request_idx": 0},
        {"instruction": "C", "metadata": two, "request_idx": 0},
        {"instruction": "D", "metadata": two, "request_idx": 1},
        {"instruction": "E"},
        {"instruction": "F"},
    ]
    old.bring(old.file("m.jsonl", *rows))
    ids = [row["id"] for row in old.rows("machine_generated_instructions.jsonl")]
    assert ids == ["g0.0", "g0.1", "g1.0", "g2.0", "g3.0", "g4.0"]


@pytest.mark.parametrize(
    ("said", "prompt", "reply", "finish"),
    [
        (metadata("9. Name a river.", "P", "length"), "P", "9. Name a river.", "length"),
        (metadata("9. Name a river.", "P", "content_filter"), "P", "9. Name a river.", "filtered"),
        (metadata(None, "P"), "P", "Name a river.", "unknown"),
        (metadata("", "P"), "P", "Name a river.", "stop"),
        ({"prompt": "P", "response": {"choices": [{"message": {"content": "R"}}]}}, "P", "R", "unknown"),
        ({"prompt": "P", "response": {"text": "R", "finish_reason": "stop"}}, "P", "R", "stop"),
        ({"prompt": "P", "response": "R"}, "P", "R", "unknown"),
        ({"prompt": ["P"], "response": {"choices": []}, "created_at": 5}, "", "Name a river.", "unknown"),
        ({"response": {"choices": [None]}}, "", "Name a river.", "unknown"),
        ({"response": {"choices": [{"text": "R", "finish_reason": ["stop"]}]}}, "", "R", "unknown"),
        ([], "", "Name a river.", "unknown"),
        (None, "", "Name a river.", "unknown"),
    ],
)
def test_what_a_row_says_of_its_reply_is_journalled_and_what_it_leaves_out_is_not_made_up(
    old: OldRun, said: Any, prompt: str, reply: str, finish: str
) -> None:
    old.bring(old.file("m.jsonl", {"instruction": "Name a river.", "metadata": said}))
    store = old.open_readonly()
    held = store.journal_entry(GENERATE, 0, {})
    store.close()
    assert held is not None
    assert isinstance(held.answer, Reply)
    assert (held.request.prompt, held.answer.text, held.answer.finish) == (prompt, reply, finish)
    assert (held.complete, held.evaluated, held.answer.details) == (True, 1, {"imported": "m.jsonl"})


def test_a_second_time_is_a_rejected_duplicate_white_space_aside_and_so_is_a_seed(old: OldRun) -> None:
    texts = ["Name a river.", "Name a  river.\n", "name a river.", f" {SEEDS[0]} "]
    result = old.bring(old.file("m.jsonl", *({"instruction": text} for text in texts)))
    assert reasons(result.files[0]) == {
        "the instruction is there already": (1, [2]),
        "the instruction is a seed task's": (1, [4]),
    }
    assert old.instructions() == ["Name a river.", "name a river."]
    rejected = old.rows("rejected.jsonl")
    assert [(row["text"], row["filter"], row["reason"]) for row in rejected] == [
        ("Name a  river.", "import", "duplicate"),
        (SEEDS[0], "import", "duplicate"),
    ]
    assert [row["evidence"] for row in rejected] == [
        {"file": "m.jsonl", "line": 2},
        {"file": "m.jsonl", "line": 4, "seed": "s0"},
    ]


def test_duplicates_at_the_end_of_a_file_do_not_count_as_a_saturated_pool(old: OldRun) -> None:
    rows = [{"instruction": f"Do number {n}."} for n in range(80)]
    old.bring(old.file("m.jsonl", *rows, *rows))
    store = old.open_readonly()
    sizes, totals = store.accepted_totals(GENERATE), store.totals(GENERATE)
    store.close()
    assert (totals.accepted, totals.rejected) == (80, 80)
    assert sizes[-2:] == [79, 80]


@pytest.mark.parametrize(
    ("near", "mean", "nearest", "average"),
    [
        ({"a": 0.2, "b": 0.5, "c": 0}, 0.1, {"b": 0.5, "a": 0.2, "c": 0.0}, 0.1),
        ({f"t{n}": n / 100 for n in range(30)}, 0.1, {f"t{n}": n / 100 for n in range(29, 19, -1)}, 0.1),
        ({"a": float("nan"), "b": float("inf"), "c": "0.5", "d": None, "e": True}, float("nan"), {}, 0.0),
        ([["a", 0.5]], 0.25, {}, 0.25),
        (None, None, {}, 0.0),
        ({"a": 10**400}, 10**400, {}, 0.0),
    ],
)
def test_scores_are_taken_over_where_they_are_numbers(
    old: OldRun, near: Any, mean: Any, nearest: dict[str, float], average: float
) -> None:
    old.bring(old.file("m.jsonl", {"instruction": "Go.", "most_similar": near, "avg_similarity_score": mean}))
    (row,) = old.rows("machine_generated_instructions.jsonl")
    assert json.dumps(row["most_similar"]) == json.dumps(nearest)
    assert row["avg_similarity_score"] == average
