"""The filters for training examples: what each keeps, what it drops, and the reason it gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import PREPARE, Example, Filter
from selfinstruct_filters import selfinstruct_filters

COMPONENTS = {component.name: component for component in selfinstruct_filters()}
ORDER = ("cut", "invalid-example", "duplicate-example", "conflict", "near-duplicate", "at-most")
SEEDS = Path(__file__).parents[3] / "data" / "seed_tasks.jsonl"


def build(name: str, **options: Any) -> Filter[Any]:
    component = COMPONENTS[name]
    return component.build(component.options(**options))


def example(
    output: str, given: str = "", instruction: str = "Do it.", labels: bool = False, subject: str = "g0.0", **notes: Any
) -> Example:
    return Example(instruction, given, output, labels, subject, notes)


def reason(item: Example) -> str:
    return build("invalid-example").evaluate(item).reason


def test_they_serve_the_stage_prepare() -> None:
    assert all(PREPARE in COMPONENTS[name].stages for name in ORDER)


def test_cut() -> None:
    assert build("cut").evaluate(example("Half a", cut=True)).reason == "cut-off"
    assert build("cut").evaluate(example("Whole.")).keep


# --- invalid-example --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (example(""), "empty-output"),
        (example(" \n", "x"), "empty-output"),
        (example("same", " same\n"), "output-repeats-input"),
        (example("Here is the list:"), "broken-off"),
        (example("列表如下："), "broken-off"),
        (example("```python\nprint(1)"), "broken-off"),
        (example("It is the first of the many days on which we all of us went to the sea and to the"), "broken-off"),
        (example("[Insert answer here]"), "placeholder-output"),
        (example("<output>"), "placeholder-output"),
        (example("..."), "placeholder-output"),
        (example("TODO"), "placeholder-output"),
        (example("A summary.", "[insert article here]"), "placeholder-input"),
        (example("A summary.", "{{your text}}"), "placeholder-input"),
        (example("A summary.", "(user input)"), "placeholder-input"),
        (example("A\n<<INPUT>>\nB"), "leftover-marker"),
        (example("A", "B\n**<<Output>>"), "leftover-marker"),
        (example("I'm sorry, but I can't help with that."), "refusal"),
        (example("I cannot fulfil this request."), "refusal"),
        (example("As an AI language model, I do not have feelings."), "refusal"),
        (example("I apologize, but as an AI language model I am not able to come up with such tasks."), "refusal"),
        (example("I can’t assist with this.", "x"), "refusal"),
        (example("I cannot fulfil this request.", instruction="Write an apology.", unmarked=True), "refusal"),
        (example("Please provide the text you would like me to summarise."), "asks-back"),
        (example("Sure! Please share the article so that I can shorten it."), "asks-back"),
        (example("You haven't provided any text yet."), "asks-back"),
        (example("A summary.", "Please provide the article to be summarised."), "input-asks-for-input"),
        (example("A summary.", "The user provides a text of their own."), "input-asks-for-input"),
        (example("A summary.", "Enter your text here"), "input-asks-for-input"),
        (example("The mail is about " + "many things " * 20 + "to do.", labels=True, unmarked=True), "no-label"),
    ],
)
def test_invalid(item: Example, why: str) -> None:
    verdict = build("invalid-example").evaluate(item)
    assert verdict.reason == why
    json.dumps(dict(verdict.evidence))


@pytest.mark.parametrize(
    "item",
    [
        example("Yes"),
        example("None", "Which of these numbers is prime: 4, 6, 8?"),
        example("Hello world", "hello world", "Fix the capital letters."),
        example("Dear [Your Name],\nthank you.\n[Signature]"),
        example("[1, 2, 3]"),
        example('{"output": "x"}'),
        example("here", "Where are you?"),
        example("Look: 3"),
        example("Prepositions: to, of, with, from, by, and the"),
        example("```\na\n```"),
        example("Dear guest, I'm sorry, but I cannot offer a refund.", instruction="Answer the complaint."),
        example("I'm sorry, but I can't help with that.", instruction="Write a polite refusal."),
        example('"I can\'t do this any more," she said.', instruction="Tell a story."),
        example("Hi team, I cannot open the shared folder. Please send the list by Friday.", instruction="Mail them."),
        example("polite", "Please provide the missing report by Friday.", "Is it polite?", labels=True),
        example("Kindly send it.", "Please give me the keys now.", "Make it polite."),
        example("No label fits, so: other", labels=True, unmarked=True),
        example("TODO", instruction='Is the card "todo" or "done"?'),
        example("C'est la vie", "..." * 3),
    ],
)
def test_valid(item: Example) -> None:
    assert reason(item) == ""


# --- the rules with a memory ------------------------------------------------------------------------------------------


def test_duplicates_are_found_across_tasks() -> None:
    one = build("duplicate-example")
    one.observe(example("Bees  fly.", "a\nb", subject="g0.0"))
    verdict = one.evaluate(example("bees fly.", "A b", subject="g7.1"))
    assert (verdict.reason, verdict.evidence["subject"]) == ("duplicate", "g0.0")
    assert one.evaluate(example("Bees fly.", "a c")).keep
    assert one.evaluate(example("Bees fly!", "a b")).keep
    assert one.evaluate(example("Bees fly.", "a b", "Do that.")).keep


def test_the_first_of_two_answers_stays() -> None:
    one = build("conflict")
    first = example("4", "2 + 2")
    assert one.evaluate(first).keep
    one.observe(first)
    assert one.evaluate(first).keep
    verdict = one.evaluate(example("5", "2 + 2"))
    assert (verdict.reason, verdict.evidence["first"]) == ("another-output", "4")
    assert one.evaluate(example("0", "2 - 2")).keep
    assert one.evaluate(example("5", "2 + 2", "Guess.")).keep


@pytest.mark.parametrize("without_input", [True, False])
def test_open_tasks_may_have_many_answers(without_input: bool) -> None:
    one = build("conflict", without_input=without_input)
    one.observe(example("A poem."))
    assert one.evaluate(example("Another poem.")).keep is not without_input


def test_at_most() -> None:
    one = build("at-most", most=2)
    for _ in range(2):
        assert one.evaluate(example("x")).keep
        one.observe(example("x"))
    assert one.evaluate(example("x")).reason == "enough-of-this-task"
    assert one.evaluate(example("x", subject="g0.1")).keep


def test_every_instance_of_a_seed_passes() -> None:
    filters = [build(name) for name in ORDER]
    for line in SEEDS.read_text(encoding="utf-8").splitlines():
        seed = json.loads(line)
        for case in seed["instances"]:
            item = Example(seed["instruction"], case["input"], case["output"], seed["is_classification"], seed["id"])
            for one in filters:
                verdict = one.evaluate(item)
                assert verdict.keep, (item, verdict)
                one.observe(item)


@given(st.text(), st.text(), st.text(), st.booleans())
def test_no_filter_raises(instruction: str, text: str, output: str, labels: bool) -> None:
    item = example(output, text, instruction, labels, unmarked=True)
    for name in ORDER:
        json.dumps(dict(build(name).evaluate(item).evidence))


def test_a_long_text_is_judged_in_time() -> None:
    for text in (
        "[" * 9_000,
        "please provide the " * 2_000,
        "word " * 9_000,
        "i can't " * 5_000,
        " " * 9_000 + "x",
        "." * 9_000,
    ):
        build("invalid-example").evaluate(example(text))
        build("invalid-example").evaluate(example("x", text))
