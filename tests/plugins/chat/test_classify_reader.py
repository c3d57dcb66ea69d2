"""The question which tasks are classification tasks, and the reader of its many answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import TASK_FACTS, Instruction, Label, Reply, Request
from selfinstruct_chat.prompts.classify import LONGEST, SYSTEM, ChatClassifyEncoder, ChatClassifyOptions, one_line
from selfinstruct_chat.readers.classification import ChatLabelsReader

TASKS = (
    "Name a river.",
    "Classify the mail as spam or not.",
    "Answer yes or no: is the sky blue?",
    "Tell if it rains. Answer yes or no.",
)


def labels(text: str, tasks: tuple[str, ...] = TASKS, finish: Any = "stop") -> list[Label]:
    subjects = tuple(Instruction(str(at), task) for at, task in enumerate(tasks, 1))
    return list(ChatLabelsReader().process(Request("classify", 0, (), subjects=subjects), Reply(text, finish)))


def read(text: str, tasks: tuple[str, ...] = TASKS, finish: Any = "stop") -> str:
    """`1y 2n 3?`: what is read of each task."""
    sign = {"yes": "y", "no": "n", "unknown": "?"}
    return " ".join(label.subject + sign[label.text] for label in labels(text, tasks, finish))


# --- the prompt -------------------------------------------------------------------------------------------------------


def test_the_prompt() -> None:
    encoder = ChatClassifyEncoder(ChatClassifyOptions())
    system, user = encoder.encode((), [Instruction("a", "Name a\n  river."), Instruction("b", "Spam?")])
    assert (system.role, system.text, user.role) == ("system", SYSTEM, "user")
    assert user.text == "Tasks:\n1. Name a river.\n2. Spam?\n\nAnswer yes or no for each, numbered 1 to 2."
    assert encoder.encode((), [Instruction("c", "Other.")])[0] == system
    assert encoder.encode((), [Instruction("c", "Other.")])[1].text.endswith("Answer yes or no for task 1.")
    assert len(SYSTEM.split()) < 100
    assert (encoder.sampling.temperature, encoder.sampling.max_tokens) == (0.0, 600)


def test_a_long_task_shows_both_ends() -> None:
    text = "Judge the report. " + "It goes on and on. " * 60 + "Is it good or bad?"
    line = one_line(text)
    assert len(line) <= LONGEST + 5
    assert line.startswith("Judge the report. It goes")
    assert line.endswith("Is it good or bad?")
    assert one_line("word\n" * 5) == "word word word word word"
    assert len(one_line("x" * 1000)) <= LONGEST + 5


# --- the reader -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("1. yes\n2. No\n3. YES.\n4. no", "1y 2n 3y 4n"),
        ("1. yes\n2) No\n3: classification\n**4.** Yes", "1y 2n 3y 4y"),
        ("Task 4: no\nTask 1: Yes.", "1y 4n"),
        ("4. no\n2. yes", "2y 4n"),
        ("1. not classification\n2. classification task\n3. Non-classification\n4. No classification", "1n 2y 3n 4n"),
        ("1-yes, 2-no, 3-no", "1y 2n 3n"),
        ("1: yes; 2: no", "1y 2n"),
        ("1) yes 2) no 3) yes 4) no", "1y 2n 3y 4n"),
        ("1 yes\n2 no", "1y 2n"),
        ("#1 no\n#2 yes", "1n 2y"),
        ("- 1: Yes\n- 2: No", "1y 2n"),
        ("| 1 | no |\n| 2 | **yes** |", "1n 2y"),
        ("1️⃣ yes\n2️⃣ no", "1y 2n"),
        ('1. "No"\n2. `yes`', "1n 2y"),
        ("Task 1 – no\nTask 2 → yes", "1n 2y"),
        ("Yes: 2, 3 and 4\nNo: 1", "1n 2y 3y 4y"),
        ("yes\nno\nno\nyes", "1y 2n 3n 4y"),
        ("- yes\n- no\n- no\n- yes", "1y 2n 3n 4y"),
        ("yes\nno", ""),
        ("1. No, the output is free text.\n2. Yes - spam or not", "1n 2y"),
        ("1. It is not a classification task.\n2. This is a classification task.", "1n 2y"),
        ("1. Non-classification\n2. Classification (spam or not)", "1n 2y"),
        ("Here are the answers:\n\n1. no\n2. yes\n\nLet me know if you have no other tasks!", "1n 2y"),
        ("<think>\n1. yes\n2. yes\n</think>\n1. no\n2. yes", "1n 2y"),
        ("<think>\n1. yes\n2. yes", ""),
        ("1. maybe\n2. it depends", "1? 2?"),
        ("1. yes\n1. no", "1?"),
        ("1. hard to say\n1. no", "1n"),
        ("7. yes\n0. no\n12. no", ""),
        ("The first is no, the rest yes.", ""),
        ("", ""),
    ],
)
def test_forms(reply: str, found: str) -> None:
    assert read(reply) == found
    assert read(reply.replace("\n", "\r\n")) == found


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("1. Name a river. - No\n2. Classify the mail as spam or not. Yes", "1n 2y"),
        ("1. Name a river: no\n2. **Classify the mail as spam or not.** (yes)", "1n 2y"),
        ("**1. Name a river.**\nNo\n\n**2. Classify the mail as spam or not.**\nAnswer: Yes", "1n 2y"),
        ("3. Answer yes or no: is the sky blue? - Yes\n4. Tell if it rains. Answer yes or no.", "3y 4?"),
        ("4. Tell if it rains. Answer yes or no. Yes", "4y"),
        ("4. Tell if it rains. Answer yes or no.\n   no", "4n"),
        ("1. Name some river => no", "1n"),
    ],
)
def test_a_repeated_task_is_no_answer(reply: str, found: str) -> None:
    assert read(reply) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"1": "yes", "2": "no"}, "1y 2n"),
        ({"Task 1": True, "Task 2": False}, "1y 2n"),
        ({"1": {"answer": "No"}, "2": {"is_classification": True}}, "1n 2y"),
        ([{"task": 1, "answer": "no"}, {"task": "Task 2", "answer": "Yes"}], "1n 2y"),
        ({"answers": [{"id": 2, "label": "yes"}, {"id": 1, "label": "no"}]}, "1n 2y"),
        (["yes", "no", False], "1y 2n 3n"),
        ([{"1": "yes"}, {"2": "no"}], "1y 2n"),
        ({"task": 3, "answer": "no"}, "3n"),
    ],
)
def test_json(value: Any, found: str) -> None:
    assert read(json.dumps(value)) == found
    assert read(f"Sure:\n```json\n{json.dumps(value, indent=2)}\n```") == found


def test_tasks_that_are_sent_back_all_before_their_answers_or_each_before_its_own_are_no_answers() -> None:
    subjects = tuple(Instruction(str(at), text) for at, text in enumerate(TASKS[:3], start=1))
    messages = tuple(ChatClassifyEncoder(ChatClassifyOptions()).encode((), subjects))
    heading, *tasks = messages[-1].text.split("\n")[:4]
    above = "\n".join([heading, *tasks, "", "1. no", "2. yes", "3. no"])
    between = "\n".join([heading, tasks[0], "no", tasks[1], "yes", tasks[2], "no"])
    for said in (above, between):
        found = ChatLabelsReader().process(Request("classify", 0, messages, subjects=subjects), Reply(said, "stop"))
        assert [label.text for label in found] == ["no", "yes", "no"]


def test_json_that_breaks() -> None:
    assert read('{\n "1": "yes",\n "2": "no",\n "3": "y', finish="length") == "1y 2n"


@pytest.mark.parametrize(
    ("reply", "found"),
    [("Yes", "1y"), ("No.", "1n"), ("Answer: **yes**", "1y"), ("1. no", "1n"), ("Name a river.\nNo", "1n"),
     ("It's not a classification task: rivers have many names.", "1n"), ("**No**, because it is open.", "1n"),
     ("Perhaps", "1?"), ("", "")],
)  # fmt: skip
def test_a_single_task_needs_no_number(reply: str, found: str) -> None:
    assert read(reply, TASKS[:1]) == found


def test_the_last_answer_of_a_cut_reply_does_not_count() -> None:
    assert read("1. yes\n2. no\n3. N", finish="length") == "1y 2n"
    assert read("Yes, because", TASKS[:1], finish="length") == "1y"


def test_what_was_said_is_noted() -> None:
    (label,) = labels("2. It depends on the mail")
    assert (label.subject, label.text, label.notes["said"]) == ("2", "unknown", "It depends on the mail")


# --- facts beside the labels


def facts(text: str, count: int = 3) -> str:
    """`1n food easy, 2y`: what is read of each task, with the values of its facts."""
    found = labels(text, TASKS[:count])
    return ", ".join(
        " ".join([label.subject + label.text[0], *label.notes.get("facts", {}).values()])  # type: ignore[union-attr]
        for label in found
    )


FOOD, LAW = "topic: food; difficulty: easy; self_contained: yes", "topic: law; self_contained: no"
MARKED = "Topic = Food | Difficulty: *easy* | Self-contained: Yes"
FOOD_KEYS = '"topic": "food", "difficulty": "easy", "self_contained": "yes"'
LAW_KEYS = '"topic": "Law", "self-contained": false'


@pytest.mark.parametrize(
    "reply",
    [
        f"1. no; {FOOD}\n2. yes; {LAW}\n3. no",
        f"1) **No** | {MARKED}\n2) Yes (topic: law, self contained: no)\n3) no",
        "\n".join(["1. no", *FOOD.split("; "), "2. yes", "- topic: law", "- self_contained: no", "3. no"]),
        f"1. {FOOD}; no\n2. {LAW}; yes\n3. no",
        f'{{"1": {{"classification": "no", {FOOD_KEYS}}}, "2": {{"label": "yes", {LAW_KEYS}}}, "3": "no"}}',
        f'[{{"task": 1, "answer": "no", {FOOD_KEYS}}}, {{"task": 2, "answer": "yes", {LAW_KEYS}}}, "no"]',
    ],
)  # fmt: skip
def test_facts_are_read_beside_the_labels(reply: str) -> None:
    assert facts(reply) == "1n food easy yes, 2y law no, 3n"


def test_a_value_that_no_fact_has_is_not_noted_and_changes_no_label() -> None:
    assert facts("1. yes; topic: cookery; difficulty: easy; harm: no\n2. no; harm: yes") == "1y easy, 2n"
    assert facts('{"classification": "yes", "topic": "food", "harm": "perhaps"}', 1) == "1y food"


def test_the_prompt_with_facts_names_every_value() -> None:
    encoder = ChatClassifyEncoder(ChatClassifyOptions()).with_facts(["topic", "harm", "topic"])
    subjects = [Instruction("a", "Name a river."), Instruction("b", "Spam?")]
    system, user = encoder.encode((), subjects)
    assert all(value in system.text for value in (*TASK_FACTS["topic"], *TASK_FACTS["harm"]))
    assert "difficulty" not in system.text
    assert system.text.endswith("Example: 7. no; topic: mathematics; harm: none")
    assert user.text.endswith("\n\nAnswer yes or no, topic, harm for each, numbered 1 to 2.")
    assert encoder.schema((), subjects) is None
    with_schema = encoder.with_schema()
    assert with_schema is not None
    assert with_schema.encode((), subjects)[1] == user
    own = ChatClassifyEncoder(ChatClassifyOptions.model_construct(system="Mine."), as_json=True).with_facts(["harm"])
    assert own.encode((), subjects)[0].text.startswith("Mine. Beside that, find these facts about each task. harm:")


PIECES = [
    "1",
    "2",
    ".",
    ")",
    " yes",
    " no",
    "\n",
    "**",
    "{",
    '"',
    ":",
    "}",
    "[",
    "]",
    ",",
    "Task ",
    "Yes: ",
    " or ",
    "-",
    "|",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(), st.sampled_from(["stop", "length"]))
def test_any_text_gives_at_most_one_label_each(text: str, finish: Any) -> None:
    found = labels(text, finish=finish)
    assert len({label.subject for label in found}) == len(found)
    assert {label.text for label in found} <= {"yes", "no", "unknown"}
    json.dumps([dict(label.notes) for label in found])


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.randoms())
def test_the_form_asked_for_is_read_in_any_order(answers: list[bool], rng: Any) -> None:
    tasks = tuple(f"Task no. {at}: yes or no?" for at in range(len(answers)))
    lines = [f"{at}. {'yes' if answer else 'no'}" for at, answer in enumerate(answers, 1)]
    rng.shuffle(lines)
    assert [label.text == "yes" for label in labels("\n".join(lines), tasks)] == answers


def test_a_long_text_is_read_in_time() -> None:
    for text in (
        "1" * 20_000,
        "1. " + "*" * 20_000,
        "1. " + "no" * 9_000,
        " " * 20_000,
        "Yes: " + "1" * 9_000,
        "1-yes, " * 5_000,
        "1. " + "topic: food; " * 2_000,
        "1. " + " ; " * 9_000 + "topic",
    ):
        labels(text)
