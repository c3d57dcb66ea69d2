"""Outputs that can be checked: each check drops what is surely wrong, and keeps what it cannot tell."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import PREPARE, Example, Filter
from selfinstruct.config import read_recipe
from selfinstruct_chat.prompts.instances import CLOSING, INPUT_FIRST, OUTPUT_FIRST
from selfinstruct_filters import selfinstruct_filters

from .quality import MOST_BAD_KEPT, MOST_GOOD_DROPPED, tally

COMPONENTS = {component.name: component for component in selfinstruct_filters()}
CHECKS = ("swallowed", "parses", "sums", "counts", "order", "labels", "limits")


def build(name: str) -> Filter[Any]:
    component = COMPONENTS[name]
    return component.build(component.options())


def reason(name: str, instruction: str, text: str, output: str) -> str:
    return build(name).evaluate(Example(instruction, text, output, name == "labels", "g0.0")).reason


def test_right_examples_are_kept_and_wrong_ones_dropped() -> None:
    counts = tally(PREPARE)
    assert counts.good_dropped <= MOST_GOOD_DROPPED * counts.good, [line for line in counts.wrong if "[" in line]
    held_out = tally(PREPARE, "held out")
    assert held_out.bad - held_out.bad_dropped <= MOST_BAD_KEPT * held_out.bad


@pytest.mark.parametrize(
    ("name", "instruction", "text", "output", "why"),
    [
        ("swallowed", "Fix the spelling.", "teh", "the\n\nTask: Translate it.\nInput: x", "holds-a-next-task"),
        ("swallowed", "Translate it.", "", "Input: Hi\nOutput: Hallo", "holds-an-input"),
        ("parses", "Write a Python loop.", "", "Sure:\n```python\nfor i in x\n    pass\n```", "does-not-parse"),
        ("parses", "Return JSON.", "a", '{"a": 1', "does-not-parse"),
        ("sums", "What is 1,000 + 234?", "", "1,235", "wrong-result"),
        ("sums", "Divide the two numbers.", "100 / 8", "12", "wrong-result"),
        ("counts", "Count how often the letter s occurs.", "Mississippi", "3", "wrong-count"),
        ("order", "Sort the numbers in descending order.", "3, 8, 1", "1, 3, 8", "wrong-order"),
        ("order", "Find the maximum.", "12, 99, 45", "45", "wrong-extreme"),
        ("labels", "Label the mail as spam or not spam.", "You won!", "advertising", "unknown-label"),
        ("labels", "Is it odd or even?", "14\nAnswer: even", "Even.", "label-in-the-input"),
        ("limits", "Summarise the text in one sentence.", "", "It rained. Nobody came.", "sentences"),
        ("limits", "Name three fruits.", "", "- fig\n- pear", "listed-items"),
        ("limits", "Write two paragraphs about tea.", "", "Tea is old.", "paragraphs"),
        ("limits", "Write a slogan of at most four words for a bakery.", "", "We bake the best bread.", "words"),
        ("limits", "Write a line without the letter e.", "", "The sea.", "letter"),
        ("limits", "Answer in all capital letters: where is Lima?", "", "Peru", "case"),
        ("limits", 'Write a note that includes the words "train" and "late".', "", "The train!", "missing-word"),
        ("limits", 'Describe snow. Do not use the word "white".', "", "It is white.", "forbidden-word"),
        ("limits", "Write your answer in Spanish: what is a comet?", "", "A comet is a ball of ice.", "language"),
    ],
)
def test_what_is_surely_wrong_is_dropped(name: str, instruction: str, text: str, output: str, why: str) -> None:
    assert reason(name, instruction, text, output) == why


@pytest.mark.parametrize(
    ("name", "instruction", "text", "output"),
    [
        ("swallowed", "Write a quiz question on rain.", "", "Question: Why?\nAnswer: Clouds."),
        ("parses", "Show a syntax error in Python.", "", "```python\nprint('a\n```"),
        ("parses", "Describe Python in a sentence.", "", "Python is a language."),
        ("parses", "Turn the JSON into a Python dict.", '{"a": 1}', "{'a': 1}"),
        ("parses", "Write JSON, one object a line.", "", '{"a": 1}\n{"a": 2}'),
        ("parses", "Write a C loop.", "", "```c\nfor (;;) {}\n```"),
        ("sums", "Round 10 / 4 to the nearest ten.", "", "0"),
        ("sums", "Divide the two numbers.", "10 / 3", "3.33"),
        ("sums", "What is 7 / 0?", "", "0"),
        ("sums", "What is 2 + 3?", "", "First take 2 and count on: 3, 4, 5."),
        ("sums", "What is 10 + 5 in base 16?", "", "F"),
        ("counts", "How many words are in it?", "a well-known fact", "4"),
        ("counts", "How many different letters are in the word?", "banana", "3"),
        ("order", "Sort the words by length.", "pear, fig", "fig, pear"),
        ("order", "Sort the last names alphabetically.", "Al Zorn, Bo Ant", "Bo Ant, Al Zorn"),
        ("order", "Find the largest common divisor.", "12, 18", "6"),
        ("labels", "Is it dangerous or safe?", "a rope", "Yes"),
        ("labels", "Classify the review as positive or negative.", "Fine.", "Positively glowing"),
        ("labels", "Classify the plant.", "Oak", "tree"),
        ("limits", "Describe the sea in about five words.", "", "The sea is deep and blue and cold."),
        ("limits", "List three fruits and two nuts.", "", "- fig\n- pear\n- plum\n- hazel\n- walnut"),
        ("limits", "In one sentence, who was Mr. Darcy?", "", "Mr. Darcy is a proud man, e.g. at the ball."),
        ("limits", 'Describe snow. Do not use the words "white snow".', "", "It is cold."),
        ("limits", "Name at least two fruits.", "", "- fig\n- pear\n- plum"),
        ("limits", "Write a sentence in lower case and one in upper case.", "", "one. TWO."),
    ],
)
def test_what_cannot_be_decided_is_kept(name: str, instruction: str, text: str, output: str) -> None:
    assert reason(name, instruction, text, output) == ""


@given(st.text(), st.text(), st.text())
def test_no_check_raises(instruction: str, text: str, output: str) -> None:
    for name in CHECKS:
        for task in (instruction, f"Write Python or JSON in one sentence without the letter e: {instruction}"):
            item = Example(task, text, output, True, "g0.0")
            json.dumps(dict(build(name).evaluate(item).evidence))


def test_the_recipe_knows_the_prompts_for_examples() -> None:
    (echo,) = (use for use in read_recipe("chat")[PREPARE]["filters"] if use["use"] == "echo")
    prompts = " ".join(f"{INPUT_FIRST} {OUTPUT_FIRST} {CLOSING}".split())
    assert [phrase for phrase in echo["phrases"] if phrase.lower() not in prompts.lower()] == []
