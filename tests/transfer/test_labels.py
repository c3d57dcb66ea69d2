"""Labels of an old run: a yes or no is imported, and everything else stays open."""

from __future__ import annotations

import json
from typing import Any

import pytest

from selfinstruct.types import CLASSIFY
from tests.golden import golden
from tests.transfer.old import SEEDS, OldRun, reasons

UNCLEAR = "neither yes nor no: still missing"
LATER = "another row labels the same instruction"


def instructions(old: OldRun, *texts: str) -> Any:
    return old.file("m.jsonl", *({"instruction": text} for text in texts))


def labels(old: OldRun, name: str, *said: tuple[str, Any]) -> Any:
    return old.file(name, *({"instruction": text, "is_classification": label} for text, label in said))


def said_of(old: OldRun) -> dict[str, str]:
    return {row["instruction"]: row["is_classification"] for row in old.rows("is_clf_or_not.jsonl")}


@pytest.mark.parametrize(
    ("value", "label"),
    [
        *((text, "Yes") for text in (" Yes", "yes", "YES ", "\tYes\n", "true", "True", True)),
        *((text, "No") for text in (" No", "no", "NO", "false", " FALSE", False)),
        *((text, "Unknown") for text in ("", " ", " Yes, it", "Not", "是", "yes no", "Unknown")),
        *((value, "Unknown") for value in (None, 1, 0, 2.5, float("nan"), [True], {"label": "yes"}, "\udfff")),
    ],
)
def test_only_clear_words_count_as_yes_and_no(old: OldRun, value: Any, label: str) -> None:
    result = old.bring(instructions(old, "Name a river."), labels(old, "l.jsonl", ("Name a river.", value)))
    assert said_of(old) == {"Name a river.": label}
    assert reasons(result.files[1]) == ({UNCLEAR: (1, [1])} if label == "Unknown" else {})
    assert result.labels == (label != "Unknown")


@golden("e2e_identify_clf")
def test_labels_of_the_reference_are_imported(old: OldRun, case: dict[str, Any]) -> None:
    (text,) = case["output"]["file"].values()
    rows = [json.loads(line) for line in text.splitlines()]
    result = old.bring(instructions(old, *case["input"]["instructions"]), old.file("is_clf.jsonl", text.encode()))
    plain = {"yes": "Yes", "no": "No"}
    expected = {row["instruction"].strip(): row["is_classification"].strip().lower() for row in rows}
    assert result.labels == sum(said in plain for said in expected.values())
    if rows:
        assert said_of(old) == {text: plain.get(said, "Unknown") for text, said in expected.items()}


def test_unclear_labels_are_rejected_with_their_words(old: OldRun) -> None:
    old.bring(instructions(old, "Go."), labels(old, "l.jsonl", ("Go.", " Yes, it")))
    (row,) = old.rows("rejected.jsonl")
    assert (row["stage"], row["subject"], row["filter"]) == ("classify", "g0.0", "import")
    assert (row["reason"], row["evidence"]) == ("neither-yes-nor-no", {"said": " Yes, it"})


def test_labels_of_unknown_instructions_are_counted_with_their_lines(old: OldRun) -> None:
    said = [("Go.", "yes"), ("Come.", "no"), (SEEDS[2], "yes"), ("Stay.", "no")]
    result = old.bring(labels(old, "l.jsonl", *said), instructions(old, "Go."))
    assert [report.name for report in result.files] == ["m.jsonl", "l.jsonl"]
    assert reasons(result.files[1]) == {
        "no file has the instruction": (2, [2, 4]),
        "the instruction is that of a seed task": (1, [3]),
    }


def test_white_space_does_not_separate_a_label_from_its_instruction(old: OldRun) -> None:
    old.bring(instructions(old, "Übersetze  den Satz. "), labels(old, "l.jsonl", ("Übersetze den Satz.\n", "no")))
    assert said_of(old) == {"Übersetze  den Satz.": "No"}


def test_of_several_labels_the_last_clear_one_counts(old: OldRun) -> None:
    first = labels(old, "a.jsonl", ("A", "yes"), ("A", "no"), ("B", "?"), ("B", "yes"), ("C", "no"), ("C", "?"))
    second = labels(old, "b.jsonl", ("C", "yes"), ("D", "?"), ("D", "??"))
    result = old.bring(instructions(old, "A", "B", "C", "D"), first, second)
    assert said_of(old) == {"A": "No", "B": "Yes", "C": "Yes", "D": "Unknown"}
    assert reasons(result.files[1]) == {LATER: (4, [1, 3, 6, 5])}
    assert reasons(result.files[2]) == {LATER: (1, [2]), UNCLEAR: (1, [3])}


def test_labels_come_in_requests_of_fifty_at_most_and_of_one_file_each(old: OldRun) -> None:
    texts = [f"Do number {n}." for n in range(120)]
    first = labels(old, "a.jsonl", *((text, "yes") for text in texts[:70]))
    second = labels(old, "b.jsonl", *((text, "no") for text in texts[70:]))
    old.bring(instructions(old, *texts), first, second)
    store = old.open_readonly()
    assert store.accepted_totals(CLASSIFY) == [50, 70, 120]
    assert store.totals(CLASSIFY).requests == 3
    store.close()
    assert set(said_of(old).values()) == {"Yes", "No"}


def test_our_own_examples_bring_the_labels_that_no_file_of_labels_has(old: OldRun) -> None:
    said = [("A", True), ("B", False), ("C", True), ("D", "yes")]
    examples = old.file(
        "e.jsonl", *({"instruction": t, "input": "", "output": "x", "is_classification": v} for t, v in said)
    )
    old.bring(examples, labels(old, "l.jsonl", ("B", "yes"), ("C", "?")))
    assert said_of(old) == {"A": "Yes", "B": "Yes", "C": "Yes"}
