"""Replies in forms that were written before anybody looked at what the readers do with them, by kind."""

from __future__ import annotations

from typing import Any

import pytest

from .scoring import read_case

A = "Describe how a lighthouse keeper spent a winter's day in 1890."
B = "How long does light travel from the Sun to Neptune?"
C = "Draft a two-line apology from a bakery for a burnt birthday cake."
LIST = f"1. {A}\n2. {B}\n3. {C}"
THOUGHT = "The list must vary.\n1. Ask for a recipe.\n2. Ask for a sum.\nFine."


def tasks(reply: str) -> list[str]:
    return [task.casefold() for task in read_case("tasks", {"reply": reply})]


def examples(task: str, reply: str, is_classification: bool = False) -> list[Any]:
    return read_case("instances", {"task": task, "is_classification": is_classification, "reply": reply})


@pytest.mark.parametrize(
    "reply",
    [
        f"<s>[THINK]{THOUGHT}[/THINK]{LIST}</s>",
        f"<bos><think>{THOUGHT}</think>{LIST}",
        f"<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|><|START_THINKING|>{THOUGHT}<|END_THINKING|>{LIST}",
        f"<start_of_turn>model\n<thought>{THOUGHT}</thought>{LIST}<end_of_turn>",
        f"{THOUGHT}</seed:think>{LIST}<seed:eos>",
        f'<thought id="1">{THOUGHT}</thought><thought id="2">3. Sing.</thought>\n{LIST}',
        f"<think>{THOUGHT}</think>\n<reflection>4. Ask for a map.</reflection>\n{LIST}",
        f"[THINK]{THOUGHT}[/THINK][THINK]1. Sing.[/THINK]\n{LIST}",
        f'<answer format="list">\n{LIST}\n</answer>',
        f"[/INST] {LIST} </s><s>",
        f"{LIST} </s>",
        f"1. {A}\n> Expected output: a short text\n2. {B}\n> Expected output: hours\n3. {C}\n> Expected output: text",
        f"1. {A}\n   > Answer: He rose.\n2. {B}\n   > Answer: four hours\n3. {C}\n   > Answer: Sorry.",
        f"1. {A} `[history]`\n2. {B} `[science]`\n3. {C} `[email]`",
        f"1) Task #1 - {A}\n2) Task #2 - {B}\n3) Task #3 - {C}",
        f"- Question 1 – {A}\n- Question 2 – {B}\n- Question 3 – {C}",
        f"&lt;task&gt;{A}&lt;/task&gt;\n&lt;task&gt;{B}&lt;/task&gt;\n&lt;task&gt;{C}&lt;/task&gt;",
    ],
)
def test_only_the_tasks_are_read(reply: str) -> None:
    assert tasks(reply) == [task.casefold() for task in (A, B, C)]


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("Spell na&iuml;ve, gar&ccedil;on and Stra&szlig;e.", "Spell naïve, garçon and Straße."),
        ("Explain the sign &#x20AC; to a child.", "Explain the sign € to a child."),
        ("What does `int *p = &sum;` do in C?", "What does `int *p = &sum;` do in C?"),
        ("Escape &eacute; in an HTML page.", "Escape &eacute; in an HTML page."),
    ],
)
def test_entities_of_sentences_are_signs(text: str, task: str) -> None:
    assert tasks(f"1. {text}\n2. {B}") == [task.casefold(), B.casefold()]


def test_a_quotation_below_a_task_is_its_data() -> None:
    below = "Say who wrote the line below.\n> To be, or not to be"
    assert tasks(f"1. {below}\n2. {B}") == [" ".join(below.split()).casefold(), B.casefold()]


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("Answer: No, because any story will do.", "no"),
        ("Classification: No. Many answers are possible.", "no"),
        ("Result - yes, since there are two groups.", "yes"),
        ("My answer is yes.", "yes"),
    ],
)
def test_a_label_may_have_its_name_before_it_and_a_reason_behind(words: str, label: str) -> None:
    assert read_case("labels", {"instructions": ["Sort the nuts."], "reply": words}) == [(1, label)]


POEM = "Write a haiku about fog."
WORD = "Translate the word into Spanish."


@pytest.mark.parametrize(
    ("task", "reply", "found"),
    [
        (POEM, "Output: Input: None\nOutput: Fog on the lake", [("", "fog on the lake")]),
        (WORD, "Output: Input: a\nOutput: b\n\nOutput: Input: c\nOutput: d", [("a", "b"), ("c", "d")]),
        (WORD, '[{"output": "Input: bread Output: pan"}]', [("bread", "pan")]),
        (POEM, "Output: Fog on the lake\nTask: Name a river.\nOutput: The Rhine", [("", "fog on the lake")]),
        (WORD, "Input: bread\nOutput: pan\nInstruction: Name a colour.\nOutput: red", [("bread", "pan")]),
        ("Plan it.", "Output: Fence\nTask: Paint\nOwner: Kim", [("", "fence Task: Paint Owner: Kim")]),
        (POEM, "Sure! Here is the haiku:\n\nOutput: Fog on the lake\n\nHope you like it!", [("", "fog on the lake")]),
        (WORD, "Input: bread\nOutput: pan\n\nEnjoy!", [("bread", "pan")]),
        (WORD, '{"1": {"input": "bread<|im_end|>", "output": "pan<|endoftext|>"}}', [("bread", "pan")]),
    ],
)  # fmt: skip
def test_examples_are_read_without_what_frames_them(task: str, reply: str, found: list[Any]) -> None:
    assert examples(task, reply) == found


def test_an_output_that_speaks_of_an_input_stays_whole() -> None:
    ((given, output),) = examples("Describe input().", "Output: Input: the function reads a line. It waits.")
    assert (given, "reads a line. It waits." in output) == ("", True)
