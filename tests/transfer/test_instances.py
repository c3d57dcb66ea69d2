"""Instances of an old run: raw texts with their replies, and examples without raw texts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import Example, Instruction, Reply, Request
from selfinstruct.run.run import Run
from selfinstruct.transfer.importing.example_collector import ExampleCollector
from selfinstruct.types import INSTANCES, PREPARE
from selfinstruct_chat.readers.examples import ChatExamplesReader
from tests.golden import golden
from tests.sweeps import examples
from tests.transfer.old import SEEDS, OldRun, instruction_rows, metadata, reasons

RAW = "machine_generated_instances.jsonl"
CODE = "def f(x):\n    print(x << 2, file=out)\n    return '<<input'\n"


def raw(instruction: str, text: Any, **more: Any) -> dict[str, Any]:
    return {"instruction": instruction, "raw_instances": text, **more}


def example(instruction: str, given: Any, output: Any) -> dict[str, Any]:
    return {"instruction": instruction, "input": given, "output": output}


def prepared(old: OldRun, recipe: str | None = None, **prepare: Any) -> list[tuple[str, str, str]]:
    """The training examples that the stage `prepare` makes from an import; `prepare` are settings of the stage."""
    with Run(
        old.settings(recipe, backend={"use": "demo"}, **({"prepare": prepare} if prepare else {})), say=print
    ) as run:
        asyncio.run(run.stage(PREPARE))
    rows = old.rows("finetuning/all_generated_instances.jsonl")
    return [(row["instruction"], row["input"], row["output"]) for row in rows]


@golden("e2e_generate_instances")
def test_raw_instances_of_the_reference_are_imported_unchanged(old: OldRun, case: dict[str, Any]) -> None:
    rows = case["output"]["rows"]
    if not rows:
        return
    (report,) = old.bring(old.file("i.jsonl", *rows)).files
    assert report.added == len(rows)
    full = [row for row in rows if row["raw_instances"]]
    assert report.taken == len(full)
    assert [(row["instruction"], row["raw_instances"]) for row in old.rows(RAW)] == [
        (row["instruction"].strip(), row["raw_instances"]) for row in full
    ]
    for row, kept in zip(full, old.rows(RAW), strict=True):
        assert kept["instance_metadata"] == row["instance_metadata"]
    empty = {row["reason"] for row in old.rows("rejected.jsonl")}
    assert empty == ({"empty"} if len(full) < len(rows) else set())


@golden("e2e_prepare")
def test_prepare_makes_the_same_examples_of_an_import_as_the_reference(old: OldRun, case: dict[str, Any]) -> None:
    files = (old.file("i.jsonl", *case["input"]["tasks"]), old.file("l.jsonl", *case["input"]["classification"]))
    old.bring(*files, recipe="paper")
    wanted = {tuple(row.values()) for row in case["output"]["files"]["o/all_generated_instances.jsonl"]}
    got = set(prepared(old))
    drawn = "Square it."  # more than five instances, of which the reference draws five by chance
    assert [len([row for row in rows if row[0] == drawn]) for rows in (got, wanted)] == [5, 5]
    assert {row for row in got if row[0] != drawn} == {row for row in wanted if row[0] != drawn}


@pytest.mark.parametrize("finish", ["stop", "length", "content_filter"])
def test_how_the_reply_ended_is_kept_for_the_stage_that_reads_it(old: OldRun, finish: str) -> None:
    old.bring(old.file("i.jsonl", raw("Go.", "Output: x", instance_metadata=metadata("Output: x", "P", finish))))
    store = old.open_readonly()
    held = store.raw_text(0, 0)
    (row,) = store.decisions(INSTANCES, "accepted")
    store.close()
    assert held == ("Output: x", {"content_filter": "filtered"}.get(finish, finish))
    assert row.decision.notes == ({"cut": True} if finish == "length" else {})


def test_missing_metadata_empty_texts_and_repetitions_are_counted(old: OldRun) -> None:
    rows = [
        raw("A", "Output: 1"), raw("A", "Output: 1"), raw("A", "Output: 2"), raw("B", ""), raw("B", " \n"),
        raw("C", None, instance_metadata=metadata(None)), raw("D", "", instance_metadata=None),
        raw("D", "Output: 3"), raw("E", 5), raw(SEEDS[0], "Output: 4"),
    ]  # fmt: skip
    result = old.bring(old.file("i.jsonl", *rows))
    assert reasons(result.files[0]) == {
        "duplicate instances": (1, [2]),
        "no instances: still missing": (4, [4, 5, 6, 7]),
        "raw_instances is not a text": (1, [9]),
        "the instruction is that of a seed task": (1, [10]),
    }
    assert (result.instructions, result.instances, result.files[0].added) == (4, 2, 4)
    assert [(row["instruction"], row["raw_instances"]) for row in old.rows(RAW)] == [
        ("A", "Output: 1"), ("A", "Output: 2"), ("D", "Output: 3"),
    ]  # fmt: skip


def test_instances_bring_the_instructions_that_no_other_file_has_with_their_own_replies(old: OldRun) -> None:
    said = metadata("9. Come.", "P")
    row = raw("Come.", "Output: x", instruction_metadata=said, most_similar={"Go.": 0.5}, avg_similarity_score=0.25)
    result = old.bring(old.file("i.jsonl", raw("Go.", "Output: y"), row), old.file("m.jsonl", {"instruction": "Go."}))
    assert [report.added for report in result.files] == [0, 1]
    assert old.instructions() == ["Go.", "Come."]
    added = old.rows("machine_generated_instructions.jsonl")[1]
    assert (added["most_similar"], added["avg_similarity_score"]) == ({"Go.": 0.5}, 0.25)
    assert (added["metadata"]["prompt"], added["metadata"]["created_at"]) == ("P", said["created_at"])
    assert added["metadata"]["response"]["choices"] == [{"text": "9. Come.", "finish_reason": "stop"}]


def test_prepare_leaves_imported_examples_unchanged(old: OldRun) -> None:
    rows = [
        example("Fix the code.", CODE, f"```python\n{CODE}```"),
        example("Translate.", "Good morning.", "早上好。"),
        example("Name a river.", "", "Nile"),
        example("Translate.", "Two\n\nparagraphs.", "两\n\n段。"),
        example("Is it spam?", "Output: win money", "yes"),
        example("Continue.", "Example 1\nInput: a\nOutput: b", "Example 2\nInput: c\nOutput: d"),
    ]
    result = old.bring(old.file("all_generated_instances.jsonl", *rows))
    assert (result.files[0].taken, result.files[0].added, result.instances) == (6, 5, 5)
    wanted = [(row["instruction"], row["input"].strip(), row["output"]) for row in rows]
    assert sorted(prepared(old, filters=[])) == sorted(wanted)


def test_examples_are_imported_only_for_instructions_without_raw_instances(old: OldRun) -> None:
    examples = old.file("e.jsonl", example("A", "", "1"), example("B", "", "2"), example("C", "", "3"))
    result = old.bring(examples, old.file("i.jsonl", raw("A", "Output: 1"), raw("B", "")))
    assert reasons(result.files[1]) == {"prepare makes it from the raw instances, which are imported": (1, [1])}
    texts = {row["instruction"]: row["raw_instances"] for row in old.rows(RAW)}
    assert texts == {"A": "Output: 1", "B": "<<OUTPUT>>\n2", "C": "<<OUTPUT>>\n3"}


def test_examples_that_cannot_be_written_as_raw_text_are_counted(old: OldRun) -> None:
    rows = [
        example("A", "", ""), example("A", None, "x"), example("A", "x", 5), example("A", "x", "y\n<<INPUT>>\nz"),
        example("A", "<<output 2>>", "y"), example("A", "x", "y"), example("A", " x", "y "), example(SEEDS[0], "", "y"),
    ]  # fmt: skip
    (report,) = old.bring(old.file("e.jsonl", *rows)).files
    assert reasons(report) == {
        "the output is empty": (1, [1]),
        "input or output is not a text": (2, [2, 3]),
        "a line in it looks like <<INPUT>> or <<OUTPUT>>": (2, [4, 5]),
        "duplicate example": (1, [7]),
        "the instruction is that of a seed task": (1, [8]),
    }


TEXTS = st.one_of(
    st.text(alphabet="ab \n", max_size=12),
    st.text(max_size=30),
    st.sampled_from(["Input: x", "Output: y", "Class label: a", CODE, "{}", "1. a", "<input>x</input>", "**Output:**"]),
)


@examples(300)
@given(st.lists(st.tuples(st.one_of(st.just(""), TEXTS), TEXTS), min_size=1, max_size=4), st.booleans())
def test_the_parser_of_the_recipe_chat_reads_every_output_that_was_written_for_it(
    pairs: list[tuple[str, str]], is_classification: bool
) -> None:
    cases = ExampleCollector()
    taken = [pair for pair in pairs if not ExampleCollector.refuse(*pair) and cases.add("g0.0", *pair, name="e.jsonl")]
    for _, text, _ in cases.raw_texts():
        subject = Instruction("g0.0", "Do it.", is_classification=is_classification)
        found = ChatExamplesReader().process(Request(PREPARE, 0, (), subjects=(subject,)), Reply(text, "stop"))
        assert all(isinstance(one, Example) for one in found)
        assert len(found) == len(taken)


def test_thousands_of_rows_of_all_kinds_are_imported(old: OldRun) -> None:
    rows = instruction_rows(3000)
    texts = [row["instruction"] for row in rows]
    label = [{"instruction": text, "is_classification": [" Yes", " No", ""][n % 3]} for n, text in enumerate(texts)]
    said = [
        raw(text, f"Example 1\nInput: {CODE}\nOutput: {n}", instance_metadata=metadata("x"))
        for n, text in enumerate(texts)
    ]
    broken: list[Any] = [*said[:1500], '{"instruction": "', "", *said[1500:2000]]
    files: list[Path] = [
        old.file("i.jsonl", *broken),
        old.file("l.jsonl", *label),
        old.file("e.jsonl", *(example(text, "", "x") for text in texts[1990:])),
        old.file("m.jsonl", *rows),
    ]
    result = old.bring(*files)
    assert (result.instructions, result.labels, result.instances) == (3000, 2000, 3000)
    assert [(report.name, report.taken) for report in result.files] == [
        ("m.jsonl", 3000), ("i.jsonl", 2000), ("e.jsonl", 1000), ("l.jsonl", 2000),
    ]  # fmt: skip
