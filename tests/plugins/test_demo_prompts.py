"""How the demo backend parses and answers each form of prompt."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.prompt import MAX_ITEMS, ParsedPrompt, read_prompt
from selfinstruct_demo.reply import TALK, reply_to
from selfinstruct_demo.tasks import recognise
from tests.plugins.demo_options import faultless

SHOWN = [f"Do the thing number {number} with 5 new tasks." for number in range(1, 9)]
PAPER = "".join(f"{number}. {text}\n" for number, text in enumerate(SHOWN, 1)) + "9."
TASKS = "Come up with a series of tasks:\n" + PAPER
CLASSES = (
    "Come up with a series of classification tasks. Try to specify the possible output labels when possible.\n" + PAPER
)
IS_IT = (
    "Can the following task be regarded as a classification task with finite output labels?\n\n"
    "Task: Name a bird.\nIs it classification? No\n\nTask: {}\nIs it classification?"
)
INPUT_FIRST = "Come up with examples for the following tasks.\n\nTask: Name a bird.\nOutput: Wren.\n\nTask: {}"
OUTPUT_FIRST = (
    "Given the task, generate an input for each label.\n\nTask: Spam?\nClass label: Yes\nMail: Buy!\n\nTask: {}"
)


def say(*texts: str) -> str:
    roles = ["human"] if len(texts) == 1 else ["system", "human"]
    return reply_to(list(zip(roles, texts, strict=True)), faultless()).text


def numbered(text: str) -> dict[int, str]:
    return {int(n): task for n, task in re.findall(r"^(\d+)\. (.+)$", text, re.MULTILINE)}


def test_the_list_of_the_paper_is_continued_to_16() -> None:
    ask = read_prompt([("human", TASKS)])
    assert ask == ParsedPrompt("generate", paper=True, count=8, first=9, examples=tuple(SHOWN))
    said = say(TASKS)
    assert said.startswith(" ")
    assert list(numbered("9." + said)) == list(range(9, 17))


def test_the_classification_header_of_the_paper_gives_classification_tasks() -> None:
    tasks = numbered("9." + say(CLASSES))
    assert len(tasks) == 8
    assert all(known.labels for task in tasks.values() if (known := recognise(task)))


def test_a_review_has_three_answers_for_each_example() -> None:
    examples = [
        {"number": 1, "instruction": "Give the total of 3, 4, 5.", "input": "", "output": "12"},
        {"number": 2, "instruction": "Give the total of 3, 4, 5.", "input": "", "output": "13"},
        {"number": 3, "instruction": "Hello.", "input": "", "output": ""},
    ]
    lines = [json.dumps(example) for example in examples]
    said = numbered(say("You review examples.", "\n".join(["Examples:", *lines, "", "Review each."])))
    assert list(said) == [1, 2, 3]
    answers = [text.partition(" - ")[0].split("/") for text in said.values()]
    assert all(len(three) == 3 and {*three} <= {"yes", "no"} for three in answers)
    assert [three[2] for three in answers] == ["yes", "no", "no"], "a sum can be checked"


def test_a_chat_prompt_gets_the_requested_number_of_tasks() -> None:
    examples = "\n".join(f"{number}. {text}" for number, text in enumerate(SHOWN, 1))
    said = say("You write tasks.", f"Examples:\n{examples}\n\nWrite 11 new tasks, numbered 1 to 11.")
    assert list(numbered(said)) == list(range(1, 12))


@pytest.mark.parametrize(
    ("system", "user", "count"),
    [
        ("Write 12 new tasks.", "1. Name a bird.\n2. Name a fish.", 12),
        ("You write tasks.", "1. Name a bird.\n2. Give 3 new tasks to a cook.", 8),
        ("Here are 6 tasks.", "1. Name a bird.\n\nNow five more instructions please.", 5),
        ("You see 6 tasks; write 10 new ones.", "1. Name a bird.", 10),
        ("You write tasks.", "Write 1 new task, numbered 1.", 1),
        ("You write tasks.", "Write 999999 new tasks.", MAX_ITEMS),
        ("You write tasks.", "Write 0 new tasks.", 1),
        ("You are shown 4 examples.", "1. Name a bird.\n2. Name a fish.", 8),
    ],
)
def test_the_requested_number_is_found_anywhere_in_a_prompt(system: str, user: str, count: int) -> None:
    ask = read_prompt([("system", system), ("human", user)])
    assert (ask.kind, ask.count, ask.paper) == ("generate", count, False)


def test_an_example_may_have_several_lines() -> None:
    ask = read_prompt([("human", "Look:\n1. Name a bird.\nIt sings.\n2) Sort:\n  b, a\n\nWrite 2 new tasks.")])
    assert ask.examples == ("Name a bird.\nIt sings.", "Sort:\nb, a")


def test_a_list_may_start_at_any_number() -> None:
    assert list(numbered(say("You write tasks.", "1. Name a bird.\n\nWrite 3 new tasks, numbered from 7."))) == [
        7,
        8,
        9,
    ]


def test_two_prompts_give_different_tasks() -> None:
    assert not set(numbered(say("a", "Write 9 new tasks.")).values()) & set(
        numbered(say("b", "Write 9 new tasks.")).values()
    )


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("Classify the mail as spam or not.", " Yes"),
        ('Tag the mail as "kind", "rude" or "odd".', " Yes"),
        ("Write a poem.\nIt must rhyme.", " No"),
    ],
)
def test_the_classification_question_of_the_paper_is_answered(task: str, said: str) -> None:
    assert say(IS_IT.format(task)) == said


def test_the_classification_question_of_the_chat_recipe_is_answered() -> None:
    system = "Say for each task whether it is a classification task: answer yes or no per number."
    assert say(system, "1. Write a poem.\n2. Classify the mail as spam or not.") == "1. no\n2. yes"


def test_generated_classification_tasks_are_recognised() -> None:
    tasks = [task for n in range(40) for task in numbered(say(f"{n}", "Write 8 new classification tasks.")).values()]
    assert all(say(IS_IT.format(task)) == " Yes" for task in tasks)


@pytest.mark.parametrize(
    ("task", "output"),
    [
        ("Compute the mean of 10, 20, 40, 50, rounded to two decimals.", "30"),
        ("Sort alphabetically: rice, bean, jam.", "bean, jam, rice"),
        ("Give the total of 3, 4, 5.", "12"),
        ("Sort these numbers from largest to smallest: 30, 4, 112.", "112, 30, 4"),
        ("Convert from centimetres to metres: 350, 7.", "3.5, 0.07"),
        ('How many words does "Nobody had expected fog." have?', "4"),
        ("Which weekdays are 29 November 2026, 1 January 2024?", "Sunday, Monday"),
        ("Write as one JSON object: plum 3, fig 4.", '{"plum": 3, "fig": 4}'),
        ("A queue has Vera behind Uma, Uma behind Zeno. List it from the front.", "Zeno, Uma, Vera"),
        ("Who sells tea cheapest by the piece, in euros: Uma 4 for 12, Zeno 2 for 5?", "Zeno"),
        ("Evaluate sum([1, 20, 300, 4000][1:3]).", "320"),
        ("Deal 31 cards evenly to Uma, Vera, Zeno; how many remain?", "10 each, 1 left over"),
        ("True or false: the sum of 3, 4 is above 7.", "false"),
    ],
)
def test_computable_tasks_get_the_right_answer(task: str, output: str) -> None:
    assert say(INPUT_FIRST.format(task)) == f"Output: {output}"


def test_a_task_that_takes_input_gets_numbered_examples() -> None:
    said = say(INPUT_FIRST.format("Convert the given CSV on tea, plum to JSON."))
    assert re.fullmatch(r"(Example \d\nInput: item,shelf,count\n(.+,\d+,\d+\n)+Output: \[.+\](\n\n)?){2,3}", said)


def test_output_first_instances_have_every_label() -> None:
    said = say(OUTPUT_FIRST.format('Label each note on fog as "clear", "cloudy" or "stormy".'))
    assert re.findall(r"^Class label: (.+)$", said, re.MULTILINE) == ["clear", "cloudy", "stormy"]
    assert "Class label: negative" in say(OUTPUT_FIRST.format("Is the mood positive, mixed or negative?"))
    said = say(
        OUTPUT_FIRST.format(
            'Classify the given load of tea, plum: below 30 kg "light", above 90 kg "heavy", else "normal".'
        )
    )
    assert re.findall(r"^Class label: (.+)\n.* \d+ kg\.$", said, re.MULTILINE) == ["light", "normal", "heavy"]


def test_a_task_from_elsewhere_gets_an_output() -> None:
    said = say(INPUT_FIRST.format("Suggest a better and more professional rephrasing."))
    assert re.fullmatch(r"Output: .{20,}", said)


def test_an_unknown_prompt_gets_a_short_notice() -> None:
    assert say("Hello") == TALK
    assert say("") == TALK


@given(st.lists(st.tuples(st.sampled_from(["system", "human", "ai", "tool"]), st.text()), max_size=4), st.integers())
def test_every_prompt_gets_a_reply(turns: list[tuple[str, str]], seed: int) -> None:
    options = DemoOptions(seed=seed)
    assert reply_to(turns, options) == reply_to(turns, options)


@given(
    st.sampled_from([TASKS, IS_IT, INPUT_FIRST, OUTPUT_FIRST, "1. {}\n2. a\n{} new tasks", "{}\nTask: {}"]),
    st.text(alphabet=st.characters(codec="utf-8")),
)
def test_every_task_in_a_known_prompt_gets_a_reply(prompt: str, text: str) -> None:
    assert reply_to([("human", prompt.replace("{}", text))], faultless()).text


BLOCKS = "Write {} examples, in this form:\n\n<<{}>>\nfirst\n<<{}>>\nsecond\n\nNothing else."


@pytest.mark.parametrize(("words", "count"), [("up to 3", 3), ("two", 2), ("some", 1), ("up to 5 worked", 5)])
def test_the_instances_prompt_of_the_chat_recipe_is_parsed(words: str, count: int) -> None:
    task = "Write a note.\n\nTask: it must rhyme."
    for first, second in (("INPUT", "OUTPUT"), ("OUTPUT", "INPUT")):
        turns = [("system", BLOCKS.format(words, first, second)), ("human", f"Task:\n{task}\n\nWrite the examples.")]
        labels = first == "OUTPUT"
        assert read_prompt(turns) == ParsedPrompt(
            "instances", count=count, subjects=(task,), labels=labels, blocks=True
        )


def test_instances_are_written_in_the_chat_form() -> None:
    task = "Task:\nConvert the given CSV on tea, plum to JSON."
    said = say(BLOCKS.format("up to 3", "INPUT", "OUTPUT"), task)
    assert re.fullmatch(r"(<<INPUT>>\nitem,shelf,count\n(.+\n)+<<OUTPUT>>\n\[.+\](\n\n)?){2,3}", said)
    said = say(BLOCKS.format("up to 2", "OUTPUT", "INPUT"), 'Task:\nTag the mail as "kind", "rude" or "odd".')
    assert re.findall(r"<<OUTPUT>>\n(.+)\n<<INPUT>>\n.{20,}", said) == ["kind", "rude"]
    assert say(BLOCKS.format("up to 2", "INPUT", "OUTPUT"), "Task: Name a bird.").startswith("<<OUTPUT>>\n")


def test_code_is_written_in_a_code_block() -> None:
    task = "Task:\nDefine baker_price(item) in Python: plum 3, fig 4, otherwise 0."
    said = say(BLOCKS.format("up to 3", "INPUT", "OUTPUT"), task)
    code = re.fullmatch(r"<<OUTPUT>>\n```python\n(.+)\n```", said, re.DOTALL)
    assert code
    names: dict[str, Any] = {}
    exec(code[1], names)
    assert [names["baker_price"](item) for item in ("plum", "fig", "tea")] == [3, 4, 0]
