"""From raw instances to examples: the reader and the filters, combined as in the engine."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import selfinstruct_paper as paper
from selfinstruct.api import Decision, Example, Instruction, Reply, Request
from selfinstruct.engine.filter_chain import FilterChain, NamedFilter

from .golden import golden, raises, unordered
from .parts import built, read

Case = dict[str, Any]
CHAIN = ("paper-cut", "paper-invalid", "paper-duplicates")
READER = built("post_processors", "paper-examples")
RAW = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            [
                "Example 1\n",
                "Example 2",
                "Output:",
                "Output: ",
                "Input: ",
                "Class label: ",
                ":",
                " ",
                "\n",
                "a",
                "b",
                "é",
            ]
        )
    ).map("".join),
    st.lists(st.tuples(st.sampled_from("ab:"), st.sampled_from(["a", "b", "b", "c:", ""]))).map(
        lambda pairs: "".join(f"Example\n{text}\nOutput: {output}\n" for text, output in pairs)
    ),
    st.lists(st.tuples(st.sampled_from(["a", "b", "", "c:"]), st.sampled_from(["a", "d", "d", ""]))).map(
        lambda pairs: "".join(f"Class label: {label}\n{text}\n" for text, label in pairs)
    ),
)
FINISH = st.sampled_from(["stop", "length", "filtered", "unknown"])
Row = tuple[str, str, str]


def chain(*more: NamedFilter) -> FilterChain:
    return FilterChain([*(NamedFilter(name, built("filters", name)) for name in CHAIN), *more])


def whole_chain() -> FilterChain:
    return chain(NamedFilter("paper-at-most", built("filters", "paper-at-most")))


def decide(judge: FilterChain, items: Sequence[Any], skip: int = 0) -> tuple[Decision, ...]:
    return judge.evaluate(lambda: items, "", skip, room=None, most=None).decisions


def rows(decisions: Sequence[Decision]) -> list[Row]:
    kept = [decision for decision in decisions if decision.fate == "accepted"]
    return [(str(one.payload["instruction"]), str(one.payload["input"]), one.text) for one in kept]


def reference(raw: str, clf: bool, finish: str, instruction: str = " Do. ") -> list[Row]:
    parse = paper.parse_instances_for_classification_task if clf else paper.parse_instances_for_generation_task
    return parse(raw, instruction, {"response": {"choices": [{"finish_reason": finish}]}})


def subject(text: str = " Do. ", clf: bool | None = False, number: int = 0) -> Instruction:
    return Instruction(f"g{number}.0", text, None, clf)


def example(text: str, output: str, of: str = "g0.0", **notes: bool) -> Example:
    return Example("Do.", text, output, False, of, notes)


def fates(judge: FilterChain, *items: Example) -> list[str]:
    return [decision.reason or decision.fate for decision in decide(judge, items)]


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clf", [False, None])
def test_the_input_first_form_is_parsed(clf: bool | None) -> None:
    raw = "Example 1\nInput: 2\nOutput: 4\n\nExample 2\nOutput:\nExample 3\nInput: 3\nOutput: 9"
    assert read(READER, subject(clf=clf), raw, "length") == [
        Example("Do.", "2", "4", False, "g0.0"),
        Example("Do.", "", "", False, "g0.0"),
        Example("Do.", "3", "9", False, "g0.0", {"cut": True}),
    ]


def test_the_output_first_form_is_parsed() -> None:
    raw = "So:\nClass label: up\nArrow: ^\n\n^\nClass label: down"
    assert read(READER, subject(clf=True), raw) == [
        Example("Do.", "Arrow: ^\n\n^", "up", True, "g0.0"),
        Example("Do.", "", "down", True, "g0.0"),
    ]


def test_the_label_of_a_task_selects_the_form() -> None:
    assert read(READER, subject(clf=False), "Class label: up\n^") == []
    assert read(READER, subject(clf=True), "Example 1\n2\nOutput: 4") == []
    assert READER.process(Request("prepare", 0, ()), Reply("Output: 4", "stop")) == []


# --- filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "output", "reason", "evidence"),
    [
        ("a", "", "empty-output", {}),
        ("", "", "empty-output", {}),
        ("a", "a", "output-repeats-input", {}),
        ("x" * 30 + ": ", "b", "input-ends-with-colon", {"end": "x" * 19 + ":"}),
        ("a", "b:", "output-ends-with-colon", {"end": "b:"}),
        ("", "b", "", {}),
        ("a", "A", "", {}),
    ],
)
def test_invalid_examples_are_dropped_with_a_reason(
    text: str, output: str, reason: str, evidence: dict[str, str]
) -> None:
    verdict = built("filters", "paper-invalid").evaluate(example(text, output))
    assert (verdict.reason, verdict.evidence) == (reason, evidence)


def test_repeated_examples_are_dropped_within_a_task_only() -> None:
    judge = chain()
    assert fates(judge, example("", "b"), example("", "c"), example("", "b")) == ["accepted", "accepted", "repeated"]
    assert fates(judge, example("", "b", "g1.0")) == ["accepted"]


def test_two_outputs_for_one_input_drop_the_whole_task() -> None:
    judge = chain()
    conflict = [example("a", "b"), example("c", "d"), example("a", "e")]
    assert fates(judge, *conflict) == ["conflicting-outputs"] * 3
    assert fates(judge, example("a", "b", "g1.0")) == ["accepted"]
    assert [decision.evidence for decision in decide(judge, conflict)] == [{"input": "a"}] * 3


def test_outputs_without_input_do_not_conflict() -> None:
    items = [example("", "b"), example("", "c"), example("a", "b"), example("a", "c")]
    assert fates(chain(), *items) == ["conflicting-outputs"] * 4


def test_cut_and_invalid_examples_do_not_conflict() -> None:
    items = [example("a", "b"), example("a", "c:"), example("a", ""), example("a", "d", cut=True)]
    assert fates(chain(), *items) == ["accepted", "output-ends-with-colon", "empty-output", "cut-by-length"]
    alone = built("filters", "paper-duplicates")
    alone.prefetch(items)
    assert alone.evaluate(items[0]).keep


def test_a_task_keeps_at_most_the_set_number_of_examples() -> None:
    rule = built("filters", "paper-at-most", most=2)
    judge = chain(NamedFilter("paper-at-most", rule))
    made = [example("", str(number)) for number in (1, 2, 1, 3)]
    assert fates(judge, *made) == ["accepted", "accepted", "repeated", "enough-of-this-task"]
    assert fates(judge, example("", "1", "g1.0")) == ["accepted"]
    assert rule.evaluate(made[3]).evidence == {"most": 2}


# --- what the reference does ------------------------------------------------------------------------------------------


@given(RAW, st.booleans(), FINISH)
def test_reader_and_filters_accept_the_same_examples_as_the_functions(raw: str, clf: bool, finish: str) -> None:
    items = read(READER, subject(clf=clf), raw, finish)
    decisions = decide(chain(), items)
    assert len(decisions) == len(items)
    assert rows(decisions) == reference(raw, clf, finish)


@given(st.lists(st.tuples(RAW, st.booleans(), FINISH), max_size=6), st.data())
def test_tasks_do_not_disturb_each_other_and_a_resumed_run_continues(
    replies: list[tuple[str, bool, str]], data: st.DataObject
) -> None:
    judge, before = whole_chain(), list[Example]()
    for number, (raw, clf, finish) in enumerate(replies):
        items = read(READER, subject(clf=clf, number=number), raw, finish)
        decisions = decide(judge, items)
        assert rows(decisions) == reference(raw, clf, finish)[:5]
        skip, resumed = data.draw(st.integers(0, len(items))), whole_chain()
        kept = [one.position for one in decisions if one.fate == "accepted"]
        resumed.observe([*before, *(items[position] for position in kept if position < skip)])
        assert decide(resumed, items, skip) == decisions[skip:]
        before += [items[position] for position in kept]


@golden("parse_generation")
def test_generation_tasks_give_the_recorded_examples(case: Case) -> None:
    as_recorded(case, clf=False)


@golden("parse_classification")
def test_classification_tasks_give_the_recorded_examples(case: Case) -> None:
    as_recorded(case, clf=True)


def as_recorded(case: Case, clf: bool) -> None:
    """Records without a finish reason never reach this stage, because every reply has one."""
    if not raises(case):
        given = case["input"]
        response = given["response_metadata"]["response"]
        finish = response["choices"][0]["finish_reason"] if response else None
        items = read(READER, subject(given["instruction"], clf), given["raw_text"], finish or "unknown")
        assert unordered(rows(decide(chain(), items))) == unordered(case["output"])


@golden("filter_invalid")
def test_the_recorded_invalid_examples_are_dropped(case: Case) -> None:
    rule = built("filters", "paper-invalid")
    kept = [row for row in case["input"]["instances"] if rule.evaluate(example(row[1], row[2])).keep]
    assert kept == case["output"]


@golden("filter_duplicate")
def test_the_recorded_duplicates_are_dropped(case: Case) -> None:
    given = case["input"]["instances"]
    if len({row[0] for row in given}) < 2:  # the filter evaluates one task at a time
        judge = FilterChain([NamedFilter("paper-duplicates", built("filters", "paper-duplicates"))])
        items = [Example(row[0], row[1], row[2], False, "g0.0") for row in given]
        valid = {tuple(row) for row in paper.filter_invalid_instances([tuple(row) for row in given])}
        assert {tuple(row) for row in given} == valid, "a case that the reference's order cannot bring about"
        assert unordered(rows(decide(judge, items))) == unordered(case["output"])


@golden("e2e_prepare")
def test_a_whole_file_gives_the_recorded_examples(case: Case) -> None:
    """Compares multisets, and for a task with more than five instances only their number."""
    judge = whole_chain()
    made: list[Row] = []
    labels = {
        one["instruction"]: paper.read_clf_label(one["is_classification"]) for one in case["input"]["classification"]
    }
    for number, task in enumerate(case["input"]["tasks"]):
        response = task["instance_metadata"]["response"]
        finish = response["choices"][0]["finish_reason"] if response else "unknown"
        entry = subject(task["instruction"], labels[task["instruction"]], number)
        made += rows(decide(judge, read(READER, entry, task["raw_instances"], finish)))
    file = case["output"]["files"]["o/all_generated_instances.jsonl"]
    expected = [(row["instruction"], row["input"], row["output"]) for row in file]
    sampled = "Square it."
    assert [row[0] for row in made] == [row[0] for row in expected]
    assert Counter(row for row in made if row[0] != sampled) == Counter(row for row in expected if row[0] != sampled)
